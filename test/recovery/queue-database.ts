/**
 * A real table for the engines of a test file: rows are written as the world writes them, the engine comes in through
 * the gateway, and the incident around it is a script: what a probe, a partner or `doctor` answers is set by the test,
 * what the engine did is recorded.
 */
import type { Client } from 'pg'
import { connectEngine } from '../../src/recovery/connection.ts'
import { HOUR, MINUTE } from '../../src/foundation/time.ts'
import { createConstraints, createTables } from '../../src/queue-job/ddl.ts'
import type { JobRow } from '../../src/queue-job/job.ts'
import { schemaOf, type Series } from '../../src/queue-job/series.ts'
import type {
  AutomationReport,
  BaselineFigures,
  CatalogueEntry,
  DoctorReport,
  Incident,
  LookupAnswer,
  SafetyCatalogue,
  TrackedFix,
} from '../../src/recovery/contract.ts'
import { setClock } from '../../src/sandbox/clock.ts'
import type { DrillDatabase, Gateway, Server, Template } from '../../src/sandbox/sandbox.ts'
import { openServer } from '../../src/sandbox/server.ts'
import { JobTable } from '../../src/simulation/table.ts'
import { row, START } from '../simulation/small-world.ts'

export { HOUR, MINUTE, START }

const entry = (jobFunction: string, changes: Partial<CatalogueEntry>): CatalogueEntry => ({
  jobFunction,
  safety: { kind: 'idempotent' },
  integration: null,
  slaMs: null,
  carriesValue: false,
  ...changes,
})

/** A shop, a warehouse whose levels travel in the jobs, a payment provider, and work inside. */
export const CATALOGUE: SafetyCatalogue = Object.fromEntries(
  [
    entry('sale.order.push', { integration: 'shop', slaMs: 15 * MINUTE }),
    entry('sale.order.event', {
      integration: 'shop',
      safety: { kind: 'keyed', retentionMs: 2 * HOUR },
    }),
    entry('stock.quant.level', {
      integration: 'warehouse',
      slaMs: 30 * MINUTE,
      carriesValue: true,
    }),
    entry('payment.capture', {
      integration: 'acquirer',
      slaMs: 15 * MINUTE,
      safety: { kind: 'unsafe' },
    }),
    entry('sale.order.margin', {}),
    entry('sale.order.confirm', { safety: { kind: 'unknown' } }),
  ].map((each) => [each.jobFunction, each]),
)

const DOCTOR: DoctorReport = {
  healthy: true,
  cpuUsed: 0.2,
  cpuCores: 4,
  memoryUsedMb: 8000,
  memoryTotalMb: 16_000,
  memoryPerWorkerMb: 700,
  databaseConnectionsUsed: 20,
  databaseConnectionsMax: 64,
  httpWorkers: 12,
  busyWorkers: 8,
  rootCapacity: 8,
  workersAddable: 5,
  advice: 'There is room for 5 more workers.',
}

/** What the world around the table answers, and what the engine did. */
export class Script {
  now = START
  /** Integrations that do not work. */
  readonly broken = new Set<string>()
  readonly answers = new Map<number, LookupAnswer>()
  pids = Array.from({ length: 12 }, (_, index) => 500 + index)
  httpWorkers = 12
  rootCapacity = 8
  doctor = DOCTOR
  automations: AutomationReport[] = []
  /** `open`, `baseline`, `probe shop`, `lookup 12`, `scale 2`, `pause x`, `close`, …, in order. */
  readonly acts: string[] = []
  readonly decisions: string[] = []
  readonly baselines: BaselineFigures[] = []
  readonly fixes: TrackedFix[] = []

  incident(database: Client, catalogue: SafetyCatalogue = CATALOGUE): Incident {
    const act = async (what: string) => void this.acts.push(what)
    const workers = () => ({
      httpWorkers: this.httpWorkers,
      starting: 0,
      rootCapacity: this.rootCapacity,
      pids: this.pids,
      busy: 0,
    })
    return {
      now: new Date(this.now),
      database,
      catalogue,
      operations: {
        doctor: async () => this.doctor,
        workers: {
          show: async () => workers(),
          scale: async (by) => {
            await act(`scale ${by}`)
            this.httpWorkers += by
            this.rootCapacity += by
            return workers()
          },
        },
        queue: {
          shape: async () => ({ byState: [], channels: [] }),
          blockers: async () => [],
          retry: async () => ({ requeued: [], refused: [] }),
          quarantine: async () => ({ postponed: 0, until: new Date(0) }),
          release: async () => ({ released: [] }),
        },
        target: {
          probe: async (integration) => {
            await act(`probe ${integration}`)
            const healthy = !this.broken.has(integration)
            return { integration, healthy, answer: healthy ? 'ok' : 'timeout', latencyMs: 100 }
          },
          lookup: async (jobId) => {
            await act(`lookup ${jobId}`)
            return this.answers.get(jobId) ?? 'unknown'
          },
        },
        automations: {
          list: async () => this.automations,
          pause: async (name) => this.#setPaused(name, true),
          resume: async (name) => this.#setPaused(name, false),
        },
      },
      notes: {
        baseline: async (figures) => {
          this.baselines.push(figures)
          await act('baseline')
        },
        decision: async (what) => void this.decisions.push(what),
        trackedFix: async (fix) => void this.fixes.push(fix),
      },
      open: (signals) => act(`open ${signals.join(' ')}`),
      close: () => act('close'),
      handOver: () => act('hand-over'),
    }
  }

  async #setPaused(name: string, paused: boolean): Promise<void> {
    this.acts.push(`${paused ? 'pause' : 'resume'} ${name}`)
    this.automations = this.automations.map((each) =>
      each.name === name ? { ...each, paused } : each,
    )
  }
}

export interface Queue extends AsyncDisposable {
  /** As the engine sees it. */
  readonly engine: Client
  readonly engineUri: string
  readonly gateway: Gateway
  /** Moves the virtual clock. */
  setNow(at: number): Promise<void>
  add(...rows: readonly JobRow[]): Promise<void>
  /** The world writes, unseen. */
  world(sql: string, values?: readonly unknown[]): Promise<void>
  /** As the harness does at the end of a check; how many there were. */
  endOpenTransactions(): Promise<number>
  job(id: number): Promise<JobRow>
  jobs(): Promise<readonly JobRow[]>
}

export interface QueueServer extends AsyncDisposable {
  /** An empty table of the series; `timeZone` of the engine's sessions. */
  queue(timeZone?: string): Promise<Queue>
}

export async function openQueueServer(series: Series = '16.0'): Promise<QueueServer> {
  const schema = schemaOf(series)
  const table = new JobTable(schema.tables.queue_job)
  const server: Server = await openServer(process.env['QUEUE_DRILL_TEST_SERVER'] ?? 'embedded')
  const template: Template = await server.template(async (client) => {
    await client.query(createTables(schema))
    await client.query(createConstraints(schema))
  })
  return {
    queue: async (timeZone = 'UTC') => openQueue(await template.clone({ timeZone }), table),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  }
}

async function openQueue(database: DrillDatabase, table: JobTable): Promise<Queue> {
  const engine = await connectEngine(database.engineUri)
  const { world } = database
  const read = async (ids: readonly number[]) => {
    const found = await world.query<Record<string, unknown>>(table.select, [ids])
    return found.rows.map((each) => table.toJobRow(each))
  }
  await setClock(world, START)
  return {
    engine,
    engineUri: database.engineUri,
    gateway: database.gateway,
    setNow: (at) => setClock(world, at),
    add: async (...rows) => void (await world.query(table.insert, table.insertParameters(rows))),
    world: async (sql, values = []) => void (await world.query(sql, [...values])),
    endOpenTransactions: () => database.gateway.endOpenTransactions(),
    job: async (id) => {
      const [found] = await read([id])
      if (found === undefined) throw new Error(`there is no job ${id}`)
      return found
    },
    jobs: async () => {
      const ids = await world.query<{ id: number }>('select id from queue_job order by id')
      return read(ids.rows.map(({ id }) => id))
    },
    [Symbol.asyncDispose]: async () => {
      await engine.end()
      await database[Symbol.asyncDispose]()
    },
  }
}

/** A job of a function of CATALOGUE; created a minute before START unless said otherwise. */
export const job = row

/** A job that failed with the time-out of a partner. */
export function failed(id: number, fn: string, startedAt: number, changes: Partial<JobRow> = {}) {
  return row(id, fn, {
    state: 'failed',
    retry: 1,
    dateCreated: startedAt - 1000,
    dateEnqueued: startedAt - 500,
    dateStarted: startedAt,
    workerPid: 500,
    excName: 'requests.exceptions.ReadTimeout',
    excMessage: 'Read timed out. (read timeout=30)',
    excInfo: 'Traceback (most recent call last):\nReadTimeout',
    ...changes,
  })
}
