/**
 * Streams a snapshot into PostgreSQL: gzip → checks → COPY, one transaction, all or nothing, constant memory. Tables are
 * filled before keys and indexes exist, and frozen, because nobody else can see them yet. Trigger, rights, audit and the
 * planner's statistics are the sandbox's work and come afterwards.
 */
import { DatabaseError, escapeIdentifier } from 'pg'
import type { Client } from 'pg'
import { from as copyFrom } from 'pg-copy-streams'
import { join } from 'node:path'
import { DrillError, messageOf } from '../foundation/errors.ts'
import { createConstraints, createTables } from '../queue-job/ddl.ts'
import type { TableName } from '../queue-job/series.ts'
import { checkDataFile, pipeDataFile } from './data-file.ts'
import { schemaOfManifest, tablesOf } from './format.ts'
import type { ManifestFile } from './format.ts'
import type { Snapshot } from './open.ts'

/** SQLSTATE classes that the data is to blame for: 22 = bad values, 23 = broken keys, 54 = too large for an index. */
const DATA_CLASSES = ['22', '23', '54']

export interface LoadOptions {
  /** Rows of `queue_job` that are in, after each file. */
  readonly onProgress?: (rows: number, ofRows: number) => void
}

/**
 * Creates the tables in the client's search path and fills them. Throws DrillError `input` that names the file if the
 * snapshot is damaged or PostgreSQL refuses its data, `harness` if the server fails; either way nothing stays.
 */
export async function loadSnapshot(
  snapshot: Pick<Snapshot, 'directory' | 'manifest'>,
  client: Client,
  { onProgress }: LoadOptions = {},
): Promise<void> {
  const { manifest } = snapshot
  const schema = schemaOfManifest(manifest)
  await client.query('begin')
  try {
    await client.query(createTables(schema))
    let rows = 0
    for (const { name, columns, files } of tablesOf(manifest)) {
      for (const file of files) {
        await copyFile(snapshot.directory, name, columns, file, client)
        if (name !== 'queue_job') continue
        rows += file.rows
        onProgress?.(rows, manifest.tables.queue_job.rows)
      }
    }
    await client.query(createConstraints(schema))
    await client.query('commit')
  } catch (error) {
    await rollback(client, error)
    throw isDataError(error)
      ? refused(snapshot.directory, error)
      : error instanceof DrillError
        ? error
        : serverFailed(error)
  }
}

async function copyFile(
  directory: string,
  table: TableName,
  columns: readonly string[],
  file: ManifestFile,
  client: Client,
): Promise<void> {
  await checkDataFile(directory, file)
  const names = columns.map(escapeIdentifier).join(', ')
  const copy = client.query(
    copyFrom(`copy ${table} (${names}) from stdin with (format text, freeze, encoding 'utf8')`),
  )
  try {
    await pipeDataFile(directory, file, copy)
  } catch (error) {
    if (!isDataError(error)) throw error
    throw refused(join(directory, file.name), error)
  }
  // A line `\.` ends a COPY early and silently.
  if (copy.rowCount !== file.rows) {
    throw new DrillError(
      'input',
      `${join(directory, file.name)}: PostgreSQL took ${copy.rowCount} of ${file.rows} rows, as if a line "\\." ` +
        'stood in the file. Export the table again without it.',
    )
  }
}

/** Leaves the connection usable; when it is gone there is nothing to roll back, and the first error tells why. */
async function rollback(client: Client, error: unknown): Promise<void> {
  try {
    await client.query('rollback')
  } catch (rollbackError) {
    if (error instanceof DrillError) throw error
    throw serverFailed(new AggregateError([error, rollbackError], messageOf(error)))
  }
}

function isDataError(error: unknown): error is DatabaseError {
  return error instanceof DatabaseError && DATA_CLASSES.includes(error.code?.slice(0, 2) ?? '')
}

function refused(where: string, error: DatabaseError): DrillError {
  const place = error.where === undefined ? '' : ` (${error.where})`
  const detail = error.detail === undefined ? '' : `: ${error.detail}`
  return new DrillError(
    'input',
    `${where}: PostgreSQL refuses the data: ${error.message}${detail}${place}. ` +
      'Correct the export and its manifest; docs/snapshots.md tells what the columns hold.',
    { cause: error },
  )
}

function serverFailed(error: unknown): DrillError {
  return new DrillError(
    'harness',
    `the snapshot could not be loaded, PostgreSQL failed: ${messageOf(error)}`,
    { cause: error },
  )
}
