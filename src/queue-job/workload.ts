/**
 * The traffic of a queue, aggregated over its whole history (`workload.json`): what the world draws arrivals and
 * durations from. Rows of a snapshot may be thinned, the workload is whole.
 */

/** Probabilities of the duration quantiles, in this order. */
export const DURATION_PROBABILITIES = [0, 0.05, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 1] as const

/** One line of the failure mix of a job function in normal operation. */
export interface WorkloadFailure {
  /** Python class as the table has it: `requests.exceptions.ReadTimeout`. */
  readonly excName: string
  readonly excMessage: string
  /** Share of all runs that end like this, 0..1. */
  readonly share: number
}

export interface WorkloadFunction {
  /** `<model>.<method>`. */
  readonly name: string
  readonly channel: string
  readonly priority: number
  readonly maxRetries: number
  /** Seconds by try, as `queue_job_function.retry_pattern` (pairs = random in between); null = none. */
  readonly retryPattern: Readonly<Record<string, number | readonly [number, number]>> | null
  /** Jobs an hour for each of the 168 hours of the week, Monday 00:00 UTC first. */
  readonly ratePerHour: readonly number[]
  /** Run time in ms at DURATION_PROBABILITIES, ascending. */
  readonly durationMs: readonly number[]
  /** Share of the run time that is CPU, 0..1; the rest waits (database, partner). */
  readonly cpuShare: number
  /** Peak memory of a run above the idle worker, MB. */
  readonly memoryMb: number
  readonly failures: readonly WorkloadFailure[]
  /** Jobs come in bursts of this mean size (1 = singly). */
  readonly burstMean: number
  /** Model of the recordset, and how many distinct records are in play: null = each job has a record of its own. */
  readonly model: string
  readonly recordPool: number | null
  /** First argument of the call: nothing, or a value that travels in the job (a level, a price). */
  readonly argument: 'none' | 'value'
  /** Whether creators set an identity key. */
  readonly identityKey: boolean
  readonly companyIds: readonly number[]
}

export interface Workload {
  readonly format: 'queue-drill-workload/1'
  /** Jobs a day, mean over the week. */
  readonly jobsPerDay: number
  readonly functions: readonly WorkloadFunction[]
}

/** Run time in ms at a probability 0..1: linear between the given quantiles. */
export function durationAt(durationMs: readonly number[], probability: number): number {
  const last = DURATION_PROBABILITIES.length - 1
  let step = 1
  while (step < last && probability > DURATION_PROBABILITIES[step]!) step += 1
  const from = DURATION_PROBABILITIES[step - 1]!
  const share = (probability - from) / (DURATION_PROBABILITIES[step]! - from)
  const low = durationMs[step - 1]!
  return low + (durationMs[step]! - low) * Math.min(1, Math.max(0, share))
}

/** Mean run time in ms of what `durationAt` draws. */
export function meanDurationMs(durationMs: readonly number[]): number {
  return DURATION_PROBABILITIES.slice(1).reduce<number>((sum, probability, index) => {
    const width = probability - DURATION_PROBABILITIES[index]!
    return sum + (width * (durationMs[index]! + durationMs[index + 1]!)) / 2
  }, 0)
}
