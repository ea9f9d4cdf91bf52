/**
 * A server for one test file with a template of plain jobs, and drills cloned from it: what the tests of clock, audit,
 * rights and gateway share. Everything goes through `openServer`, as a drill does; QUEUE_DRILL_TEST_SERVER chooses
 * another server than the embedded one (`container`, a URL).
 */
import { Client, type ClientConfig } from 'pg'
import { createConstraints, createTables } from '../../src/queue-job/ddl.ts'
import type { OpenGateway } from '../../src/sandbox/gateway/gateway.ts'
import type { DrillDatabase, Server, Template } from '../../src/sandbox/sandbox.ts'
import { openServer } from '../../src/sandbox/server.ts'

/** One clone, with as many connections of the engine as a test wants. */
export interface Drill extends AsyncDisposable {
  readonly world: Client
  readonly gateway: OpenGateway
  readonly engineUri: string
  /** A connection of the engine; closed with the drill. */
  connect(config?: ClientConfig): Promise<Client>
  /** Closes the engine's connections and makes everything as it was in the template: cheaper than a new clone. */
  reset(): Promise<void>
}

export interface Workbench extends AsyncDisposable {
  drill(timeZone?: string): Promise<Drill>
}

/** States by id: 1 pending, 2 failed, 3 done, 4 started, 5 pending, … */
const JOBS = `
  insert into queue_job (uuid, model_name, method_name, state, channel, priority, retry, max_retries,
                         date_created, exec_time, worker_pid, exc_info)
  select 'uuid-' || i, 'stock.quant', 'sync', (array['started', 'pending', 'failed', 'done'])[1 + i % 4],
         (array['root.stock_sync', 'root.webhook_sync'])[1 + i % 2], 10, 0, 5,
         timestamp '2026-03-02 06:00:00' + i * interval '1 second', 0, 0,
         case when i % 4 = 2 then 'ReadTimeout: partner did not answer' end
    from generate_series(1, $1::int) as i
   order by i`

/** Starts the server and loads the template. */
export async function openWorkbench(rows = 100): Promise<Workbench> {
  const server: Server = await openServer(process.env['QUEUE_DRILL_TEST_SERVER'] ?? 'embedded')
  const template: Template = await server.template(async (client) => {
    await client.query(createTables())
    await client.query(JOBS, [rows])
    await client.query(createConstraints())
  })
  return {
    drill: async (timeZone = 'UTC') => drillOf(await template.clone({ timeZone }), rows),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  }
}

function drillOf(database: DrillDatabase, rows: number): Drill {
  const clients: Client[] = []
  const closeClients = () => Promise.all(clients.splice(0).map((client) => client.end()))
  const engineRole = new URL(database.engineUri).username
  return {
    world: database.world,
    gateway: database.gateway as OpenGateway,
    engineUri: database.engineUri,
    connect: async (config = {}) => {
      const client = new Client({ connectionString: database.engineUri, ...config })
      // A session that the gateway ends breaks its connection; the test looks at the queries.
      client.on('error', () => undefined)
      await client.connect()
      clients.push(client)
      return client
    },
    reset: async () => {
      await closeClients()
      database.gateway.takeTraffic()
      await database.world.query(`
        truncate queue_job restart identity; delete from drill_audit.touched; delete from drill_audit.slept;
        set role ${engineRole}; drop schema workspace cascade; reset role;
        create schema workspace authorization ${engineRole}`)
      await database.world.query(JOBS, [rows])
      await database.world.query(`select setval('queue_job_id_seq', $1::int)`, [rows])
    },
    [Symbol.asyncDispose]: async () => {
      await closeClients()
      await database[Symbol.asyncDispose]()
    },
  }
}

/** SQLSTATE of a query that must fail; `null` if it does not. */
export async function sqlstateOf(query: Promise<unknown>): Promise<string | null> {
  try {
    await query
    return null
  } catch (error) {
    return (error as { code?: string }).code ?? String(error)
  }
}
