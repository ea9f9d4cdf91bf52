/**
 * Run times as a histogram with logarithmic steps: the server counts instead of sorting, and its quantiles are right to
 * about two percent, however many jobs there are.
 */
import { DURATION_PROBABILITIES } from '../../queue-job/workload.ts'

/** Steps in a factor of e: each is 4 % wide. */
const STEPS = 25

export interface DurationHistogram {
  /** round(STEPS × ln(ms)), 0 for all below 1 ms → runs. */
  readonly buckets: Map<number, number>
  leastMs: number
  mostMs: number
}

/** Where no run of any function is known: short, with a long tail, as most jobs of a mid-size Odoo. */
const UNKNOWN_MS = [20, 60, 150, 300, 700, 1_800, 3_500, 10_000, 30_000]

/** SQL: the step of a run time in ms; NULL for none, and for a negative one. */
export function durationBucketSql(ms: string): string {
  return `case when ${ms} >= 0 then round(${STEPS} * ln(greatest(${ms}, 1)))::int4 end`
}

export function mergeDurations(histograms: Iterable<DurationHistogram>): DurationHistogram {
  const sum: DurationHistogram = { buckets: new Map(), leastMs: Infinity, mostMs: 0 }
  for (const { buckets, leastMs, mostMs } of histograms) {
    for (const [step, runs] of buckets) sum.buckets.set(step, (sum.buckets.get(step) ?? 0) + runs)
    sum.leastMs = Math.min(sum.leastMs, leastMs)
    sum.mostMs = Math.max(sum.mostMs, mostMs)
  }
  return sum
}

/** Whole ms at DURATION_PROBABILITIES, ascending; `otherwise` where the function never ended a run. */
export function durationQuantiles(
  { buckets, leastMs, mostMs }: DurationHistogram,
  otherwise: readonly number[] = UNKNOWN_MS,
): number[] {
  if (buckets.size === 0) return [...otherwise]
  const steps = [...buckets].sort(([left], [right]) => left - right)
  const runs = steps.reduce((sum, [, count]) => sum + count, 0)
  const quantiles = DURATION_PROBABILITIES.map((probability) => {
    if (probability === 0) return leastMs
    if (probability === 1) return mostMs
    let below = 0
    for (const [step, count] of steps) {
      if (below + count < probability * runs) {
        below += count
        continue
      }
      const within = (probability * runs - below) / count
      const ms = Math.exp((step - 0.5 + within) / STEPS)
      return Math.min(mostMs, Math.max(leastMs, ms))
    }
    return mostMs
  })
  return quantiles.map((ms) => Math.round(ms))
}
