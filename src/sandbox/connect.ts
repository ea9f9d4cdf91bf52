/**
 * The harness's own connections. They see the real clock, UTC and plain texts, whatever the machine's environment,
 * and when the server goes away they say so in one sentence instead of raising an unhandled event.
 */
import type { ConnectionOptions } from 'node:tls'
import { Client, DatabaseError, types } from 'pg'
import { DrillError, messageOf } from '../foundation/errors.ts'

/** Address of a server; a host that begins with `/` is the directory of its Unix socket. */
export interface Address {
  readonly host: string
  readonly port: number
  readonly ssl: boolean | ConnectionOptions
}

export interface Login {
  readonly user: string
  readonly password: string | undefined
  readonly database: string
}

/** Whatever a given server sets for its users, the harness works like this. */
const SESSION_SETTINGS = {
  timezone: 'UTC',
  datestyle: 'ISO',
  search_path: 'public',
  client_min_messages: 'warning',
  statement_timeout: '0',
  lock_timeout: '0',
  idle_in_transaction_session_timeout: '0',
  default_transaction_read_only: 'off',
}

/** Oids of `date`, `timestamp` and their arrays, and what to read them as: 25 is `text`, 1009 `text[]`. */
const READ_AS: Readonly<Record<number, number>> = { 1082: 25, 1114: 25, 1115: 1009, 1182: 1009 }

/**
 * `timestamp` and `date` arrive as the text that PostgreSQL prints (`2026-11-02 09:00:00.123456`), which holds UTC
 * here: node-postgres would read them in the machine's zone and cut microseconds. `parsePgTimestamp` and
 * `formatPgTimestamp` of `foundation/time.ts` translate; a `Date` must never be passed as a parameter for such a
 * column. `timestamptz` arrives as `Date`, which is unambiguous.
 */
const getTypeParser = (oid: number, format?: string): unknown =>
  parserOf(READ_AS[oid] ?? oid, format)

/** node-postgres types this by an enumeration of the oids that it knows. */
const parserOf = types.getTypeParser as (oid: number, format?: string) => unknown

/**
 * Opens a connection. `lost` words the error when the server goes away while it is in use; every query that fails for
 * that reason rejects with it (DrillError `harness`), all others with what PostgreSQL said.
 * Throws whatever `pg` throws when the connection cannot be made.
 */
export async function connect(
  address: Address,
  login: Login,
  lost: (detail: string) => DrillError,
): Promise<Client> {
  const client = new Client({
    host: address.host,
    port: address.port,
    ssl: address.ssl,
    ...login,
    application_name: 'queue-drill',
    options: Object.entries(SESSION_SETTINGS)
      .map(([name, value]) => `-c ${name}=${value}`)
      .join(' '),
    keepAlive: true,
    connectionTimeoutMillis: 15_000,
    types: { getTypeParser },
  })
  // Without a listener a connection that breaks while idle would end the process; the next query tells it.
  let brokenBy: unknown = null
  client.on('error', (error) => (brokenBy ??= error))
  const query = client.query.bind(client) as (...parameters: unknown[]) => unknown
  client.query = ((...parameters: unknown[]) => {
    const result = query(...parameters)
    if (!(result instanceof Promise)) return result
    return result.catch((error: unknown) => {
      throw explain(error, brokenBy, lost)
    })
  }) as typeof client.query
  await client.connect()
  return client
}

/** Whether an error means that the server or the connection to it is gone, rather than that a statement failed. */
export function isConnectionLoss(error: unknown): boolean {
  if (error instanceof DatabaseError) {
    return error.severity === 'FATAL' || error.severity === 'PANIC' || isGroundLost(error)
  }
  if (!(error instanceof Error)) return false
  const code = (error as NodeJS.ErrnoException).code
  if (code !== undefined) return CONNECTION_ERRORS.has(code)
  return /^Connection terminated|connection error and is not queryable/.test(error.message)
}

/**
 * A session outlives a killed server by a moment, in which its files may be gone already. 58: an error of the system
 * under the database; XX001: a page that cannot be read.
 */
function isGroundLost({ code = '' }: DatabaseError): boolean {
  return code.startsWith('58') || code === 'XX001'
}

const CONNECTION_ERRORS = new Set(['ECONNRESET', 'ECONNREFUSED', 'EPIPE', 'ENOENT', 'ETIMEDOUT'])

function explain(error: unknown, brokenBy: unknown, lost: (detail: string) => DrillError): unknown {
  // 53100: no space left on the device. Not a fault of the statement either.
  if (error instanceof DatabaseError && error.code === '53100') {
    return new DrillError(
      'harness',
      `the disk of the sandbox's PostgreSQL is full: ${error.message}`,
      { cause: error },
    )
  }
  if (!isConnectionLoss(error)) return error
  return lost(messageOf(brokenBy ?? error))
}
