/** What a load does with columns that differ from those of the snapshot's series. */
import { schemaOf } from '../queue-job/series.ts'
import type { ColumnMapping } from '../queue-job/series.ts'
import { tablesOf } from './format.ts'
import type { Manifest } from './format.ts'

/** Null = the columns are exactly those of the series. */
export function mappingOf({
  odoo_series,
  tables,
}: Pick<Manifest, 'odoo_series' | 'tables'>): ColumnMapping | null {
  const schema = schemaOf(odoo_series, { lock: tables.queue_job_lock !== undefined })
  const missing: [string, readonly string[]][] = []
  const added: [string, Record<string, string>][] = []
  for (const { name, columns, extra = {} } of tablesOf({ tables })) {
    const known = Object.keys(schema.tables[name]!)
    const absent = known.filter((column) => !columns.includes(column))
    if (absent.length > 0) missing.push([name, absent])
    if (Object.keys(extra).length > 0) added.push([name, extra])
  }
  if (missing.length === 0 && added.length === 0) return null
  return { missing: Object.fromEntries(missing), added: Object.fromEntries(added) }
}
