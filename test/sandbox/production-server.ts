/** A given server with a life of its own: Odoo's role and database with a queue, of which a drill must change nothing. */
import { Client } from 'pg'
import { createTables } from '../../src/queue-job/ddl.ts'
import { startEmbedded } from '../../src/sandbox/embedded/embedded-server.ts'
import type { Backend } from '../../src/sandbox/backend.ts'
import { administratorOf, urlOf } from './given-server.ts'

export interface ProductionServer extends AsyncDisposable {
  readonly host: Backend
  readonly administrator: Client
  /** For `--postgres`; `builder` (password the same) may create databases and roles, `odoo` only databases. */
  url(user: string, password: string): string
  /** All that a stranger could have changed: roles, memberships, settings, databases with their rights, the queue. */
  picture(): Promise<unknown>
}

const PICTURE_OF_SERVER = {
  roles: 'select * from pg_roles order by rolname',
  memberships: 'select roleid::regrole, member::regrole from pg_auth_members order by 1, 2',
  settings: 'select * from pg_db_role_setting order by setdatabase, setrole',
  databases: `select oid, datname, datdba, datacl::text, datallowconn, datistemplate
                from pg_database order by oid`,
  comments: 'select * from pg_shdescription order by objoid',
  dependencies: 'select * from pg_shdepend order by 1, 2, 3, 4, 5, 6, 7',
  tablespaces: 'select * from pg_tablespace order by oid',
}

const PICTURE_OF_QUEUE = {
  queue: 'select xmin, * from queue_job order by id',
  tables: 'select oid, relname, relacl::text from pg_class order by oid',
  sequences: 'select * from pg_sequences order by schemaname, sequencename',
}

export async function openProductionServer(): Promise<ProductionServer> {
  const host = await startEmbedded()
  const administrator = await administratorOf(host)
  await administrator.query(`create role odoo login password 'odoo' createdb`)
  await administrator.query('create database production owner odoo')
  await administrator.query(`create role builder login password 'builder' createdb createrole`)
  await administrator.query(`alter role odoo set statement_timeout = '1h'`)
  const production = await connectProduction(host)
  await production.query(createTables())
  await production.query(
    `insert into queue_job (id, uuid, state) select id, 'u' || id, 'pending' from generate_series(1, 100) as id`,
  )
  await production.end()
  return {
    host,
    administrator,
    url: (user, password) => urlOf(host, user, password),
    picture: () => picture(host, administrator),
    [Symbol.asyncDispose]: async () => {
      await administrator.end()
      await host[Symbol.asyncDispose]()
    },
  }
}

async function connectProduction({ address }: Backend): Promise<Client> {
  const login = { user: 'odoo', password: 'odoo', database: 'production' }
  const client = new Client({ host: address.host, port: address.port, ...login })
  await client.connect()
  return client
}

async function picture(host: Backend, administrator: Client): Promise<unknown> {
  const production = await connectProduction(host)
  const found: Record<string, unknown> = {}
  for (const [name, sql] of Object.entries(PICTURE_OF_SERVER)) {
    found[name] = (await administrator.query(sql)).rows
  }
  for (const [name, sql] of Object.entries(PICTURE_OF_QUEUE)) {
    found[name] = (await production.query(sql)).rows
  }
  await production.end()
  return found
}
