/**
 * A job that an engine took out of the queue: deleted, cancelled, or set done before it had run. That is a loss unless
 * the truth says that nothing is missing (DESIGN 6.2 b). Judged at the moment of the write; a settlement that is taken
 * back while the row still exists loses nothing.
 */
import type { JobState } from '../../queue-job/job.ts'
import { type JobTruth, isSettled } from './job-truth.ts'
import type { EffectLedger } from './ledger.ts'

export interface Settlement {
  readonly at: number
  readonly write: number
  readonly id: number
  /** Null for a row that was never seen in this journal. */
  readonly fn: string | null
  readonly how: 'deleted' | 'truncated' | 'cancelled' | 'set done'
  readonly before: JobState
  /** Why nothing is missing; null = it is. */
  readonly excuse: 'had happened' | 'superseded' | 'can never run' | null
  /** The row went on later: the settlement was taken back. */
  reverted: boolean
}

/** What the truth says at the moment of the write. */
export function excuseOf(
  job: JobTruth,
  ledger: EffectLedger,
  newestOfKey: JobTruth | undefined,
): Settlement['excuse'] {
  const { effect } = job.operations
  if (effect !== 'none' && ledger.hasHappened(job)) return 'had happened'
  if (job.neverSucceeds) return 'can never run'
  if (effect === 'set' && (ledger.newestValueAt(job.key) ?? -Infinity) > job.createdAt) {
    return 'superseded'
  }
  // Every call of `each` counts: a newer one does not stand for this one.
  if (effect !== 'each' && newestOfKey !== undefined && newestOfKey !== job) return 'superseded'
  return null
}

/** The newest job of each key that still stands for what the key wants. */
export class NewestOfKey {
  readonly #newest = new Map<string, JobTruth>()

  add(job: JobTruth): void {
    const known = this.#newest.get(job.key)
    if (known === undefined || !stands(known) || isNewer(job, known)) this.#newest.set(job.key, job)
  }

  of(job: JobTruth): JobTruth | undefined {
    const newest = this.#newest.get(job.key)
    return newest !== undefined && newest !== job && stands(newest) && isNewer(newest, job)
      ? newest
      : undefined
  }
}

function isNewer(left: JobTruth, right: JobTruth): boolean {
  if (left.createdAt !== right.createdAt) return left.createdAt > right.createdAt
  return left.id > right.id
}

/** Done, or still going to run; a failed one stands for nothing. */
function stands(job: JobTruth): boolean {
  if (!job.present) return false
  return job.state === 'done'
    ? job.finishedAt !== null
    : !isSettled(job.state) && job.state !== 'failed'
}
