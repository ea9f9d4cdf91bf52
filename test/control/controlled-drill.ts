/**
 * A drill in the middle of an incident, with its control plane in front: a real table behind the gateway, a world, an
 * incident desk, the operations. Tests of operations, plane and odoocli share it; one server a file, one clone a drill.
 */
import type { Client } from 'pg'
import { ControlClient } from '../../src/control/client.ts'
import {
  type ControlHost,
  type ControlPlane,
  startControlPlane,
} from '../../src/control/control-plane.ts'
import { type OdoocliResult, runOdoocli } from '../../src/control/odoocli/run.ts'
import { IncidentDesk } from '../../src/drill/incident-desk.ts'
import {
  catalogueOf,
  connectOperations,
  createOperations,
} from '../../src/drill/operations/operations.ts'
import { MINUTE } from '../../src/foundation/time.ts'
import type { ActEvent, JournalEvent } from '../../src/journal/events.ts'
import { createConstraints, createTables } from '../../src/queue-job/ddl.ts'
import type { JobRow } from '../../src/queue-job/job.ts'
import type { Operations } from '../../src/queue-job/operations.ts'
import { UNMAPPED } from '../../src/queue-job/operations.ts'
import { JOB_COLUMNS } from '../../src/queue-job/series.ts'
import { connectEngine } from '../../src/recovery/connection.ts'
import type { Incident } from '../../src/recovery/contract.ts'
import type { DrillDatabase, Server, Template } from '../../src/sandbox/sandbox.ts'
import { openServer } from '../../src/sandbox/server.ts'
import { Sync } from '../../src/simulation/sync.ts'
import { JobTable } from '../../src/simulation/table.ts'
import type { World } from '../../src/simulation/world.ts'
import { failed } from '../recovery/queue-database.ts'
import { OPERATIONS as SMALL, row, smallWorld, START } from '../simulation/small-world.ts'

export { START }

export const PUSH = 'sale.order.push'
export const NOTIFY = 'sale.order.notify'
export const CAPTURE = 'payment.transaction.capture'
/** In the catalogue, with nothing written about repeating it. */
export const CONFIRM = 'sale.order.confirm'
/** In no catalogue. */
export const FORGOTTEN = 'res.partner.forgotten'

const OPERATIONS: Operations = {
  ...SMALL,
  functions: { ...SMALL.functions, [CONFIRM]: { ...UNMAPPED, role: 'internal' } },
}

const HALF_AN_HOUR_AGO = START - 30 * MINUTE

/**
 * 1–6 failed and safe, 7 too young, 8 from before the incident, 10–11 keyed, 20–21 unsafe, 30 in no catalogue, 31
 * undocumented; 40–49 pending, the last three postponed; 50–63 pending in channels of their own, 60 in none.
 */
const ROWS: readonly JobRow[] = [
  ...[1, 2, 3, 4, 5, 6].map((id) =>
    // The youngest first: their order is by date.
    failed(id, PUSH, HALF_AN_HOUR_AGO - id * MINUTE, { channel: 'root.stock_sync' }),
  ),
  failed(7, PUSH, START - 5 * MINUTE, { channel: 'root.stock_sync' }),
  failed(8, PUSH, START - 180 * MINUTE, { channel: 'root.stock_sync' }),
  ...[10, 11].map((id) =>
    failed(id, NOTIFY, START - 50 * MINUTE, {
      channel: 'root.mail',
      excInfo: null,
      result: 'later',
    }),
  ),
  ...[20, 21].map((id) => failed(id, CAPTURE, HALF_AN_HOUR_AGO, { channel: 'root.mixed' })),
  failed(30, FORGOTTEN, HALF_AN_HOUR_AGO, { channel: 'root.mixed' }),
  failed(31, CONFIRM, HALF_AN_HOUR_AGO, { channel: 'root.mixed' }),
  ...Array.from({ length: 10 }, (_, index) =>
    row(40 + index, index % 2 === 0 ? PUSH : NOTIFY, {
      channel: 'root.webhook_sync',
      eta: index < 7 ? null : START + index * MINUTE,
    }),
  ),
  ...Array.from({ length: 14 }, (_, index) =>
    row(50 + index, PUSH, { channel: index === 10 ? null : `root.own_${index}` }),
  ),
  row(90, PUSH, { state: 'done', dateDone: START - MINUTE, dateStarted: START - 2 * MINUTE }),
]

const TABLE = new JobTable(JOB_COLUMNS)

export interface ControlledDrill extends AsyncDisposable {
  readonly world: World
  readonly events: readonly JournalEvent[]
  readonly incident: Incident
  /** A session of the engine, as its own SQL would have. */
  readonly engine: Client
  readonly host: ControlHost
  readonly plane: ControlPlane
  readonly client: ControlClient
  odoocli(...argv: string[]): Promise<OdoocliResult>
  /** Acts in the journal so far. */
  acts(): readonly ActEvent[]
  /** Ends the check and lets the world go on. */
  advance(ms: number): Promise<void>
  /** `column` of the jobs with these ids, by id. */
  column<Value>(column: string, ids: readonly number[]): Promise<readonly Value[]>
}

export interface DrillServer extends AsyncDisposable {
  drill(): Promise<ControlledDrill>
}

export async function openDrillServer(): Promise<DrillServer> {
  const server: Server = await openServer(process.env['QUEUE_DRILL_TEST_SERVER'] ?? 'embedded')
  const template: Template = await server.template(async (client) => {
    await client.query(createTables())
    await client.query(TABLE.insert, TABLE.insertParameters(ROWS))
    await client.query(createConstraints())
  })
  return {
    drill: async () => openDrill(await template.clone({ timeZone: 'UTC' })),
    [Symbol.asyncDispose]: async () => {
      await template[Symbol.asyncDispose]()
      await server[Symbol.asyncDispose]()
    },
  }
}

async function openDrill(database: DrillDatabase): Promise<ControlledDrill> {
  const { world, events } = smallWorld({
    rows: ROWS,
    operations: OPERATIONS,
    faults: [
      {
        kind: 'target-down',
        answer: 'hang',
        roles: [],
        fromMs: 0,
        untilMs: null,
        integrations: ['shop'],
      },
    ],
    automations: [
      {
        name: 'requeue-failed',
        description: 'Sets failed jobs back every ten minutes',
        kind: 'requeue-failed',
        everyMs: 10 * MINUTE,
        fromMs: 0,
        newerThanMs: null,
      },
    ],
  })
  // The script would set everything back in the first moment.
  world.automations.setPaused('requeue-failed', true)
  const sync = await Sync.begin(world, database.world)
  await sync.run(false)
  const engine = await connectEngine(database.engineUri)
  const odoocli = await connectOperations(database.engineUri)
  const desk = new IncidentDesk(world)
  const incidentNow = (): Incident => ({
    now: new Date(world.now),
    database: engine,
    catalogue: catalogueOf(OPERATIONS),
    notes: desk,
    operations: createOperations({
      world,
      desk,
      operations: OPERATIONS,
      odoocli: async () => odoocli,
    }),
    open: (signals) => desk.open(signals),
    close: (summary) => desk.close(summary),
    handOver: (summary) => desk.handOver(summary),
  })
  const host: ControlHost = {
    get now() {
      return world.now
    },
    turn: async () => incidentNow(),
    sleep: async ({ ms }) => world.now + ms,
    begin: () => undefined,
    end: () => undefined,
  }
  const plane = await startControlPlane(host)
  const client = new ControlClient(plane)
  return {
    world,
    events,
    get incident() {
      return incidentNow()
    },
    engine,
    host,
    plane,
    client,
    odoocli: (...argv) => runOdoocli(argv, client, { columns: 100 }),
    acts: () => events.filter((event): event is ActEvent => event.type === 'act'),
    advance: async (ms) => {
      desk.noteWrites((await sync.run(true)).statements)
      world.advance(world.now + ms)
      await sync.run(false)
    },
    column: async <Value>(column: string, ids: readonly number[]) => {
      const { rows } = await engine.query<{ value: Value }>(
        `select ${column} as value from queue_job where id = any ($1::int4[]) order by id`,
        [ids],
      )
      return rows.map(({ value }) => value)
    },
    [Symbol.asyncDispose]: async () => {
      client[Symbol.dispose]()
      await plane[Symbol.asyncDispose]()
      await engine.end()
      await odoocli.end()
      await database[Symbol.asyncDispose]()
    },
  }
}
