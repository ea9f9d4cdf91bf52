/**
 * What one row of an engine's write means for a job: the row changes, the job as the world would have it does not.
 */
import { parsePgTimestamp } from '../../foundation/time.ts'
import type { WriteEvent } from '../../journal/events.ts'
import type { ChangedColumns } from '../../queue-job/columns.ts'
import type { JobState } from '../../queue-job/job.ts'
import { isSettled, type JobTruth } from './job-truth.ts'
import type { JobsFold } from './jobs-fold.ts'
import { excuseOf, type Settlement } from './settlement.ts'

export function applyWrite(
  fold: JobsFold,
  job: JobTruth,
  write: WriteEvent,
  changed: ChangedColumns,
): void {
  if (job.running !== null) job.running.disturbedBy ??= write.write
  if (write.op === 'delete' || write.op === 'truncate') {
    if (job.present && !isSettled(job.state)) {
      settle(fold, job, write, write.op === 'truncate' ? 'truncated' : 'deleted')
    }
    fold.remove(job, write.at)
    return
  }
  if (changed.eta !== undefined) {
    job.eta = changed.eta[1] === null ? null : parsePgTimestamp(changed.eta[1])
    job.etaBy = write.write
  }
  if (changed.channel !== undefined) {
    job.channel = changed.channel[1] ?? 'root'
    job.channelBy = job.channel === job.ownChannel ? null : write.write
  }
  if (changed.state !== undefined) setState(fold, job, write, changed.state[1] as JobState)
  const isDated =
    changed.date_started !== undefined ||
    changed.date_enqueued !== undefined ||
    changed.worker_pid !== undefined
  if (isDated) job.chosenBy = write.write
}

function setState(fold: JobsFold, job: JobTruth, write: WriteEvent, to: JobState): void {
  const wasSettled = isSettled(job.state)
  if (isSettled(to) && !wasSettled) {
    settle(fold, job, write, to === 'done' ? 'set done' : 'cancelled')
  } else if (wasSettled && !isSettled(to)) {
    fold.takeBack(job)
  }
  fold.setState(job, to, write.at)
  job.chosenBy = write.write
  job.broughtBackBy = to === 'pending' || to === 'enqueued' ? write.write : null
}

function settle(fold: JobsFold, job: JobTruth, write: WriteEvent, how: Settlement['how']): void {
  const excuse = excuseOf(job, fold.ledger, fold.newestOfKey.of(job))
  fold.settle({
    at: write.at,
    write: write.write,
    id: job.id,
    fn: job.fn,
    how,
    before: job.state,
    excuse,
    reverted: false,
  })
  if (excuse !== null) job.finishedAt ??= write.at
}
