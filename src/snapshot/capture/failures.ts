/** The failure mix of a job function in normal operation: shares of its runs by signature, most frequent first. */
import { readTraceback, signatureOf } from '../../queue-job/signature.ts'
import type { WorkloadFailure } from '../../queue-job/workload.ts'
import type { FailureGroup } from './history.ts'
import type { ValueMasks } from './mask-values.ts'

/** The mix of one function; what is rarer says nothing about an ordinary week. */
const SIGNATURES_MAX = 12
const MESSAGE_LENGTH_MAX = 300
/** Shares are cut, not rounded: their sum must not exceed 1. */
const DIGITS = 1e6

/** `weeks`: how many back from the capture count. `jobs`: those created in them. */
export function failureMix(
  groups: readonly FailureGroup[],
  { weeks, jobs, masks }: { weeks: number; jobs: number; masks: ValueMasks },
): WorkloadFailure[] {
  const mix = new Map<string, { excName: string; excMessage: string; rows: number }>()
  for (const { excName, sample, week, rows } of groups) {
    if (week >= weeks) continue
    const failure = excName === null ? raised(sample) : { excName, excMessage: sample }
    const signature = signatureOf({ jobFunction: '', excInfo: null, result: null, ...failure })
    if (signature === null || failure.excName === '') continue
    const before = mix.get(signature)
    if (before === undefined) mix.set(signature, { ...failure, rows })
    else before.rows += rows
  }
  const failed = [...mix.values()].reduce((sum, { rows }) => sum + rows, 0)
  const runs = Math.max(jobs, failed)
  return [...mix.entries()]
    .sort(([left, a], [right, b]) => b.rows - a.rows || (left < right ? -1 : 1))
    .slice(0, SIGNATURES_MAX)
    .map(([, { excName, excMessage, rows }]) => ({
      excName: masks.name('exc_name', excName),
      excMessage: masks.text(excMessage.slice(0, MESSAGE_LENGTH_MAX)),
      share: Math.floor((rows / runs) * DIGITS) / DIGITS,
    }))
    .filter(({ share }) => share > 0)
}

/** `ValueError: no such thing` at the end of a traceback. */
function raised(traceback: string): { excName: string; excMessage: string } {
  const { className, message } = readTraceback(traceback)
  return { excName: className, excMessage: message }
}
