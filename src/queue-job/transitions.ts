/**
 * What each transition T1–T17 of the addon writes into a row: one pure function each, giving the patch. Columns that a
 * patch does not name stay as they are; several failure modes live on what is kept (eta after a requeue, dates after a
 * dispatch) and what is wiped. When Odoo loads a job it does not load exc_name and exc_message, so every store of a
 * loaded job empties these two, except that of a failure.
 */
import { SECOND } from '../foundation/time.ts'
import type { JobMutable, JobRow, JobState } from './job.ts'

/** Columns to write; the others stay. */
export type JobPatch = Partial<JobMutable>

/** What a failed run leaves in the row. */
export interface Failure {
  /** `module.Class` as Python prints it: `requests.exceptions.ReadTimeout`, `builtins.ValueError`. */
  readonly excName: string
  readonly excMessage: string
  /** The traceback. */
  readonly excInfo: string
}

const NO_EXCEPTION = { excName: null, excMessage: null, excInfo: null } as const
/** What a store of a loaded job wipes without being asked to. */
const NOT_LOADED = { excName: null, excMessage: null } as const

/** T1, and T2 for a job that has a parent. The other columns of the new row are its identity. */
export function create(job: {
  readonly priority: number
  readonly maxRetries: number
  readonly eta: number | null
  /** The argument of the creator, else the job function's channel, else `root`. */
  readonly channel: string
  readonly hasParent: boolean
}): JobMutable {
  return {
    state: waitingState(job.hasParent),
    priority: job.priority,
    retry: 0,
    maxRetries: job.maxRetries,
    eta: job.eta,
    channel: job.channel,
    dateEnqueued: null,
    dateStarted: null,
    dateDone: null,
    dateCancelled: null,
    execTime: 0,
    ...NO_EXCEPTION,
    result: null,
    workerPid: 0,
  }
}

/** T3: the last parent became done. State only. */
export function wake(): JobPatch {
  return { state: 'pending' }
}

/** T4: the runner dispatches. Without any condition on the state: also a done or started row is pushed back. */
export function enqueue(now: number): JobPatch {
  return { state: 'enqueued', dateEnqueued: Math.floor(now / SECOND) * SECOND }
}

/** T5: the HTTP request failed or took longer than a second. Only if still `enqueued`: else null, nothing is written. */
export function undoEnqueue(row: Pick<JobRow, 'state'>): JobPatch | null {
  if (row.state !== 'enqueued') return null
  return { state: 'pending', dateEnqueued: null, dateStarted: null }
}

/** T6: a worker takes the job, in a commit of its own. retry grows only when the run ends. */
export function start(now: number, pid: number): JobPatch {
  return { state: 'started', dateStarted: now, workerPid: pid, ...NOT_LOADED }
}

/**
 * T7: the run returned; also T17, where `result` is the text of NothingToDoJob. `result`: text of the return value, null
 * or empty where it was falsy.
 */
export function done(
  row: Pick<JobRow, 'retry' | 'dateStarted'>,
  now: number,
  result: string | null,
): JobPatch {
  return {
    state: 'done',
    retry: row.retry + 1,
    dateDone: now,
    ...execTimeSince(row.dateStarted, now),
    result: result === '' ? null : result,
    ...NO_EXCEPTION,
  }
}

/** T8: RetryableJobError or a concurrency error; the job's own work is rolled back. `delayMs` by `retry.ts`. */
export function postpone(
  row: Pick<JobRow, 'retry'>,
  now: number,
  delayMs: number,
  message: string,
  options: { readonly ignoreRetry: boolean; readonly waitsForParent: boolean },
): JobPatch {
  return {
    state: waitingState(options.waitsForParent),
    eta: now + delayMs,
    retry: options.ignoreRetry ? row.retry : row.retry + 1,
    result: message,
    ...NO_EXCEPTION,
    dateEnqueued: null,
    dateStarted: null,
    dateDone: null,
    workerPid: 0,
  }
}

/** T9: the run failed. Dates and worker stay, date_done stays empty: a row has no time of its failure. */
export function fail(row: Pick<JobRow, 'retry'>, failure: Failure): JobPatch {
  return {
    state: 'failed',
    retry: row.retry + 1,
    excName: failure.excName,
    excMessage: failure.excMessage,
    excInfo: failure.excInfo,
  }
}

/** States that T10 and T13 take: the wizard has no filter, but leaves out jobs that wait for a parent. */
export function canRequeue(state: JobState): boolean {
  return state !== 'wait_dependencies'
}

/**
 * T10 (operator) and T13 (cron): back to pending with retry 0. eta, exc_info and result stay: a job postponed to the
 * future still waits for it.
 */
export function requeue(options: { readonly waitsForParent: boolean }): JobPatch {
  return {
    state: waitingState(options.waitsForParent),
    retry: 0,
    dateEnqueued: null,
    dateStarted: null,
    dateDone: null,
    dateCancelled: null,
    execTime: 0,
    workerPid: 0,
    ...NOT_LOADED,
  }
}

/** T11: an operator called `by` sets the job done; wakes its children like a run. */
export function setDone(row: Pick<JobRow, 'dateStarted'>, now: number, by: string): JobPatch {
  return {
    state: 'done',
    dateDone: now,
    ...execTimeSince(row.dateStarted, now),
    result: `Manually set to done by ${by}`,
    ...NO_EXCEPTION,
  }
}

/** States that T12 takes in the 2024 line. */
export function canCancel(state: JobState): boolean {
  return state === 'pending' || state === 'enqueued' || state === 'failed'
}

/** T12: an operator called `by` cancels. eta, retry and the other dates stay. */
export function cancel(now: number, by: string): JobPatch {
  return { state: 'cancelled', dateCancelled: now, result: `Cancelled by ${by}`, ...NOT_LOADED }
}

/** T16: an operator's `update … set state = 'pending'`. State only: dates and worker_pid stay. */
export function pendingByHand(): JobPatch {
  return { state: 'pending' }
}

function waitingState(waitsForParent: boolean): JobState {
  return waitsForParent ? 'wait_dependencies' : 'pending'
}

function execTimeSince(dateStarted: number | null, now: number): Pick<JobPatch, 'execTime'> {
  return dateStarted === null ? {} : { execTime: (now - dateStarted) / SECOND }
}
