/**
 * The table as the world knows it: every live job, and settled ones that somebody touched. All changes go through
 * `move`, which journals them, marks the row for the next sync, and tells whoever listens (the runner).
 */
import type { Cause } from '../journal/events.ts'
import { childrenToWake, waitsForParent } from '../queue-job/dependencies.ts'
import type { JobRow } from '../queue-job/job.ts'
import type { Operations } from '../queue-job/operations.ts'
import { type JobPatch, wake } from '../queue-job/transitions.ts'
import type { Core } from './core.ts'
import type { Failure } from './failure.ts'
import { describeRow, type LoadedRow } from './loaded-rows.ts'
import { WorldJob } from './world-job.ts'

const LIVE_FOR_IDENTITY = new Set(['wait_dependencies', 'pending', 'enqueued'])

export class JobStore {
  readonly #core: Core
  readonly #operations: Operations
  readonly #byId = new Map<number, WorldJob>()
  readonly #byUuid = new Map<string, WorldJob>()
  /** Identity key → live jobs that have it (reference 5.4). */
  readonly #identity = new Map<string, number>()
  readonly #created = new Set<WorldJob>()
  readonly #changed = new Set<WorldJob>()
  readonly #listeners: ((job: WorldJob) => void)[] = []
  #nextId = 1

  constructor(core: Core, operations: Operations) {
    this.#core = core
    this.#operations = operations
  }

  get nextId(): number {
    return this.#nextId
  }

  /** Ids that an engine's inserts have taken from the sequence. */
  reserveIds(upTo: number): void {
    this.#nextId = Math.max(this.#nextId, upTo + 1)
  }

  onChange(listener: (job: WorldJob) => void): void {
    this.#listeners.push(listener)
  }

  byId(id: number): WorldJob | undefined {
    return this.#byId.get(id)
  }

  byUuid(uuid: string): WorldJob | undefined {
    return this.#byUuid.get(uuid)
  }

  /** All jobs, in the order in which the world learned of them. */
  all(): Iterable<WorldJob> {
    return this.#byId.values()
  }

  hasLiveIdentity(key: string): boolean {
    return (this.#identity.get(key) ?? 0) > 0
  }

  /** A row that is in the table already. */
  adopt(loaded: LoadedRow, cause: Cause, lastingFailure: Failure | null): WorldJob {
    const job = new WorldJob(loaded, cause, lastingFailure)
    this.#byId.set(job.id, job)
    this.#byUuid.set(job.uuid, job)
    this.#countIdentity(job, 1)
    this.reserveIds(job.id)
    return job
  }

  /** T1 and T2: a new row with the next id, written to the table by the next sync. */
  create(row: JobRow): WorldJob {
    const job = this.adopt(describeRow(row, this.#operations), 'arrival', null)
    this.#created.add(job)
    this.#recordArrival(job, 'business')
    this.#announce(job)
    return job
  }

  /** A row that an engine inserted: it is in the table. */
  inserted(row: JobRow, by: `engine:${number}`): WorldJob {
    const job = this.adopt(describeRow(row, this.#operations), by, null)
    this.#recordArrival(job, by)
    this.#announce(job)
    return job
  }

  /** A transition made by the world: `by` names it, `cause` where the row went to pending. */
  move(job: WorldJob, patch: JobPatch, by: string, cause?: Cause): void {
    this.#write(job, patch, cause)
    this.#changed.add(job)
    if (patch.state !== undefined) {
      this.#core.record({
        at: this.#core.now,
        type: 'moved',
        id: job.id,
        to: patch.state,
        by,
        ...(patch.eta !== undefined && patch.eta !== null && { eta: patch.eta }),
        ...(cause !== undefined && { cause }),
      })
    }
    this.#announce(job)
  }

  /** What an engine wrote: the table has it already, the journal gets it as a `write`. */
  overwrite(job: WorldJob, patch: JobPatch, cause?: Cause): void {
    this.#write(job, patch, cause)
    this.#announce(job)
  }

  /** The row is gone from the table. */
  remove(job: WorldJob): void {
    this.#countIdentity(job, -1)
    this.#byId.delete(job.id)
    this.#byUuid.delete(job.uuid)
    this.#created.delete(job)
    this.#changed.delete(job)
    job.version++
  }

  waitsForParent(job: WorldJob): boolean {
    return waitsForParent(job, (uuid) => this.#byUuid.get(uuid))
  }

  /** T3, after `parent` became done. */
  wakeChildren(parent: WorldJob): void {
    for (const child of childrenToWake(parent, (uuid) => this.#byUuid.get(uuid))) {
      this.move(child, wake(), 'T3', 'dependency')
    }
  }

  /** Rows to insert and to update, by id; forgets them. */
  takeNetChange(): {
    readonly created: readonly WorldJob[]
    readonly changed: readonly WorldJob[]
  } {
    const byId = (left: WorldJob, right: WorldJob) => left.id - right.id
    const created = [...this.#created].sort(byId)
    const changed = [...this.#changed].filter((job) => !this.#created.has(job)).sort(byId)
    this.#created.clear()
    this.#changed.clear()
    return { created, changed }
  }

  #write(job: WorldJob, patch: JobPatch, cause: Cause | undefined): void {
    this.#countIdentity(job, -1)
    Object.assign(job, patch)
    this.#countIdentity(job, 1)
    if (cause !== undefined) job.cause = cause
    job.version++
  }

  #announce(job: WorldJob): void {
    for (const listener of this.#listeners) listener(job)
  }

  #countIdentity(job: WorldJob, by: 1 | -1): void {
    if (job.identityKey === null || !LIVE_FOR_IDENTITY.has(job.state)) return
    this.#identity.set(job.identityKey, (this.#identity.get(job.identityKey) ?? 0) + by)
  }

  #recordArrival(job: WorldJob, by: 'business' | `engine:${number}`): void {
    this.#core.record({
      at: this.#core.now,
      type: 'arrived',
      id: job.id,
      fn: job.fn,
      state: job.state,
      channel: job.channel ?? 'root',
      eta: job.eta,
      key: job.key,
      by,
    })
  }
}
