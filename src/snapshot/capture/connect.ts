/** The connection to the database that is captured: as `pg` reads the URL, its TLS parameters and `PG*` included. */
import { Client, DatabaseError } from 'pg'
import { DrillError, messageOf } from '../../foundation/errors.ts'
import { SECOND } from '../../foundation/time.ts'
import { APPLICATION_NAME } from './transaction.ts'

const CONNECT_MS = 15 * SECOND

/** Throws DrillError: `input` for a URL or a login that is wrong, `harness` for a server that cannot be reached. */
export async function connectSource(url: string): Promise<Client> {
  const client = clientOf(url)
  // Without a listener a connection that breaks would end the process; whoever waits for a statement hears of it.
  client.on('error', () => undefined)
  try {
    await client.connect()
  } catch (error) {
    // 57P03: starting up or shutting down; 53300: too many clients. All else a server says is about the URL.
    const busy =
      error instanceof DatabaseError && (error.code === '57P03' || error.code === '53300')
    const code = error instanceof DatabaseError && !busy ? 'input' : 'harness'
    const { host, port, database, user } = client
    throw new DrillError(
      code,
      `cannot log in to the database "${database}" at ${host}:${port} as "${user}": ${messageOf(error)}`,
      { cause: error },
    )
  }
  return client
}

function clientOf(url: string): Client {
  try {
    if (!/^postgres(ql)?:\/\//.test(url)) throw new Error('it does not begin with postgresql://')
    return new Client({
      connectionString: url,
      application_name: APPLICATION_NAME,
      keepAlive: true,
      connectionTimeoutMillis: CONNECT_MS,
    })
  } catch (error) {
    // The URL itself may hold a password: it is not repeated.
    throw new DrillError(
      'input',
      `the URL of --from cannot be read (${messageOf(error)}): write postgresql://user@host:5432/database`,
      { cause: error },
    )
  }
}
