/**
 * Leftovers, pure: which `started` rows have no worker any more, and what may be done with each. A long job looks the
 * same in the table; only its process tells. And what a killed worker had done outside, the row does not say.
 */
import type { SafetyCatalogue } from '../../contract.ts'
import { repeatOf } from '../flows.ts'
import type { Leftover } from '../memory.ts'
import { isWithinRetention } from '../retry/observe.ts'
import { deadRuns } from '../signals/decide.ts'
import type { Facts, RunningJob } from '../signals/observe.ts'

/** Counts at how many checks each dead run was seen; runs that ended, or whose worker is alive, are forgotten. */
export function countLeftovers(
  facts: Facts,
  before: ReadonlyMap<number, Leftover>,
): ReadonlyMap<number, Leftover> {
  const counted = new Map<number, Leftover>()
  for (const { id, startedAt } of deadRuns(facts)) {
    if (startedAt === null) continue
    const known = before.get(id)
    const checksSeen = known?.startedAt === startedAt ? known.checksSeen + 1 : 1
    counted.set(id, { startedAt, checksSeen })
  }
  return counted
}

/** `requeue` — documented safe; `ask` — only the partner knows; `fail` — nobody can be asked: free the slot, hand over. */
export type LeftoverVerdict = 'requeue' | 'ask' | 'fail'

export function judgeLeftover(
  job: RunningJob,
  now: number,
  retentionMarginMs: number,
  catalogue: SafetyCatalogue,
): LeftoverVerdict {
  const repeat = repeatOf(job.fn, catalogue)
  if (repeat === 'safe') return 'requeue'
  if (repeat === 'keyed' && isWithinRetention(job, now, retentionMarginMs, catalogue)) {
    return 'requeue'
  }
  return (catalogue[job.fn]?.integration ?? null) === null ? 'fail' : 'ask'
}

/** `enqueued` for long and never started: no worker has it, and none will. */
export function isForgotten(job: RunningJob, now: number, enqueuedMs: number): boolean {
  return (
    job.state === 'enqueued' &&
    job.startedAt === null &&
    job.enqueuedAt !== null &&
    now - job.enqueuedAt >= enqueuedMs
  )
}
