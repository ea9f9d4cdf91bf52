/**
 * The simulated Odoo around the database, on virtual time: runner, workers, integrations, ledger, arrivals, cron,
 * automations, faults (DESIGN section 4). It knows nothing of PostgreSQL: `sync.ts` carries changes both ways. A world
 * is a function of its options; what an engine does to it comes in through `apply` and the operator's view.
 */
import type { JournalEvent } from '../journal/events.ts'
import { SECOND } from '../foundation/time.ts'
import type { HostParameters } from '../queue-job/host.ts'
import { type JobRow, type JobState, STATES } from '../queue-job/job.ts'
import type { Operations } from '../queue-job/operations.ts'
import type { Profile } from '../queue-job/profile.ts'
import { type FailureColumns, signatureOf } from '../queue-job/signature.ts'
import type { Workload } from '../queue-job/workload.ts'
import type { AutomationSpec, FaultSpec } from '../scenario/scenario.ts'
import { Arrivals } from './arrivals.ts'
import { lastingFailureOf, truthBefore } from './before-the-start.ts'
import { Core } from './core.ts'
import { Executions } from './executions.ts'
import { Host } from './host.ts'
import { Automations, startRequeueCron } from './housekeeping.ts'
import { type BoundFault, Integrations } from './integrations.ts'
import { JobStore } from './job-store.ts'
import { Ledger } from './ledger.ts'
import { describeRow, type LoadedRow } from './loaded-rows.ts'
import { longestRunMs } from './run-plan.ts'
import { Runner } from './runner.ts'
import type { WorldJob } from './world-job.ts'

/** Pace of a rolling restart. */
const KILL_INTERVAL_MS = SECOND

export interface WorldOptions {
  readonly seed: number
  /** The snapshot's `captured_at`. */
  readonly startedAt: number
  readonly startHourOfWeek: number
  readonly host: HostParameters
  readonly profile: Profile
  readonly operations: Operations
  readonly workload: Workload
  /** Empty in the calm twin. */
  readonly faults: readonly BoundFault[]
  readonly automations: readonly AutomationSpec[]
  /** Faults that another run of the same drill was given while it ran, in order of time. */
  readonly injections: readonly Injection[]
  /** All rows of the snapshot, by id. */
  readonly rows: readonly LoadedRow[]
  readonly record: (event: JournalEvent) => void
}

/** A fault that was not in the scenario, and when (virtual ms) somebody brought it about. */
export interface Injection {
  readonly at: number
  readonly fault: BoundFault
}

export class World {
  readonly core: Core
  readonly jobs: JobStore
  readonly host: Host
  readonly integrations: Integrations
  readonly ledger: Ledger
  readonly runner: Runner
  readonly executions: Executions
  readonly automations: Automations
  readonly #o: WorldOptions
  readonly #arrivals: Arrivals
  #injected = 0

  constructor(options: WorldOptions) {
    this.#o = options
    const { seed, startedAt, host, profile, operations, workload, faults } = options
    const core = (this.core = new Core(seed, startedAt, options.record))
    this.jobs = new JobStore(core, operations)
    this.host = new Host(core, host)
    this.integrations = new Integrations(core, operations, faults)
    this.ledger = new Ledger(core)
    this.executions = new Executions({
      core,
      host: this.host,
      jobs: this.jobs,
      integrations: this.integrations,
      ledger: this.ledger,
      profile,
      workload: new Map(workload.functions.map((entry) => [entry.name, entry])),
    })
    this.runner = new Runner(core, this.jobs, profile, host.channels, (job) =>
      this.executions.dispatch(job),
    )
    this.#load()
    this.automations = new Automations(core, this.jobs, options.automations)
    if (host.cronRequeue) startRequeueCron(core, this.jobs, profile, host.limitTimeRealMs)
    for (const [index, { spec }] of faults.entries()) this.#startKills(index, spec)
    this.#arrivals = new Arrivals({
      core,
      jobs: this.jobs,
      workload,
      startHourOfWeek: options.startHourOfWeek,
      faults,
      functionIds: new Map(
        options.rows.flatMap(({ fn, row }) =>
          row.jobFunctionId === null ? [] : [[fn, row.jobFunctionId] as const],
        ),
      ),
    })
    this.host.start((cpu, busyWorkers) => this.#sample(cpu, busyWorkers))
  }

  get now(): number {
    return this.core.now
  }

  /** Lets the world go on to `until` (virtual ms); what is due at `until` itself waits. */
  advance(until: number): void {
    for (;;) {
      const next = this.#o.injections[this.#injected]
      if (next === undefined || next.at > until) break
      this.#injected++
      this.core.advance(next.at)
      this.inject(next.fault)
    }
    this.core.advance(until)
  }

  /** Brings a fault about, from now on; its window counts from the start like that of any other. */
  inject(fault: BoundFault): void {
    const { spec, integrations, functions } = fault
    const index = this.integrations.add(fault)
    this.core.record({
      at: this.now,
      type: 'fault-injected',
      fault: index,
      spec,
      integrations,
      functions,
    })
    this.#startKills(index, spec)
    this.#arrivals.addFault(index, fault)
  }

  /** A settled row (done, cancelled) that an engine touched: the world learns of it as it stood before. */
  adopt(row: JobRow): WorldJob {
    const loaded = describeRow(row, this.#o.operations)
    const job = this.jobs.adopt(loaded, 'loaded', null)
    const { effect } = job.operations
    this.#recordLoaded(job, effect === 'none' ? null : row.state === 'done' ? 'happened' : 'absent')
    return job
  }

  #load(): void {
    const { rows, seed, startedAt } = this.#o
    const byState = Object.fromEntries(STATES.map((state) => [state, 0])) as Record<
      JobState,
      number
    >
    for (const { row } of rows) byState[row.state]++
    this.core.record({ at: startedAt, type: 'census', byState })
    for (const loaded of rows) {
      const { row } = loaded
      const truth = this.#truthOf(loaded)
      if (row.state === 'done' || row.state === 'cancelled') {
        this.jobs.reserveIds(row.id)
        continue
      }
      const job = this.jobs.adopt(loaded, 'loaded', lastingFailureOf(row, seed))
      this.#recordLoaded(job, truth)
    }
    this.#resumeRunning()
    this.runner.load()
    for (const job of this.jobs.all()) if (job.state === 'enqueued') this.executions.dispatch(job)
  }

  /** Draws what is true of a row, and enters it into the ledger once. */
  #truthOf(loaded: LoadedRow): 'happened' | 'absent' | null {
    const { row, operations } = loaded
    const { seed, startedAt } = this.#o
    if (operations.effect === 'none') return null
    const integration = this.integrations.settings(operations.integration ?? '')
    const { happened, redone } = truthBefore(row, operations, integration, seed, startedAt)
    if (!happened) return 'absent'
    const at = row.dateDone ?? row.dateStarted ?? row.dateCreated ?? startedAt
    this.ledger.addPriorOf(loaded, at, redone)
    return 'happened'
  }

  #recordLoaded(job: WorldJob, effect: 'happened' | 'absent' | null): void {
    const failed = job.state === 'failed' || job.state === 'pending'
    this.core.record({
      at: this.now,
      type: 'loaded',
      id: job.id,
      fn: job.fn,
      state: job.state,
      channel: job.channel ?? 'root',
      eta: job.eta,
      dateCreated: job.dateCreated ?? this.now,
      dateStarted: job.dateStarted,
      key: job.key,
      effect,
      ...(job.lastingFailure !== null && { neverSucceeds: true as const }),
      signature: failed ? signatureOf({ jobFunction: job.fn, ...failureOf(job) }) : null,
    })
  }

  /** Started rows that an ordinary run explains are alive; the others belong to workers that died long ago. */
  #resumeRunning(): void {
    const traffic = new Map(this.#o.workload.functions.map((entry) => [entry.name, entry]))
    for (const job of this.jobs.all()) {
      if (job.state !== 'started' || job.dateStarted === null) continue
      if (this.now - job.dateStarted > longestRunMs(traffic.get(job.fn))) continue
      const worker = this.host.adopt(job.workerPid)
      if (worker !== null) this.executions.resume(job, worker)
    }
  }

  /** A rolling restart: second by second whoever is in mid-job is killed, until so many were, or it ends. */
  #startKills(index: number, spec: FaultSpec): void {
    if (spec.kind !== 'workers-killed') return
    const startedAt = this.#o.startedAt + spec.fromMs
    const endsAt = spec.untilMs === null ? Infinity : this.#o.startedAt + spec.untilMs
    let left = spec.workers
    const kill = (): void => {
      const victims = this.executions.active.slice(0, left)
      if (victims.length > 0) this.integrations.bite(index)
      for (const run of victims) this.executions.kill(run, 'killed', index)
      left -= victims.length
      const next = this.now + KILL_INTERVAL_MS
      if (left > 0 && next < endsAt) this.core.schedule(next, kill)
    }
    this.core.schedule(startedAt, kill)
  }

  #sample(cpu: number, busyWorkers: number): void {
    this.core.record({
      at: this.now,
      type: 'sample',
      cpu: round(cpu),
      httpWorkers: this.host.httpWorkers,
      busyWorkers: round(busyWorkers),
      rootCapacity: this.runner.rootCapacity,
      memoryMb: Math.round(this.host.memoryUsedMb),
    })
  }
}

function round(value: number): number {
  return Math.round(value * 1000) / 1000
}

function failureOf({ excName, excMessage, excInfo, result }: WorldJob): FailureColumns {
  return { excName, excMessage, excInfo, result }
}
