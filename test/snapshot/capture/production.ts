/** A server of a company with a queue in it, for captures: a database of Odoo, and roles that may only read. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client, escapeIdentifier } from 'pg'
import type { Backend } from '../../../src/sandbox/backend.ts'
import { startEmbedded } from '../../../src/sandbox/embedded/embedded-server.ts'
import { urlOf } from '../../sandbox/given-server.ts'

export interface Production extends AsyncDisposable {
  readonly host: Backend
  /** A directory that goes with the server. */
  readonly root: string
  /** Makes an empty database and connects to it as its owner. */
  database(name: string): Promise<Client>
  /** For --from; default: the superuser. */
  url(database: string, user?: string, password?: string): string
  /** Connects as another role. */
  connect(database: string, user: string, password: string): Promise<Client>
}

export async function openProduction(): Promise<Production> {
  const host = await startEmbedded()
  const root = await mkdtemp(join(tmpdir(), 'queue-drill-test-'))
  const clients: Client[] = []
  const connect = async (database: string, user: string, password: string | undefined) => {
    const client = new Client({
      host: host.address.host,
      port: host.address.port,
      database,
      user,
      password,
    })
    client.on('error', () => undefined)
    await client.connect()
    clients.push(client)
    return client
  }
  const administrator = await connect('postgres', host.login.user, host.login.password)
  return {
    host,
    root,
    database: async (name) => {
      await administrator.query(`create database ${escapeIdentifier(name)}`)
      return connect(name, host.login.user, host.login.password)
    },
    url: (database, user = host.login.user, password = host.login.password) =>
      urlOf(host, user, password ?? '').replace('/postgres?', `/${database}?`),
    connect,
    [Symbol.asyncDispose]: async () => {
      await Promise.all(clients.map((client) => client.end()))
      await host[Symbol.asyncDispose]()
      await rm(root, { recursive: true, force: true })
    },
  }
}
