/** The traffic of a workload as an operator reads it: when jobs arrive, how long they take, how often they fail. */
import { DURATION_PROBABILITIES } from '../../queue-job/workload.ts'
import type { Workload, WorkloadFunction } from '../../queue-job/workload.ts'

/** Jobs an hour; both are means over the week of the workload. */
export interface Rhythm {
  /** 24 numbers, 0:00 UTC first. */
  readonly hourOfDay: readonly number[]
  /** 7 numbers, Monday first. */
  readonly dayOfWeek: readonly number[]
}

export interface FunctionTraffic extends Rhythm {
  readonly jobsPerDay: number
  /** Run time in ms. */
  readonly durationMs: Readonly<Record<'p50' | 'p90' | 'p99' | 'max', number>>
  /** Share of all runs that fail, 0..1. */
  readonly failureShare: number
  /** Mean size of the bursts in which jobs come. */
  readonly burstMean: number
}

export function trafficOf(fn: WorkloadFunction): FunctionTraffic {
  const quantile = (probability: (typeof DURATION_PROBABILITIES)[number]) =>
    fn.durationMs[DURATION_PROBABILITIES.indexOf(probability)]!
  return {
    jobsPerDay: sum(fn.ratePerHour) / 7,
    ...rhythmOf(fn.ratePerHour),
    durationMs: {
      p50: quantile(0.5),
      p90: quantile(0.9),
      p99: quantile(0.99),
      max: quantile(1),
    },
    failureShare: sum(fn.failures.map(({ share }) => share)),
    burstMean: fn.burstMean,
  }
}

/** Of all functions together. */
export function wholeRhythm({ functions }: Workload): Rhythm {
  return rhythmOf(
    Array.from({ length: 168 }, (_, hour) => sum(functions.map((fn) => fn.ratePerHour[hour]!))),
  )
}

/** `ratePerHour`: of the 168 hours of the week. */
function rhythmOf(ratePerHour: readonly number[]): Rhythm {
  const mean = (length: number, has: (hour: number, index: number) => boolean) =>
    Array.from({ length }, (_, index) => {
      const rates = ratePerHour.filter((_rate, hour) => has(hour, index))
      return sum(rates) / rates.length
    })
  return {
    hourOfDay: mean(24, (hour, index) => hour % 24 === index),
    dayOfWeek: mean(7, (hour, index) => Math.floor(hour / 24) === index),
  }
}

function sum(list: readonly number[]): number {
  return list.reduce((all, value) => all + value, 0)
}
