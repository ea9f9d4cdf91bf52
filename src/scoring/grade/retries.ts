/** What the engine brought back: each row that a write of it set to pending, with what was known of the job then. */
import type { Replay } from '../replay/replay.ts'
import type { JobTruth } from '../replay/job-truth.ts'

export interface Retried {
  readonly at: number
  readonly write: number
  readonly job: JobTruth
  readonly from: string
}

/** Rows that the engine set to pending, in order. A row that never ran (enqueued → pending) repeats nothing. */
export function retriedJobs({ writes, jobs }: Replay): Retried[] {
  const found: Retried[] = []
  for (const { at, write, op, rows } of writes) {
    if (op !== 'update') continue
    for (const { id, changed } of rows) {
      const job = jobs.get(id)
      const [from, to] = changed.state ?? [null, null]
      if (job === undefined || to !== 'pending' || from === null) continue
      if (from !== 'enqueued' && from !== 'wait_dependencies') found.push({ at, write, job, from })
    }
  }
  return found
}
