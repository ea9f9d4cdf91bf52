/** How single jobs of the past went: from a moment of creation to a settled draft. */
import type { Random } from '../../foundation/random.ts'
import { HOUR, SECOND } from '../../foundation/time.ts'
import { durationAt } from '../../queue-job/workload.ts'
import type { WorkloadFailure } from '../../queue-job/workload.ts'
import { MICROSECONDS } from './draft.ts'
import type { JobDraft } from './draft.ts'
import type { JobFunction } from './job-function.ts'

/** The addon's delay where a postponing job names none. */
const POSTPONE_SECONDS = 600

/** Waiting for a slot and a worker: tens of milliseconds, now and then seconds. */
function waitUs(draw: Random): number {
  return Math.round((0.04 + draw.exponential(draw.chance(0.05) ? 4 : 0.25)) * 1e6)
}

function runUs(fn: JobFunction, draw: Random): number {
  return Math.max(1000, Math.round(durationAt(fn.durationMs, draw.next()) * MICROSECONDS))
}

/** Finished before `endUs`; a few needed more than one try, a few were set to done by hand. */
export function doneJob(fn: JobFunction, createdUs: number, endUs: number, draw: Random): JobDraft {
  const postponed = fn.retryPattern !== null && draw.chance(0.015) ? draw.int(1, 3) : 0
  const delayUs = (fn.retryPattern?.['1'] ?? POSTPONE_SECONDS) * 1e6
  const firstUs = createdUs + waitUs(draw)
  const etaUs = postponed === 0 ? undefined : firstUs + postponed * delayUs + draw.int(0, 999_999)
  const startUs = etaUs === undefined ? firstUs : etaUs + waitUs(draw)
  // What is still running at the capture is not part of the past: such a run ends a little earlier instead.
  const doneUs = Math.min(startUs + runUs(fn, draw), endUs - 1000)
  const startedUs = Math.min(startUs, doneUs - 500)
  const byHand = draw.chance(0.0015) && doneUs + 4 * HOUR * MICROSECONDS < endUs
  const result = byHand ? 'Manually set to done by Administrator' : resultText(fn, draw)
  return {
    fn,
    state: 'done',
    createdUs,
    retry: postponed + 1,
    etaUs: etaUs === undefined || etaUs > startedUs ? undefined : etaUs,
    enqueuedUs: Math.max(createdUs, startedUs - draw.int(15_000, 90_000)),
    startedUs: Math.max(createdUs, startedUs),
    doneUs: byHand ? doneUs + draw.int(1, 3 * HOUR) * MICROSECONDS : doneUs,
    cancelledUs: undefined,
    failure: undefined,
    result,
    uuid: undefined,
    graph: undefined,
  }
}

function resultText(fn: JobFunction, draw: Random): string | undefined {
  if (fn.operations?.role === 'export') return `${draw.int(40, 9000)} lines written`
  if (fn.integration === null) return undefined
  return draw.chance(0.3) ? 'OK' : undefined
}

/** Failed for good (T9): the dates of the run are kept, date_done stays empty. */
export function failedJob(
  fn: JobFunction,
  failure: WorkloadFailure,
  createdUs: number,
  draw: Random,
): JobDraft {
  const startedUs = createdUs + waitUs(draw)
  const exhausted = failure.excName.endsWith('FailedJobError')
  return {
    fn,
    state: 'failed',
    createdUs,
    retry: exhausted ? fn.maxRetries : 1,
    enqueuedUs: Math.max(createdUs, startedUs - draw.int(15_000, 90_000)),
    startedUs,
    failure,
  }
}

/** Cancelled by a person some hours later, at the latest before `endUs`. */
export function cancelledJob(
  fn: JobFunction,
  createdUs: number,
  endUs: number,
  draw: Random,
): JobDraft {
  const laterUs = draw.int(60, 40 * 3600) * SECOND * MICROSECONDS + draw.int(0, 999_999)
  return {
    fn,
    state: 'cancelled',
    createdUs,
    retry: 0,
    cancelledUs: Math.min(createdUs + laterUs, Math.floor((createdUs + endUs) / 2)),
    result: 'Cancelled by Administrator',
  }
}
