/**
 * The one transaction of a capture: it sees one moment of the database, writes nothing, and gives up by itself rather
 * than stand in anybody's way. What the server says against it becomes a sentence that tells what to do.
 */
import { connect as connectSocket } from 'node:net'
import { join } from 'node:path'
import { DatabaseError } from 'pg'
import type { Client } from 'pg'
import { DrillError, messageOf } from '../../foundation/errors.ts'
import { MINUTE, SECOND, formatDuration } from '../../foundation/time.ts'

/** ms; 0 = no limit. */
export interface Timeouts {
  /** Of each statement: the scan of the history, one range of rows. */
  readonly statementMs: number
  /** Waiting for a lock, which only `access exclusive` of others can cause (an update of the module). */
  readonly lockMs: number
  /** Between two statements: the server ends a capture whose harness hangs. */
  readonly idleMs: number
}

export const DEFAULT_TIMEOUTS: Timeouts = {
  statementMs: 15 * MINUTE,
  lockMs: 5 * SECOND,
  idleMs: MINUTE,
}

export const APPLICATION_NAME = 'queue-drill capture'

/** Set for the transaction only, so that a pooler hands the connection on as it was. */
const LOCAL_SETTINGS: Readonly<Record<string, string>> = {
  application_name: APPLICATION_NAME,
  timezone: 'UTC',
  datestyle: 'ISO, YMD',
  // Shortest exact digits from 12 on, all digits before.
  extra_float_digits: '3',
  // One core of production, and no compiling for one scan.
  max_parallel_workers_per_gather: '0',
  jit: 'off',
  // Hash tables are small here (history.ts bounds them) where the planner fears a sort of the whole table on disk.
  enable_sort: 'off',
  work_mem: '1GB',
}

/** Begins the transaction. Returns the time zone that the server gives to sessions of this role in this database. */
export async function beginReading(client: Client, timeouts: Timeouts): Promise<string> {
  const { rows } = await client.query<{ zone: string }>(
    `select current_setting('timezone') as zone`,
  )
  await client.query('begin transaction isolation level repeatable read, read only')
  const settings = {
    ...LOCAL_SETTINGS,
    statement_timeout: `${timeouts.statementMs}ms`,
    lock_timeout: `${timeouts.lockMs}ms`,
    idle_in_transaction_session_timeout: `${timeouts.idleMs}ms`,
  }
  // A server older than a setting does without it.
  await client.query(
    `select set_config(name, wanted.value, true)
       from unnest($1::text[], $2::text[]) as wanted(name, value)
       join pg_settings using (name)`,
    [Object.keys(settings).map(asStored), Object.values(settings)],
  )
  return rows[0]!.zone
}

/** `pg_settings` spells these two in mixed case. */
function asStored(name: string): string {
  if (name === 'timezone') return 'TimeZone'
  return name === 'datestyle' ? 'DateStyle' : name
}

/**
 * Gives the connection up in the middle of a statement: asks the server to stop it, without waiting, and closes the
 * socket. A server that does not hear the request stops at its next row, or at the statement's time limit.
 */
export function abandon(client: Client): void {
  const { host, port, processID, secretKey, connection } = client as unknown as PrivateClient
  const request = Buffer.alloc(16)
  request.writeInt32BE(16, 0)
  request.writeInt32BE(CANCEL_REQUEST, 4)
  request.writeInt32BE(processID ?? 0, 8)
  request.writeInt32BE(secretKey ?? 0, 12)
  const socket = host.startsWith('/')
    ? connectSocket(join(host, `.s.PGSQL.${port}`))
    : connectSocket(port, host)
  socket.unref()
  socket.on('error', () => socket.destroy())
  socket.end(request)
  connection.stream.destroy()
}

const CANCEL_REQUEST = 80_877_102

/** What `pg` keeps and its types leave out. */
interface PrivateClient {
  readonly host: string
  readonly port: number
  readonly processID: number | null
  readonly secretKey: number | null
  readonly connection: { readonly stream: { destroy(): void } }
}

/** SQLSTATE → what it means here, what to do, and whose fault it is. */
function meaningOf(
  code: string | undefined,
  { statementMs, lockMs }: Timeouts,
): readonly ['input' | 'harness', string] | null {
  switch (code) {
    case '42501':
      return ['input', 'grant select to the role of the URL; docs/snapshots.md has the statements']
    case '55P03':
      return [
        'harness',
        `somebody holds the table for more than ${formatDuration(lockMs)} (an update of the module?): try again later, or give --lock-timeout`,
      ]
    case '57014':
      return [
        'harness',
        `a statement took longer than ${formatDuration(statementMs)} or was cancelled: capture from a standby, at a quieter hour, or give --statement-timeout`,
      ]
    case '40001':
    case '40P01':
      return [
        'harness',
        'the standby had to go on with the replay of its primary: try again, or set hot_standby_feedback or a longer max_standby_streaming_delay there',
      ]
    case '53100':
      return ['harness', 'the disk of the server is full']
    default:
      return null
  }
}

/** Any error of a capture as one of ours; our own mistakes stay what they are. */
export function explain(error: unknown, timeouts: Timeouts): unknown {
  if (error instanceof DrillError) return error
  const failed = (code: 'input' | 'harness', text: string) =>
    new DrillError(code, text, { cause: error })
  if (error instanceof DatabaseError) {
    const meaning = meaningOf(error.code, timeouts)
    const text = `the server refused the capture: ${error.message}`
    if (meaning !== null) return failed(meaning[0], `${text}; ${meaning[1]}`)
    const isFatal = error.severity === 'FATAL' || error.severity === 'PANIC'
    if (isFatal || SERVER_CLASSES.has(error.code?.slice(0, 2) ?? '')) return failed('harness', text)
    return error
  }
  if (isLost(error)) {
    return failed(
      'harness',
      `the connection to the server was lost in the middle of the capture (${messageOf(error)}): nothing was written, run it again`,
    )
  }
  return error
}

/** SQLSTATE classes: out of resources, somebody intervened, the system below failed, the server's own mistake. */
const SERVER_CLASSES = new Set(['53', '57', '58', 'XX'])
const SOCKET_ERRORS = new Set(['ECONNRESET', 'ECONNREFUSED', 'EPIPE', 'ETIMEDOUT'])

function isLost(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  const code = (error as NodeJS.ErrnoException).code
  if (code !== undefined) return SOCKET_ERRORS.has(code)
  return /^Connection terminated|connection error and is not queryable|closed the connection/.test(
    error.message,
  )
}
