/**
 * Streams rows into a table of the scratch database. PostgreSQL checks every value; what it refuses is told with the line
 * of the source, without the value itself, which nobody has masked yet.
 */
import { DatabaseError, escapeIdentifier, escapeLiteral } from 'pg'
import type { Client } from 'pg'
import { from as copyFrom } from 'pg-copy-streams'
import { pipeline } from 'node:stream/promises'
import { DrillError, messageOf } from '../../foundation/errors.ts'
import type { TableRows } from './table-rows.ts'

/** SQLSTATE classes that the data is to blame for: 22 = bad values, 23 = broken keys, 54 = too large. */
const DATA_CLASSES = ['22', '23', '54']

/** Large enough that nothing is gained by more. */
const BUFFER_BYTES = 256 * 1024

/** Returns how many rows went in. Throws DrillError `input` for values that do not fit, `harness` if the server fails. */
export async function copyIn(
  client: Client,
  rows: TableRows,
  signal: AbortSignal | undefined,
): Promise<number> {
  const columns = rows.columns.map(escapeIdentifier).join(', ')
  const copy = client.query(
    copyFrom(
      `copy ${rows.table} (${columns}) from stdin with (format text, freeze, encoding ${escapeLiteral(rows.encoding)})`,
      { highWaterMark: BUFFER_BYTES },
    ),
  )
  try {
    await pipeline(rows.chunks, copy, ...(signal === undefined ? [] : [{ signal }]))
  } catch (error) {
    signal?.throwIfAborted()
    throw explain(error, rows)
  }
  return copy.rowCount
}

/** What went wrong in the scratch database, told about the source. DrillErrors stay as they are. */
export function explain(
  error: unknown,
  rows: Pick<TableRows, 'where' | 'table' | 'lineOf'>,
): unknown {
  if (error instanceof DrillError) return error
  if (error instanceof DatabaseError && DATA_CLASSES.includes(error.code?.slice(0, 2) ?? '')) {
    return refused(error, rows)
  }
  const disk = error instanceof DatabaseError && error.code === '53100'
  return new DrillError(
    'harness',
    disk
      ? `the disk of the scratch database is full (${error.message}): point TMPDIR to a directory with more room, or ` +
          'import less of the history'
      : `${rows.where} could not be imported, PostgreSQL failed: ${messageOf(error)}`,
    { cause: error },
  )
}

function refused(
  error: DatabaseError,
  { where, table, lineOf }: Pick<TableRows, 'where' | 'table' | 'lineOf'>,
): DrillError {
  const [, row, column] = /line (\d+)(?:, column ([^:]+))?/.exec(error.where ?? '') ?? []
  const line = row === undefined ? null : lineOf(Number(row))
  const place = [
    line === null ? (row === undefined ? '' : `, row ${row}`) : `, line ${line}`,
    column === undefined ? '' : `, column ${column}`,
  ].join('')
  // A value stands in quotes at the end of the message. Keys alone are told: they are numbers.
  const message = error.message.replace(/: "[^]*$/, '')
  const key = /^Key \([^)]*id\)=\(\d+\)/.exec(error.detail ?? '')?.[0]
  return new DrillError(
    'input',
    `${where}${place}: ${table} cannot take the row: ${message}${key === undefined ? '' : ` (${key})`}. ` +
      'Correct the export, or export it again.',
    { cause: error },
  )
}
