/**
 * Applies the events of a journal, one after the other, to the jobs: where each stands, when it was first due, when it
 * was really finished, which runs it had, and which write of the engine is behind a run.
 */
import assert from 'node:assert/strict'
import type { JournalEvent, JournalHeader, MovedEvent, WriteEvent } from '../../journal/events.ts'
import type { ChangedColumns } from '../../queue-job/columns.ts'
import type { JobState } from '../../queue-job/job.ts'
import { operationsOf } from '../../queue-job/operations.ts'
import { applyWrite } from './engine-write.ts'
import {
  arrivedJob,
  dueAt,
  isOldFailure,
  isSettled,
  type JobTruth,
  loadedJob,
  type RunTruth,
} from './job-truth.ts'
import { EffectLedger } from './ledger.ts'
import { NewestOfKey, type Settlement } from './settlement.ts'

/** A job that failed, or postponed itself, once more after it had come back: signal 2. */
export interface Loop {
  readonly at: number
  readonly id: number
}

type RunStarted = Extract<JournalEvent, { type: 'run-started' }>
type RunEnded = Extract<JournalEvent, { type: 'run-ended' }>

export class JobsFold {
  readonly jobs = new Map<number, JobTruth>()
  readonly runs = new Map<number, RunTruth>()
  readonly ledger = new EffectLedger()
  readonly newestOfKey = new NewestOfKey()
  readonly settlements: Settlement[] = []
  readonly #settlementOf = new Map<number, Settlement>()
  readonly loops: Loop[] = []
  /** Jobs that wait or run, in the table or as the world alone would have them. */
  readonly open = new Set<JobTruth>()
  /** Critical jobs that are not finished. */
  readonly critical = new Set<JobTruth>()
  byState: Record<JobState, number> = {
    wait_dependencies: 0,
    pending: 0,
    enqueued: 0,
    started: 0,
    done: 0,
    cancelled: 0,
    failed: 0,
  }
  loaded = 0
  arrived = 0
  readonly #header: JournalHeader
  /** Writes into rows that the journal names only afterwards. */
  readonly #early = new Map<number, { readonly write: WriteEvent; readonly row: WrittenRow }[]>()

  constructor(header: JournalHeader) {
    this.#header = header
  }

  apply(event: JournalEvent): void {
    switch (event.type) {
      case 'census':
        this.byState = { ...event.byState }
        this.loaded = Object.values(event.byState).reduce((sum, count) => sum + count, 0)
        return
      case 'loaded':
        return this.#load(event)
      case 'arrived':
        return this.#arrive(event)
      case 'moved':
        return this.#move(event)
      case 'run-started':
        return this.#startRun(event)
      case 'run-ended':
        return this.#endRun(event)
      case 'effect':
        return this.ledger.add(event, this.jobs.get(event.id))
      case 'worker':
        if (event.event === 'out-of-memory') this.#run(event.run ?? 0).outOfMemory = true
        return
      case 'write':
        for (const row of event.rows) this.#write(event, row)
        return
      default:
    }
  }

  job(id: number): JobTruth {
    const job = this.jobs.get(id)
    assert.ok(job !== undefined, `the journal moves job ${id} before it names it`)
    return job
  }

  /** The row takes this state; whoever wrote it. */
  setState(job: JobTruth, to: JobState, at: number): void {
    if (job.present) this.byState[job.state]--
    // The slot of a killed run is held until its row leaves `started`.
    if (job.state === 'started' && to !== 'started') freeSlot(job, at)
    job.state = to
    // An engine may write any text; it is counted as it stands.
    if (job.present) this.byState[to] = (this.byState[to] ?? 0) + 1
  }

  /** The row is gone. */
  remove(job: JobTruth, at: number): void {
    if (!job.present) return
    this.byState[job.state]--
    if (job.state === 'started') freeSlot(job, at)
    job.present = false
  }

  /** Keeps `open` and `critical` right after any change of the job. */
  place(job: JobTruth): void {
    const isFinished = job.finishedAt !== null
    const isOpen = (!isFinished && isWaiting(job.ownState)) || (job.present && isWaiting(job.state))
    if (isOpen) this.open.add(job)
    else this.open.delete(job)
    const isCritical =
      job.operations.slaMs !== null && !isOldFailure(job) && job.insertedBy === null
    if (isCritical && !isFinished) this.critical.add(job)
    else this.critical.delete(job)
  }

  #load(event: Extract<JournalEvent, { type: 'loaded' }>): void {
    const operations = operationsOf(this.#header.operations, event.fn)
    const job = loadedJob(event, operations)
    if (job.effectBefore) this.ledger.noteBefore(job)
    this.#add(job)
    const early = this.#early.get(job.id) ?? []
    this.#early.delete(job.id)
    for (const { write, row } of early) this.#write(write, row)
  }

  #arrive(event: Extract<JournalEvent, { type: 'arrived' }>): void {
    const operations = operationsOf(this.#header.operations, event.fn)
    const insertedBy = event.by === 'business' ? null : Number(event.by.slice('engine:'.length))
    const job = arrivedJob(event, operations, insertedBy)
    this.#early.delete(job.id)
    this.byState[job.state]++
    if (insertedBy === null) this.arrived++
    this.#add(job)
  }

  #add(job: JobTruth): void {
    this.jobs.set(job.id, job)
    this.newestOfKey.add(job)
    this.place(job)
  }

  #move(event: MovedEvent): void {
    const job = this.job(event.id)
    const { at, to, by } = event
    this.setState(job, to, at)
    if (job.ownState !== null) job.ownState = to
    if (event.eta !== undefined) {
      job.eta = job.ownEta = event.eta
      job.etaBy = null
    }
    job.broughtBackBy = instigatorOf(job, event)
    // From here on the row shows what the world wrote, not what the engine did.
    job.chosenBy = null
    if (by === 'T7') job.finishedAt ??= at
    if (!isSettled(to)) this.takeBack(job)
    const canBecomeDue = job.ownState !== null && !isOldFailure(job) && !isSettled(job.loadedAs)
    if (job.firstDueAt === null && canBecomeDue) job.firstDueAt = dueAt(to, job.ownEta, at)
    this.place(job)
  }

  settle(settlement: Settlement): void {
    this.settlements.push(settlement)
    this.#settlementOf.set(settlement.id, settlement)
  }

  /** The row goes on: by a later write, or because a worker that was still at it stored its own outcome. */
  takeBack(job: JobTruth): void {
    const settlement = this.#settlementOf.get(job.id)
    if (settlement === undefined || settlement.reverted || !job.present) return
    settlement.reverted = true
    if (settlement.excuse !== null) job.finishedAt = null
  }

  #startRun(event: RunStarted): void {
    const job = this.job(event.id)
    const run: RunTruth = {
      run: event.run,
      job: job.id,
      fn: job.fn,
      cause: event.cause,
      engineBehind: job.broughtBackBy,
      startedAt: event.at,
      endedAt: null,
      outcome: null,
      fault: null,
      signature: null,
      slotUntil: null,
      outOfMemory: false,
      disturbedBy: null,
    }
    job.broughtBackBy = null
    job.running = run
    this.runs.set(run.run, run)
  }

  #endRun(event: RunEnded): void {
    const { at, outcome } = event
    const run = this.#run(event.run)
    const job = this.job(event.id)
    run.endedAt = at
    run.outcome = outcome
    run.fault = event.fault ?? null
    run.signature = event.signature ?? null
    if (outcome !== 'killed' || job.state !== 'started' || !job.present) run.slotUntil = at
    if (job.running === run) job.running = null
    job.lastRun = run
    if (outcome !== 'failed' && outcome !== 'postponed') return
    if (job.failedAt !== null) this.loops.push({ at, id: job.id })
    job.failedAt = at
    job.signature = run.signature ?? job.signature
  }

  #run(number: number): RunTruth {
    const run = this.runs.get(number)
    assert.ok(run !== undefined, `the journal ends run ${number} before it starts it`)
    return run
  }

  #write(write: WriteEvent, row: WrittenRow): void {
    const job = this.jobs.get(row.id)
    if (job !== undefined) {
      applyWrite(this, job, write, row.changed)
      this.place(job)
    } else if (write.op === 'update') {
      const early = this.#early.get(row.id) ?? []
      early.push({ write, row })
      this.#early.set(row.id, early)
    } else if (write.op !== 'insert') {
      this.#deleteUnknown(write, row)
    }
  }

  /** Only settled rows are not named in the journal: nobody misses them, but the counts must be right. */
  #deleteUnknown(write: WriteEvent, row: WrittenRow): void {
    const early = this.#early.get(row.id)?.[0]?.row.changed.state?.[0]
    const before = (early ?? row.changed.state?.[0] ?? 'done') as JobState
    this.byState[before]--
    if (isSettled(before)) return
    const how = write.op === 'truncate' ? 'truncated' : 'deleted'
    const { at, write: number } = write
    this.settle({
      at,
      write: number,
      id: row.id,
      fn: null,
      how,
      before,
      excuse: null,
      reverted: false,
    })
  }
}

type WrittenRow = { readonly id: number; readonly changed: ChangedColumns }

function isWaiting(state: JobState | null): boolean {
  return (
    state === 'wait_dependencies' ||
    state === 'pending' ||
    state === 'enqueued' ||
    state === 'started'
  )
}

function freeSlot(job: JobTruth, at: number): void {
  if (job.lastRun !== null && job.lastRun.slotUntil === null) job.lastRun.slotUntil = at
}

/**
 * Which write of the engine is behind this move, although the world made it: the row that a cron or an automation
 * picked looked like that because of the engine; or the engine wrote into the row while it ran, so that its work was
 * rolled back (40001). Null = none.
 */
function instigatorOf(job: JobTruth, { to, by, cause }: MovedEvent): number | null {
  const comesBack = to === 'pending' || to === 'wait_dependencies'
  if (!comesBack) return job.broughtBackBy
  if (by === 'T8') return cause === 'conflict' ? (job.running?.disturbedBy ?? null) : null
  if (by === 'T3') return null
  return job.chosenBy ?? job.broughtBackBy
}
