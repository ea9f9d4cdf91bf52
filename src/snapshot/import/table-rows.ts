/** The rows of one table on their way from a file into PostgreSQL, whatever the file was: COPY text. */
import { DrillError } from '../../foundation/errors.ts'
import { TABLE_NAMES } from '../../queue-job/series.ts'

/**
 * Bytes of one row. Jobs carry documents in their arguments, so megabytes are real; what is longer is no job, and a
 * quote that is never closed must not fill the memory.
 */
export const ROW_BYTES_MAX = 64 * 1024 * 1024

/** The tables of the queue, and that in which Odoo notes the versions of its modules: it tells the series. */
export const IMPORTED_TABLES = [...TABLE_NAMES, 'ir_module_module'] as const
export type ImportedTable = (typeof IMPORTED_TABLES)[number]

export interface TableRows {
  readonly table: ImportedTable
  /** In the order of the fields. */
  readonly columns: readonly string[]
  /** Column → type (`column-types.ts`), as the source says it; null = the source does not tell. */
  readonly types: ReadonlyMap<string, string> | null
  /** Name of the source in errors. */
  readonly where: string
  /** As PostgreSQL names it: what the bytes are in. */
  readonly encoding: string
  /** To be read to their end, once. */
  readonly chunks: AsyncIterable<Buffer>
  /** Line of the source where a row stands, the first row being 1; null = it is no longer known. */
  lineOf(row: number): number | null
}

/** The same sentence for every kind of source. */
export function rowTooLong(where: string, line: number, hint = ''): DrillError {
  return new DrillError(
    'input',
    `${where}, line ${line}: the row that begins here is longer than ${ROW_BYTES_MAX / 1024 / 1024} MiB${hint}. ` +
      'No job is that large: correct the export.',
  )
}
