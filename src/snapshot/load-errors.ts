/** What went wrong while loading, in words: the data is to blame (`input`), or the server (`harness`). */
import { DatabaseError } from 'pg'
import { DrillError, messageOf } from '../foundation/errors.ts'

/** SQLSTATE classes that the data is to blame for: 22 = bad values, 23 = broken keys, 54 = too large for an index. */
const DATA_CLASSES = ['22', '23', '54']

/** `where`: the file, or the snapshot where no single file is to blame. */
export function loadError(where: string, error: unknown): DrillError {
  if (error instanceof DrillError) return error
  if (error instanceof DatabaseError && DATA_CLASSES.includes(error.code?.slice(0, 2) ?? '')) {
    return refused(where, error)
  }
  const full = error instanceof DatabaseError && error.code === '53100'
  return new DrillError(
    'harness',
    full
      ? `the snapshot could not be loaded, the disk of PostgreSQL is full (${messageOf(error)}): ` +
          'make room there, or let the sandbox run elsewhere with --postgres'
      : `the snapshot could not be loaded, PostgreSQL failed: ${messageOf(error)}`,
    { cause: error },
  )
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
