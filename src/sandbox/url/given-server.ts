/**
 * A sandbox on somebody's server: databases and roles with random, marked names, and nothing else touched. The server
 * is asked first whether it can serve at all; what is missing is told in one sentence. A session of ours holds an
 * advisory lock for as long as the sandbox lives, so that another start can tell the dead ones and clear them.
 */
import { type Client, Client as PostgresClient, DatabaseError } from 'pg'
import { DrillError, messageOf } from '../../foundation/errors.ts'
import type { Backend } from '../backend.ts'
import { type Address, connect, type Login } from '../connect.ts'
import { openSandbox } from '../databases.ts'
import { Maker } from '../maker.ts'
import { newSandboxId } from '../names.ts'
import { once, Undo } from '../once.ts'
import type { Server } from '../sandbox.ts'
import { OLDEST_MAJOR, OWNED_PUBLIC_MAJOR } from '../settings.ts'
import { clearDeadSandboxes, lockSandbox } from './dead-sandboxes.ts'
import { openTlsRelay } from './tls-relay.ts'

/** `onProgress` hears of left-overs of earlier runs. Throws `input` for a server that cannot serve, else `harness`. */
export async function openGivenServer(
  url: string,
  onProgress: (line: string) => void = () => undefined,
): Promise<Server> {
  const { address, login } = parseUrl(url)
  const undo = new Undo()
  const client = await reach(address, login)
  undo.add(() => client.end())
  try {
    const { version, superuser, major } = await examine(client, address)
    const maker = new Maker(client, superuser, major)
    const sandboxId = newSandboxId()
    await lockSandbox(client, sandboxId)
    for (const line of await clearDeadSandboxes(maker)) onProgress(line)
    const relay = address.ssl === false ? null : await openTlsRelay(address)
    if (relay !== null) undo.add(() => relay[Symbol.asyncDispose]())
    const backend: Backend = {
      kind: 'url',
      version,
      ownServer: false,
      address,
      gatewayAddress: relay?.address ?? address,
      login,
      lost: (detail) => lostError(address, detail),
      // The closing connection ends the advisory lock; what is left is cleared by the next start.
      closeNow: () => undefined,
      [Symbol.asyncDispose]: once(() => undo.run()),
    }
    return await openSandbox(backend, `--postgres ${describe(address)}`, { sandboxId, maker })
  } catch (error) {
    await undo.run()
    throw error
  }
}

/** As `pg` reads it, environment and `~/.pgpass` included: no second opinion about what a URL means. */
function parseUrl(url: string): { address: Address; login: Login } {
  try {
    const { host, port, user, password, database, ssl } = new PostgresClient({
      connectionString: url,
    })
    if (user === undefined || database === undefined) throw new Error('it names no user')
    return { address: { host, port, ssl }, login: { user, password, database } }
  } catch (error) {
    // The URL itself may hold a password: it is not repeated.
    throw new DrillError(
      'input',
      `the URL of --postgres cannot be read (${messageOf(error)}): write postgresql://user:password@host:5432/postgres`,
      { cause: error },
    )
  }
}

async function reach(address: Address, login: Login): Promise<Client> {
  try {
    return await connect(address, login, (detail) => lostError(address, detail))
  } catch (error) {
    // 57P03: starting up or shutting down; 53300: too many clients. All else a server says is about the URL.
    const busy =
      error instanceof DatabaseError && (error.code === '57P03' || error.code === '53300')
    const code = error instanceof DatabaseError && !busy ? 'input' : 'harness'
    throw new DrillError(
      code,
      `cannot log in to PostgreSQL at ${describe(address)} as "${login.user}": ${messageOf(error)}`,
      { cause: error },
    )
  }
}

interface ServerFacts {
  readonly number: number
  readonly version: string
  readonly standby: boolean
  readonly user: string
  readonly superuser: boolean
  readonly creates_databases: boolean
  readonly creates_roles: boolean
}

async function examine(
  client: Client,
  address: Address,
): Promise<{ version: string; superuser: boolean; major: number }> {
  const { rows } = await client.query<ServerFacts>(
    `select current_setting('server_version_num')::int4 as number,
            split_part(current_setting('server_version'), ' ', 1) as version,
            pg_is_in_recovery() as standby,
            rolname as user, rolsuper as superuser,
            rolsuper or rolcreatedb as creates_databases,
            rolsuper or rolcreaterole as creates_roles
       from pg_roles where rolname = current_user`,
  )
  const facts = rows[0]!
  const refuse = (why: string): never => {
    throw new DrillError('input', `PostgreSQL at ${describe(address)} cannot be used: ${why}`)
  }
  if (facts.number < OLDEST_MAJOR * 10_000) {
    refuse(`it is version ${facts.version}, a drill needs ${OLDEST_MAJOR} or later`)
  }
  if (facts.number < OWNED_PUBLIC_MAJOR * 10_000 && !facts.superuser) {
    refuse(
      `it is version ${facts.version}, where only a superuser can make a sandbox, and its role "${facts.user}" is none; ` +
        `name a superuser, or a server of version ${OWNED_PUBLIC_MAJOR} or later`,
    )
  }
  if (facts.standby) refuse('it is a standby, which accepts no writes; name its primary')
  if (!facts.creates_databases || !facts.creates_roles) {
    const missing = [
      facts.creates_databases ? '' : 'createdb',
      facts.creates_roles ? '' : 'createrole',
    ]
    const list = missing.filter((right) => right !== '').join(' ')
    refuse(
      `its role "${facts.user}" lacks rights; a superuser grants them: alter role "${facts.user}" ${list}`,
    )
  }
  const major = Math.floor(facts.number / 10_000)
  return { version: facts.version, superuser: facts.superuser, major }
}

function describe({ host, port }: Address): string {
  return host.startsWith('/') ? `socket ${host}, port ${port}` : `${host}:${port}`
}

function lostError(address: Address, detail: string): DrillError {
  return new DrillError(
    'harness',
    `the connection to PostgreSQL at ${describe(address)} was lost while it was in use (${detail}): what is left ` +
      'there is cleared by the next run with the same URL',
  )
}
