/**
 * Masks single values as the masker does in their columns: what the workload says of models, channels and exceptions has to
 * be what stands in the rows, and nothing that was masked there may come out here.
 */
import { decodeRow, encodeRow } from '../copy-text.ts'
import type { Masker } from '../mask/masker.ts'

/** Columns of `queue_job` whose values the workload repeats. */
export type NameColumn = 'model_name' | 'method_name' | 'channel' | 'exc_name'

export interface ValueMasks {
  name(column: NameColumn, value: string): string
  text(value: string): string
  companyId(id: number): number
}

/** Null = everything as it is. */
export function valueMasks(masker: Masker | null): ValueMasks {
  if (masker === null) {
    return { name: (_, value) => value, text: (value) => value, companyId: (id) => id }
  }
  const ofColumn = (name: NameColumn) => {
    const mask = masker.rows('queue_job', [{ name, type: 'varchar' }])
    return (value: string) =>
      decodeRow(
        mask(Buffer.from(encodeRow([value])))
          .toString()
          .slice(0, -1),
      )[0]!
  }
  const masks: Readonly<Record<NameColumn, (value: string) => string>> = {
    model_name: ofColumn('model_name'),
    method_name: ofColumn('method_name'),
    channel: ofColumn('channel'),
    exc_name: ofColumn('exc_name'),
  }
  return {
    name: (column, value) => masks[column](value),
    text: (value) => masker.text(value),
    companyId: (id) => masker.companyId(id),
  }
}

/** A channel text with the names as in the rows; entries may leave out `root.`. */
export function maskChannelText(text: string, masks: ValueMasks): string {
  return text
    .split(',')
    .map((entry) => {
      const [name = '', ...rest] = entry.split(':')
      return [masks.name('channel', name), ...rest].join(':')
    })
    .join(',')
}
