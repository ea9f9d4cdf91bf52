/**
 * One job as the scorer follows it: the row as it stands in the table (the world's moves and the engine's writes), and
 * beside it the job as the world alone would have it. The second is what hiding cannot change: an eta, state or
 * channel that an engine wrote is in the row, never in `own…`.
 */
import type { Cause, LoadedEvent } from '../../journal/events.ts'
import type { JobState } from '../../queue-job/job.ts'
import type { FunctionOperations } from '../../queue-job/operations.ts'

/** What the journal says of a job when it first names it. */
interface Named {
  readonly at: number
  readonly id: number
  readonly fn: string
  readonly state: JobState
  readonly channel: string
  readonly eta: number | null
  readonly key: string
}

/** A class, not a literal: hundreds of thousands of these are read every virtual minute. */
export class JobTruth {
  readonly id: number
  readonly fn: string
  readonly key: string
  readonly operations: FunctionOperations
  /** State at the start; null = it came during the drill. */
  loadedAs: JobState | null = null
  createdAt: number
  /** Number of the engine's write that inserted the row; null = it is the business's. */
  insertedBy: number | null = null
  /** Its effect had happened before the start. */
  effectBefore = false
  /** `date_started` that it was loaded with. */
  startedBefore: number | null = null
  /** Truth: it fails at every try for a reason of its own. */
  neverSucceeds = false

  /** The row is in the table. */
  present = true
  state: JobState
  eta: number | null
  channel: string
  /** Channel that the business gave it. */
  readonly ownChannel: string
  /** As the world alone would have it; null = the world knows no such job (the engine inserted it). */
  ownState: JobState | null
  ownEta: number | null

  /** When the world's own rules first let it run, virtual ms; null = not yet, or it was loaded as failed. */
  firstDueAt: number | null
  /** Really finished: a run returned, or the row was settled and the truth agrees. */
  finishedAt: number | null = null
  /** Signature of its last failure or postponement. */
  signature: string | null = null
  /** When its last failed or postponed run of this journal ended; null = none did. */
  failedAt: number | null = null
  /** The run that ended last. */
  lastRun: RunTruth | null = null
  /** Run that a worker performs now. */
  running: RunTruth | null = null

  /** Numbers of the engine's writes that the row shows now; null = the world's value. */
  etaBy: number | null = null
  channelBy: number | null = null
  /** State or dates by which cron and automations choose rows. */
  chosenBy: number | null = null
  /** The engine's write that is behind the row being pending, also where the world moved it there; null = none. */
  broughtBackBy: number | null = null

  constructor(named: Named, operations: FunctionOperations) {
    this.id = named.id
    this.fn = named.fn
    this.key = named.key
    this.operations = operations
    this.createdAt = named.at
    this.state = named.state
    this.eta = named.eta
    this.channel = named.channel
    this.ownChannel = named.channel
    this.ownState = named.state
    this.ownEta = named.eta
    this.firstDueAt = dueAt(named.state, named.eta, named.at)
  }
}

/** One execution. */
export interface RunTruth {
  readonly run: number
  readonly job: number
  readonly fn: string
  readonly cause: Cause
  /** The engine's write without which the world would not have brought the row back; null = none. */
  readonly engineBehind: number | null
  readonly startedAt: number
  endedAt: number | null
  outcome: 'done' | 'postponed' | 'failed' | 'killed' | 'conflict' | null
  fault: number | null
  signature: string | null
  /** Until when it held a slot: its end, or, where its worker was killed, when the row left `started`. */
  slotUntil: number | null
  /** Killed because the memory was used up. */
  outOfMemory: boolean
  /** First write of the engine into the row while it ran. */
  disturbedBy: number | null
}

export function loadedJob(event: LoadedEvent, operations: FunctionOperations): JobTruth {
  const job = new JobTruth(event, operations)
  job.loadedAs = event.state
  job.createdAt = event.dateCreated
  job.startedBefore = event.dateStarted
  job.effectBefore = event.effect === 'happened'
  job.neverSucceeds = event.neverSucceeds === true
  job.signature = event.signature
  if (isSettled(event.state)) job.finishedAt = event.at
  return job
}

export function arrivedJob(
  event: Named,
  operations: FunctionOperations,
  insertedBy: number | null,
): JobTruth {
  const job = new JobTruth(event, operations)
  if (insertedBy === null) return job
  job.insertedBy = insertedBy
  job.ownState = null
  job.firstDueAt = null
  return job
}

/** When a row that has this state at `at` is due; null = not by itself. */
export function dueAt(state: JobState, eta: number | null, at: number): number | null {
  if (state === 'pending') return Math.max(at, eta ?? at)
  return state === 'enqueued' || state === 'started' ? at : null
}

/** Whether it waits for a slot or holds one, at `at`, by this state and eta. */
export function isDue(state: JobState | null, eta: number | null, at: number): boolean {
  if (state === 'pending') return eta === null || eta <= at
  return state === 'enqueued' || state === 'started'
}

/** Loaded as failed: the failure is older than the drill. */
export function isOldFailure(job: JobTruth): boolean {
  return job.loadedAs === 'failed'
}

export function isSettled(state: JobState | null): boolean {
  return state === 'done' || state === 'cancelled'
}
