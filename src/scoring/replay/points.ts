/**
 * What the scorer looks at minute by minute, and every five minutes in full: the state just before whatever happens at
 * that moment, so a check on the same grid is judged by what it found.
 */
import type { JobState } from '../../queue-job/job.ts'
import { MINUTE } from '../../foundation/time.ts'
import type { FaultWindows } from './fault-windows.ts'
import { type JobTruth, isDue } from './job-truth.ts'

/** Grid of the criteria, from the start (DESIGN 6.3). */
export const GRID_MS = 5 * MINUTE

export interface MinutePoint {
  readonly at: number
  /** Rows in `pending`, and those of them whose eta has come. */
  readonly pending: number
  readonly due: number
  /** Rows in `started`. */
  readonly started: number
  /** B(t) of E1. */
  readonly dueBacklog: number
  /** Critical jobs beyond their SLA and not finished. */
  readonly criticalOverdue: number
  /** Of the minute that ends here. */
  cpu: number
  httpWorkers: number
  rootCapacity: number
}

export interface ChannelDepth {
  readonly pending: number
  readonly due: number
  /** Seconds since the oldest due job became due. */
  readonly oldestAge: number
}

export interface GridPoint extends MinutePoint {
  readonly byState: Readonly<Record<JobState, number>>
  readonly byChannel: Readonly<Record<string, ChannelDepth>>
}

/**
 * B(t): not finished, and waiting for a slot or holding one by the world's own rules, whatever eta, state or channel
 * an engine wrote; or brought back by an engine and waiting. Jobs whose target is down in the truth are left out.
 */
function isInDueBacklog(job: JobTruth, at: number, windows: FaultWindows): boolean {
  if (job.finishedAt !== null) return false
  const isWaiting =
    isDue(job.ownState, job.ownEta, at) || (job.present && isDue(job.state, job.eta, at))
  return isWaiting && !windows.isDown(job.operations.integration, at)
}

export function minutePoint(
  at: number,
  open: Iterable<JobTruth>,
  critical: Iterable<JobTruth>,
  windows: FaultWindows,
): MinutePoint {
  let pending = 0
  let due = 0
  let started = 0
  let dueBacklog = 0
  for (const job of open) {
    if (job.present && job.state === 'pending') {
      pending++
      if (job.eta === null || job.eta <= at) due++
    } else if (job.present && job.state === 'started') {
      started++
    }
    if (isInDueBacklog(job, at, windows)) dueBacklog++
  }
  let criticalOverdue = 0
  for (const job of critical) {
    const { firstDueAt, operations } = job
    if (firstDueAt !== null && at - firstDueAt > (operations.slaMs ?? Infinity)) criticalOverdue++
  }
  return {
    at,
    pending,
    due,
    started,
    dueBacklog,
    criticalOverdue,
    cpu: 0,
    httpWorkers: 0,
    rootCapacity: 0,
  }
}

export function channelDepths(
  at: number,
  open: Iterable<JobTruth>,
): Readonly<Record<string, ChannelDepth>> {
  const depths = new Map<string, { pending: number; due: number; oldestAge: number }>()
  for (const job of open) {
    if (!job.present || job.state !== 'pending') continue
    let depth = depths.get(job.channel)
    if (depth === undefined) depths.set(job.channel, (depth = { pending: 0, due: 0, oldestAge: 0 }))
    depth.pending++
    if (job.eta !== null && job.eta > at) continue
    depth.due++
    const since = Math.max(job.createdAt, job.eta ?? job.createdAt)
    depth.oldestAge = Math.max(depth.oldestAge, Math.round((at - since) / 1000))
  }
  return Object.fromEntries([...depths].sort(([left], [right]) => (left < right ? -1 : 1)))
}
