/**
 * Template and clones on a running server. A snapshot is loaded once; each drill gets a copy of the files, with an
 * engine role of its own that is dropped with it. On an own server and on a given one the same statements run, by a
 * role that may be an ordinary one with CREATEDB and CREATEROLE.
 */
import { join } from 'node:path'
import { type Client, DatabaseError, escapeIdentifier } from 'pg'
import { DrillError } from '../foundation/errors.ts'
import type { Backend } from './backend.ts'
import { noteOpen } from './cleanup.ts'
import { connect, isConnectionLoss, type Login } from './connect.ts'
import { ENGINE_SCHEMA, installDrillSchema, prepareClone } from './drill-schema.ts'
import { type GatewayOptions, startGateway } from './gateway/gateway.ts'
import { Maker } from './maker.ts'
import { newSandboxId, randomLetters, randomPassword, sandboxName } from './names.ts'
import { once, Undo } from './once.ts'
import { OWNED_PUBLIC_MAJOR } from './settings.ts'
import type { CloneOptions, DrillDatabase, Server, Template, TemplateLoad } from './sandbox.ts'
import { useScratch } from './scratch.ts'

/** What all parts of one sandbox need to know. */
interface Sandbox {
  readonly id: string
  readonly backend: Backend
  readonly maker: Maker
  /** Somebody has been told that the server went away. */
  lossTold: boolean
  /** The server went away as far as clearing up is concerned. */
  gone: boolean
  /** The server is ours and about to go as a whole: nothing in it needs to be dropped one by one. */
  going: boolean
}

/** Roles of one template and all its clones. */
interface TemplateRoles {
  readonly owner: string
  readonly operator: string
  readonly world: string
  readonly worldPassword: string
}

/** What a clone is made of. */
interface OpenTemplate {
  readonly sandbox: Sandbox
  readonly undo: Undo
  readonly database: string
  readonly roles: TemplateRoles
}

export interface SandboxOptions {
  /** Default: a new one. A given server knows it already by its advisory lock. */
  readonly sandboxId?: string
  readonly maker?: Maker
}

/** A sandbox on a running server. On failure the server is closed too. */
export async function openSandbox(
  backend: Backend,
  reason: string,
  options: SandboxOptions = {},
): Promise<Server> {
  try {
    const sandbox: Sandbox = {
      id: options.sandboxId ?? newSandboxId(),
      backend,
      maker: options.maker ?? (await Maker.open(backend)),
      lossTold: false,
      gone: false,
      going: false,
    }
    if (backend.ownServer) {
      await sandbox.maker.query('revoke connect on database postgres, template1 from public')
    }
    return serverOf(sandbox, reason)
  } catch (error) {
    await backend[Symbol.asyncDispose]()
    throw error
  }
}

function serverOf(sandbox: Sandbox, reason: string): Server {
  const { backend, maker } = sandbox
  const undo = new Undo()
  undo.add(() => backend[Symbol.asyncDispose]())
  undo.add(() => maker[Symbol.asyncDispose]())
  const dispose = once(async () => {
    sandbox.going = backend.ownServer
    try {
      await undo.run()
    } finally {
      forget()
    }
  })
  const forget = noteOpen({ closeNow: () => backend.closeNow(), [Symbol.asyncDispose]: dispose })
  return {
    kind: backend.kind,
    reason,
    version: backend.version,
    template: (load) => makeTemplate(sandbox, undo, load),
    scratch: (use) =>
      useScratch(
        {
          sandboxId: sandbox.id,
          maker,
          steps: undoWithin(undo),
          connect: (login) => connectAs(sandbox, login),
          leaving: (step) => leaving(sandbox, step),
        },
        use,
      ),
    [Symbol.asyncDispose]: dispose,
  }
}

/**
 * `parent` undoes what is made here from the first moment on, not only once it is whole: a server may be closed, by
 * Ctrl-C, while a template is being loaded. What is made after that fails, since its owner is gone.
 */
async function makeTemplate(sandbox: Sandbox, parent: Undo, load: TemplateLoad): Promise<Template> {
  const { maker } = sandbox
  const rest = randomLetters(6)
  const name = (role: string) => sandboxName(sandbox.id, `${rest}_${role}`)
  const database = name('t')
  const roles: TemplateRoles = {
    owner: name('owner'),
    operator: name('operator'),
    world: name('world'),
    worldPassword: randomPassword(),
  }
  const { undo, dispose } = undoWithin(parent)
  try {
    undo.add(() =>
      leaving(sandbox, () => maker.dropRoles([roles.world, roles.operator, roles.owner])),
    )
    await createTemplateRoles(sandbox, roles)
    undo.add(() => leaving(sandbox, () => maker.dropDatabase(database)))
    await maker.createDatabase(sandbox.id, database, { owner: roles.owner, template: null })
    if (maker.major < OWNED_PUBLIC_MAJOR) await givePublicSchema(sandbox, database, roles.owner)
    await fillTemplate(sandbox, database, roles, load)
    await maker.seal(database)
  } catch (error) {
    await dispose()
    throw error
  }
  return {
    clone: (options) => makeClone({ sandbox, undo, database, roles }, options),
    [Symbol.asyncDispose]: dispose,
  }
}

function undoWithin(parent: Undo): { undo: Undo; dispose: () => Promise<void> } {
  const undo = new Undo()
  const dispose = once(async () => {
    await undo.run()
    forget()
  })
  const forget = parent.add(dispose)
  return { undo, dispose }
}

/** The world owns what the owner owns, and may make an engine an operator. */
async function createTemplateRoles({ id, maker }: Sandbox, roles: TemplateRoles): Promise<void> {
  const [owner, operator, world] = [roles.owner, roles.operator, roles.world].map(escapeIdentifier)
  await maker.createRoles(
    id,
    [
      { name: roles.owner, password: null },
      { name: roles.operator, password: null },
      { name: roles.world, password: roles.worldPassword },
    ],
    `grant ${owner} to ${world}; grant ${operator} to ${world} with admin option;`,
  )
}

/** What later versions do by themselves; only a superuser gets here (`given-server.ts`). */
async function givePublicSchema(
  { backend }: Sandbox,
  database: string,
  owner: string,
): Promise<void> {
  const login = { ...backend.login, database }
  const client = await connect(backend.address, login, (detail) => backend.lost(detail))
  try {
    await client.query(`alter schema public owner to ${escapeIdentifier(owner)}`)
  } finally {
    await client.end()
  }
}

async function fillTemplate(
  sandbox: Sandbox,
  database: string,
  roles: TemplateRoles,
  load: TemplateLoad,
): Promise<void> {
  const client = await connectWorld(sandbox, database, roles)
  try {
    await load(client, () => connectWorld(sandbox, database, roles))
    await installDrillSchema(client, roles)
    await client.query(NO_AUTOVACUUM)
    // Clones inherit statistics and hint bits: no drill pays for them again, and plans do not change on the way.
    await client.query('vacuum (analyze)')
  } finally {
    await client.end()
  }
}

/** On a given server autovacuum cannot be turned off but for the tables themselves. */
const NO_AUTOVACUUM = `
  do $tables$
  declare
    each regclass;
  begin
    for each in
      select oid from pg_class
       where relkind = 'r' and relnamespace <> all (
         array['pg_catalog', 'information_schema']::regnamespace[])
       order by oid
    loop
      execute format('alter table %s set (autovacuum_enabled = off)', each);
    end loop;
  end
  $tables$`

async function makeClone(
  template: OpenTemplate,
  { timeZone, address = '127.0.0.1' }: CloneOptions,
): Promise<DrillDatabase> {
  const { sandbox, roles } = template
  const { maker, backend } = sandbox
  const rest = randomLetters(6)
  const database = sandboxName(sandbox.id, rest)
  const engineRole = sandboxName(sandbox.id, `${rest}_login`)
  const enginePassword = randomPassword()
  const { undo, dispose } = undoWithin(template.undo)
  try {
    undo.add(() => leaving(sandbox, () => maker.dropRoles([engineRole])))
    await maker.createRoles(
      sandbox.id,
      [{ name: engineRole, password: enginePassword }],
      `grant ${escapeIdentifier(engineRole)} to ${escapeIdentifier(roles.world)};`,
    )
    undo.add(() => leaving(sandbox, () => maker.dropDatabase(database)))
    await maker.createDatabase(sandbox.id, database, {
      owner: roles.owner,
      template: template.database,
    })
    const world = await connectWorld(sandbox, database, roles)
    undo.add(() => world.end())
    await prepareClone(world, { engineRole, operator: roles.operator })
    const gateway = await startGateway({
      target: gatewayTarget(backend),
      database,
      user: engineRole,
      engineSchema: ENGINE_SCHEMA,
      timeZone,
      address,
    })
    undo.add(() => gateway[Symbol.asyncDispose]())
    return {
      world,
      engineUri: `postgresql://${engineRole}:${enginePassword}@${address}:${gateway.port}/${database}`,
      gateway,
      [Symbol.asyncDispose]: dispose,
    }
  } catch (error) {
    await dispose()
    throw error
  }
}

function gatewayTarget({ gatewayAddress: address }: Backend): GatewayOptions['target'] {
  return address.host.startsWith('/')
    ? { socketPath: join(address.host, `.s.PGSQL.${address.port}`) }
    : { host: address.host, port: address.port }
}

function connectWorld(sandbox: Sandbox, database: string, roles: TemplateRoles): Promise<Client> {
  return connectAs(sandbox, { user: roles.world, password: roles.worldPassword, database })
}

async function connectAs(sandbox: Sandbox, login: Login): Promise<Client> {
  const { backend } = sandbox
  const lost = (detail: string) => {
    sandbox.lossTold = true
    return backend.lost(detail)
  }
  try {
    return await connect(backend.address, login, lost)
  } catch (error) {
    if (error instanceof DatabaseError && error.code === '28000') {
      throw new DrillError(
        'input',
        `the server lets no new role into a new database (${error.message}): add a line to its pg_hba.conf such as ` +
          '"host all all samehost scram-sha-256", or use --postgres embedded',
        { cause: error },
      )
    }
    throw isConnectionLoss(error) ? lost(String(error)) : error
  }
}

/**
 * One step of clearing away. On a server that goes as a whole, or has gone, there is nothing to do. That a given
 * server was lost is told once, by whoever noticed it first.
 */
async function leaving(sandbox: Sandbox, step: () => Promise<void>): Promise<void> {
  if (sandbox.going || sandbox.gone) return
  try {
    await step()
  } catch (error) {
    if (!(error instanceof DrillError) || error.code !== 'harness') throw error
    sandbox.gone = true
    if (sandbox.backend.ownServer || sandbox.lossTold) return
    sandbox.lossTold = true
    throw error
  }
}
