import { describe, expect, it } from 'vitest'
import { random } from '../../src/foundation/random.ts'
import {
  outcomeOf,
  parseRetryPattern,
  retryDelayMs,
  type RunError,
} from '../../src/queue-job/retry.ts'

const numbers = random('retry')

const DEADLOCK: RunError = { kind: 'concurrency', message: 'deadlock detected' }

function retryable(more: { seconds?: number; ignoreRetry?: boolean } = {}): RunError {
  const { seconds = null, ignoreRetry = false } = more
  return { kind: 'retryable', message: 'busy', seconds, ignoreRetry, traceback: 'Traceback\n' }
}

describe('the delay of a retry', () => {
  it.each([
    [{ 1: 10, 5: 20, 10: 30, 15: 300 }, [10, 10, 10, 10, 20, 20, 20, 20, 20, 30]],
    [{ 3: 180 }, [600, 600, 180, 180, 180, 180, 180, 180, 180, 180]],
    [{ 10: 5, 2: 7 }, [600, 7, 7, 7, 7, 7, 7, 7, 7, 5]],
    [{ '010': 5, '02': 7 }, [600, 7, 7, 7, 7, 7, 7, 7, 7, 5]],
    [null, Array.from({ length: 10 }, () => 600)],
  ])('with the pattern %j after tries 1 to 10 is, in seconds, %j', (pattern, seconds) => {
    const delays = seconds.map((_, index) => retryDelayMs(pattern, index + 1, numbers) / 1000)
    expect(delays).toEqual(seconds)
  })

  it('of a pair is any whole number of seconds from the first to the second', () => {
    const drawn = new Set<number>()
    for (let time = 0; time < 200; time++) drawn.add(retryDelayMs({ 1: [3, 6] }, 1, numbers))
    expect([...drawn].sort((left, right) => left - right)).toEqual([3000, 4000, 5000, 6000])
  })
})

describe('what becomes of a run', () => {
  it.each([
    ['a RetryableJobError', 5, 0, retryable(), 600],
    ['a RetryableJobError', 5, 3, retryable(), 600],
    ['a RetryableJobError', 5, 4, retryable(), 'failed'],
    ['a RetryableJobError', 5, 9, retryable(), 'failed'],
    ['a RetryableJobError', 1, 0, retryable(), 'failed'],
    ['a RetryableJobError', 0, 99, retryable(), 600],
    ['one with 30 seconds', 5, 0, retryable({ seconds: 30 }), 30],
    ['one with 0 seconds', 5, 0, retryable({ seconds: 0 }), 600],
    ['one with ignore_retry', 1, 0, retryable({ ignoreRetry: true }), 600],
    ['one with both', 5, 99, retryable({ ignoreRetry: true, seconds: 7 }), 7],
    ['a deadlock', 1, 0, DEADLOCK, 5],
    ['a deadlock', 5, 11, DEADLOCK, 5],
  ] as const)(
    'that raised %s, max_retries %i, after %i tries',
    (_, maxRetries, retry, error, end) => {
      const outcome = outcomeOf({ retry, maxRetries }, error, null, numbers)
      expect(outcome.kind === 'fail' ? 'failed' : outcome.delayMs / 1000).toBe(end)
    },
  )

  it('that raised anything else is failed with that exception', () => {
    const failure = { excName: 'builtins.KeyError', excMessage: "'x'", excInfo: 'Traceback …' }
    const outcome = outcomeOf(
      { retry: 0, maxRetries: 0 },
      { kind: 'exception', failure },
      null,
      numbers,
    )
    expect(outcome).toEqual({ kind: 'fail', failure })
  })

  it('whose tries are used up is failed with a FailedJobError that tells the reason', () => {
    const outcome = outcomeOf({ retry: 2, maxRetries: 3 }, retryable(), null, numbers)
    expect(outcome).toMatchObject({
      kind: 'fail',
      failure: {
        excName: 'odoo.addons.queue_job.exception.FailedJobError',
        excMessage: 'Max. retries (3) reached: busy',
      },
    })
  })

  it('that does not count as a try is looked up in the pattern with the tries before it', () => {
    const ignored = outcomeOf(
      { retry: 0, maxRetries: 5 },
      retryable({ ignoreRetry: true }),
      { 1: 10 },
      numbers,
    )
    expect(ignored).toMatchObject({ kind: 'postpone', delayMs: 600_000, ignoreRetry: true })
    const counted = outcomeOf({ retry: 0, maxRetries: 5 }, retryable(), { 1: 10 }, numbers)
    expect(counted).toMatchObject({ kind: 'postpone', delayMs: 10_000, ignoreRetry: false })
  })
})

describe('the column retry_pattern', () => {
  it.each([
    [null, null],
    ['', null],
    ['{}', null],
    ['null', null],
    ['{"1": 10, "5": [20, 30]}', { 1: 10, 5: [20, 30] }],
    [JSON.stringify('{"1": 10}'), { 1: 10 }],
  ])('%j is read as %j', (text, pattern) => {
    expect(parseRetryPattern(text)).toEqual(pattern)
  })

  it.each(['{1: 10}', '[10]', '"x"', '7', '{"one": 10}', '{"1": "10"}', '{"1": [1, 2, 3]}'])(
    '%j is an input error',
    (text) => {
      expect(() => parseRetryPattern(text)).toThrow(
        expect.objectContaining({ code: 'input' }) as Error,
      )
    },
  )
})
