/**
 * 13.0 stores only the ids of the records that a job works on (`record_ids`); later versions store the recordset with
 * its model (`records`, reference 1.1 and 1.5). The model of this project knows recordsets: these translate.
 */
import { isTooDeep } from './json-text.ts'

/** `sale.order`, `[1, 2]` → the recordset that later versions would write. */
export function recordsOfIds(modelName: string, recordIds: string | null): string | null {
  if (recordIds === null || recordIds === '') return null
  return `{"_type": "odoo_recordset", "model": ${JSON.stringify(modelName)}, "ids": ${recordIds}}`
}

/** The ids of a recordset as a JSON list; null where the text is none. */
export function idsOfRecords(records: string | null): string | null {
  if (records === null || isTooDeep(records)) return null
  let value: unknown
  try {
    value = JSON.parse(records)
    if (typeof value === 'string') value = isTooDeep(value) ? null : JSON.parse(value)
  } catch {
    // What a job carries is free text to us; without ids it runs on no record.
    return null
  }
  const ids = typeof value === 'object' && value !== null ? (value as { ids?: unknown }).ids : null
  return Array.isArray(ids) ? JSON.stringify(ids) : null
}
