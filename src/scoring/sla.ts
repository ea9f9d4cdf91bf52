/**
 * Critical jobs against their SLA (E3). The clock of a job on a broken target starts when the fault ends, since nobody
 * could have finished it before.
 */
import type { ActEvent } from '../journal/events.ts'
import { type Incident, isComplete } from './incident.ts'
import { isOldFailure, type JobTruth } from './replay/job-truth.ts'
import type { Replay } from './replay/replay.ts'

export interface CriticalJob {
  readonly job: JobTruth
  readonly firstDueAt: number
  /** Infinity = its target never came back. */
  readonly deadline: number
}

/** Jobs with an SLA that became due in [from, until), in the order of the journal. */
export function criticalJobs(replay: Replay, from: number, until: number): CriticalJob[] {
  const found: CriticalJob[] = []
  for (const job of replay.jobs.values()) {
    const { firstDueAt, operations } = job
    if (operations.slaMs === null || firstDueAt === null || job.insertedBy !== null) continue
    if (isOldFailure(job) || firstDueAt < from || firstDueAt >= until) continue
    found.push({ job, firstDueAt, deadline: deadlineOf(replay, job, firstDueAt, operations.slaMs) })
  }
  return found
}

function deadlineOf(replay: Replay, job: JobTruth, firstDueAt: number, slaMs: number): number {
  let clock = firstDueAt
  const windows = replay.windows.blockingWithin(job.operations.integration, firstDueAt, Infinity)
  for (const window of windows) {
    const isFinishedBefore = job.finishedAt !== null && job.finishedAt <= window.from
    if (!isFinishedBefore && window.from < clock + slaMs) clock = Math.max(clock, window.until)
  }
  return clock + slaMs
}

export type SlaOutcome = 'in time' | 'handed over' | 'late' | 'undecided'

/**
 * `undecided`: its time is not up when the journal ends, and it can still be done by itself: it waits or runs, or its
 * target is down. A job that stands in `failed`, or is gone, does not come back by itself: it is late now.
 */
export function slaOutcome(
  { job, deadline }: CriticalJob,
  replay: Replay,
  handedOver: ReadonlyMap<number, number>,
): SlaOutcome {
  if (job.finishedAt !== null && job.finishedAt <= deadline) return 'in time'
  const handedOverAt = handedOver.get(job.id)
  if (handedOverAt !== undefined && handedOverAt <= deadline && job.present) return 'handed over'
  if (deadline <= replay.endedAt) return 'late'
  const isGivenUp = !job.present || job.state === 'failed'
  const isDown = replay.windows.isDown(job.operations.integration, replay.endedAt)
  return isGivenUp && job.finishedAt === null && !isDown ? 'late' : 'undecided'
}

/**
 * Job → when it was handed over by id, where that counts: the truth says that it cannot finish safely by itself
 * (outcome unknown, poison, target down for good).
 */
export function validHandOvers(replay: Replay, incident: Incident): ReadonlyMap<number, number> {
  const unanswered = unansweredLookups(replay.acts)
  const handedOver = new Map<number, number>()
  for (const fix of incident.fixes) {
    if (!isComplete(fix)) continue
    for (const id of fix.subject.jobs ?? []) {
      const job = replay.jobs.get(id)
      if (job === undefined || handedOver.has(id)) continue
      if (!canFinishSafely(job, replay, unanswered)) handedOver.set(id, fix.at)
    }
  }
  return handedOver
}

/** Jobs about which the partner was asked and, at the last time, could not say. */
export function unansweredLookups(acts: readonly ActEvent[]): ReadonlySet<number> {
  const answers = new Map<number, string>()
  for (const act of acts) if (act.act === 'lookup') answers.set(act.id, act.answer)
  return new Set([...answers].filter(([, answer]) => answer === 'unknown').map(([id]) => id))
}

/** Whether the queue, or an engine that asks, can bring this job to its end without a person. */
export function canFinishSafely(
  job: JobTruth,
  replay: Replay,
  unanswered: ReadonlySet<number>,
): boolean {
  const { integration } = job.operations
  const down = replay.windows.blockingAt(integration, replay.endedAt)
  if (job.neverSucceeds || (down !== null && down.until === Infinity)) return false
  return !isOutcomeUnknown(job, replay, unanswered)
}

/** It failed or was killed in mid-call, a repetition would show, and the partner cannot say what happened. */
function isOutcomeUnknown(job: JobTruth, replay: Replay, unanswered: ReadonlySet<number>): boolean {
  const { effect, safety, integration } = job.operations
  const ended = job.lastRun?.outcome
  if (ended !== 'failed' && ended !== 'killed') return false
  if (effect !== 'once' && effect !== 'each') return false
  if (safety.kind === 'idempotent') return false
  const canBeAsked = replay.header.operations.integrations[integration ?? '']?.lookup === true
  return !canBeAsked || unanswered.has(job.id)
}

/** Share of the decided ones that were done in time or handed over, 0..1; null = none was decided. */
export function slaShare(outcomes: readonly SlaOutcome[]): number | null {
  const decided = outcomes.filter((outcome) => outcome !== 'undecided')
  if (decided.length === 0) return null
  return decided.filter((outcome) => outcome !== 'late').length / decided.length
}
