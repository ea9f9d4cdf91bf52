/**
 * What becomes of a run that raised: postponed and for how long, or failed (reference 5.1, 5.2). Concurrency errors are
 * retried without limit, RetryableJobError up to max_retries, everything else fails at once.
 */
import { SECOND } from '../foundation/time.ts'
import { DrillError } from '../foundation/errors.ts'
import type { Random } from '../foundation/random.ts'
import type { JobRow } from './job.ts'
import type { Failure } from './transitions.ts'

/** Try → seconds; a pair is a random whole number of seconds in between, both ends included. */
export type RetryPattern = Readonly<Record<string, number | readonly [number, number]>>

/** `RETRY_INTERVAL`: the delay where neither exception nor pattern says one. */
const DEFAULT_RETRY_DELAY_MS = 600 * SECOND
/** `PG_RETRY`: the delay after a concurrency error of PostgreSQL. */
const CONCURRENCY_RETRY_DELAY_MS = 5 * SECOND
/** What a RetryableJobError becomes when the tries are used up. */
const FAILED_JOB_ERROR = 'odoo.addons.queue_job.exception.FailedJobError'

/** How a run ended that did not return. */
export type RunError =
  /** RetryableJobError; `seconds` as the job gave it, null or 0 = by the pattern. */
  | {
      readonly kind: 'retryable'
      readonly message: string
      readonly seconds: number | null
      readonly ignoreRetry: boolean
      readonly traceback: string
    }
  /** 40001, 40P01 or 55P03; `message` is PostgreSQL's. */
  | { readonly kind: 'concurrency'; readonly message: string }
  /** Any other exception. */
  | { readonly kind: 'exception'; readonly failure: Failure }

/** Goes into `postpone` or `fail` of transitions.ts. */
export type RunOutcome =
  | {
      readonly kind: 'postpone'
      readonly delayMs: number
      readonly message: string
      readonly ignoreRetry: boolean
    }
  | { readonly kind: 'fail'; readonly failure: Failure }

/** `row` as it stood while the job ran: `retry` without this run. */
export function outcomeOf(
  row: Pick<JobRow, 'retry' | 'maxRetries'>,
  error: RunError,
  pattern: RetryPattern | null,
  random: Random,
): RunOutcome {
  if (error.kind === 'exception') return { kind: 'fail', failure: error.failure }
  if (error.kind === 'concurrency') {
    // Decided outside the place that compares with max_retries: unlimited.
    const { message } = error
    return { kind: 'postpone', delayMs: CONCURRENCY_RETRY_DELAY_MS, message, ignoreRetry: false }
  }
  const { message, seconds, ignoreRetry } = error
  const retry = ignoreRetry ? row.retry : row.retry + 1
  if (!ignoreRetry && row.maxRetries !== 0 && retry >= row.maxRetries) {
    return { kind: 'fail', failure: retriesUsedUp(row.maxRetries, message, error.traceback) }
  }
  const delayMs =
    seconds !== null && seconds !== 0 ? seconds * SECOND : retryDelayMs(pattern, retry, random)
  return { kind: 'postpone', delayMs, message, ignoreRetry }
}

/**
 * Delay before the next try: the value of the largest key ≤ `retry` (tries so far, this one included), 600 s where
 * there is no pattern or every key is larger. So `{1: 10, 5: 20}` gives 10 s four times.
 */
export function retryDelayMs(pattern: RetryPattern | null, retry: number, random: Random): number {
  let from = -Infinity
  let value: number | readonly [number, number] | null = null
  for (const [key, candidate] of Object.entries(pattern ?? {})) {
    const at = Number(key)
    if (at > retry || at < from) continue
    from = at
    value = candidate
  }
  if (value === null) return DEFAULT_RETRY_DELAY_MS
  return (typeof value === 'number' ? value : random.int(value[0], value[1])) * SECOND
}

/** Reads `queue_job_function.retry_pattern`; NULL and `{}` = none. Throws DrillError `input` for anything else. */
export function parseRetryPattern(text: string | null): RetryPattern | null {
  if (text === null || text === '') return null
  let pattern: unknown
  try {
    pattern = JSON.parse(text)
    // 18.0 encodes twice.
    if (typeof pattern === 'string') pattern = JSON.parse(pattern)
  } catch (cause) {
    throw new DrillError('input', `retry_pattern "${text}" is not JSON`, { cause })
  }
  if (pattern === null || pattern === false) return null
  if (!isPattern(pattern)) {
    const expected = 'expected tries with seconds or pairs of seconds: {"1": 10, "5": [20, 30]}'
    throw new DrillError('input', `retry_pattern "${text}": ${expected}`)
  }
  return Object.keys(pattern).length === 0 ? null : pattern
}

function isPattern(value: unknown): value is RetryPattern {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  return Object.entries(value).every(isPatternEntry)
}

function isPatternEntry([key, value]: [string, unknown]): boolean {
  const isPair = Array.isArray(value) && value.length === 2 && value.every(Number.isInteger)
  return /^\d+$/.test(key) && (Number.isInteger(value) || isPair)
}

function retriesUsedUp(maxRetries: number, message: string, traceback: string): Failure {
  const excMessage = `Max. retries (${maxRetries}) reached: ${message}`
  const chain = '\n\nThe above exception was the direct cause of the following exception:\n\n'
  return {
    excName: FAILED_JOB_ERROR,
    excMessage,
    excInfo: `${traceback.trimEnd()}${chain}${FAILED_JOB_ERROR}: ${excMessage}\n`,
  }
}
