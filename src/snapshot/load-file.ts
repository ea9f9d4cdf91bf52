/** One part file into its table by one COPY. */
import { escapeIdentifier } from 'pg'
import type { Client } from 'pg'
import { from as copyFrom } from 'pg-copy-streams'
import { join } from 'node:path'
import { DrillError } from '../foundation/errors.ts'
import type { TableName } from '../queue-job/series.ts'
import { pipeDataFile } from './data-file.ts'
import type { ManifestFile } from './format.ts'
import { loadError } from './load-errors.ts'

export interface TableFile {
  readonly table: TableName
  /** In the order of the fields. */
  readonly columns: readonly string[]
  readonly file: ManifestFile
}

export interface CopyFileOptions {
  /** Allowed only in the transaction that made the table. */
  readonly freeze: boolean
  /** Aborted: the COPY is given up, its rows are not there, and the AbortError is thrown. */
  readonly signal?: AbortSignal
}

/** Throws DrillError `input` that names the file, or `harness`; the transaction must be rolled back then. */
export async function copyFile(
  directory: string,
  { table, columns, file }: TableFile,
  client: Client,
  { freeze, signal }: CopyFileOptions,
): Promise<void> {
  const path = join(directory, file.name)
  const names = columns.map(escapeIdentifier).join(', ')
  const copy = copyFrom(
    `copy ${table} (${names}) from stdin with (format text, freeze ${freeze}, encoding 'utf8')`,
  )
  try {
    // A connection that is gone fails at once, and not as a promise.
    await pipeDataFile(directory, file, () => client.query(copy), signal)
  } catch (error) {
    if (signal?.aborted === true) throw error
    throw loadError(path, error)
  }
  // A line `\.` ends a COPY early and silently.
  if (copy.rowCount !== file.rows) {
    throw new DrillError(
      'input',
      `${path}: PostgreSQL took ${copy.rowCount} of ${file.rows} rows, as if a line "\\." ` +
        'stood in the file. Export the table again without it.',
    )
  }
}
