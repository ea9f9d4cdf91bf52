/**
 * The jobs under way at the moment of capture, as a healthy queue shows them: a few running, one on its way to a
 * worker, a few due that came a blink ago, some that postponed themselves, some for later, and what failed this morning.
 */
import { random } from '../../foundation/random.ts'
import type { Random } from '../../foundation/random.ts'
import { DAY, HOUR, MINUTE, SECOND } from '../../foundation/time.ts'
import type { Cast, Company } from './company.ts'
import { MICROSECONDS } from './draft.ts'
import type { JobDraft } from './draft.ts'
import { functionNamed } from './job-function.ts'
import type { JobFunction } from './job-function.ts'
import { failedJob } from './lives.ts'

/** Median run time above which a function counts as long-running. */
const LONG_MS = 100_000

export interface LiveOptions {
  readonly seed: string
  readonly capturedAt: number
  readonly jobsPerDay: number
}

export function liveDrafts(
  { functions, cast }: Pick<Company, 'functions' | 'cast'>,
  { seed, capturedAt, jobsPerDay }: LiveOptions,
): JobDraft[] {
  const draw = random(seed, 'live')
  const nowUs = capturedAt * MICROSECONDS
  // Payments stay out: their channel runs one at a time, and a snapshot begins with it free.
  const common = functions.filter(
    ({ channel, durationMs }) => channel !== 'root.payment' && durationMs[3]! < LONG_MS,
  )
  const long = functions.filter(({ durationMs }) => durationMs[3]! >= LONG_MS)
  const pick = (list: readonly JobFunction[]) =>
    list[draw.weighted(list.map(({ share }) => share))]!
  const several = (count: number, make: (index: number) => JobDraft) =>
    Array.from({ length: Math.max(1, Math.round(count)) }, (_, index) => make(index))
  return [
    ...several(jobsPerDay / 20_000, () => running(pick(common), nowUs, draw)),
    ...long.slice(0, 1).map((fn) => running(fn, nowUs, draw)),
    enqueued(pick(common), nowUs, draw),
    ...several(jobsPerDay / 15_000, () =>
      due(pick(common), nowUs, draw.int(5, 900) * MICROSECONDS),
    ),
    // Its creator's transaction took most of a minute: visible only now.
    due(pick(common), nowUs, 44_381 * MICROSECONDS),
    ...several(jobsPerDay / 12_000, () => postponed(pick(postponing(common)), nowUs, draw)),
    conflicting(functionNamed(functions, cast.conflicting), nowUs, draw),
    ...later(functions, cast, nowUs, draw),
    ...failedToday(functions, cast, nowUs, draw),
  ]
}

function postponing(functions: readonly JobFunction[]): JobFunction[] {
  return functions.filter(({ operations }) => operations?.failureStyle === 'postpone')
}

function running(fn: JobFunction, nowUs: number, draw: Random): JobDraft {
  // Less than half of the median: nothing about it is unusual.
  const elapsedUs = Math.round(fn.durationMs[3]! * MICROSECONDS * (0.1 + 0.35 * draw.next()))
  const startedUs = nowUs - elapsedUs
  const enqueuedUs = startedUs - draw.int(15_000, 60_000)
  const createdUs = enqueuedUs - draw.int(20_000, 400_000)
  return { fn, state: 'started', createdUs, retry: 0, enqueuedUs, startedUs }
}

function enqueued(fn: JobFunction, nowUs: number, draw: Random): JobDraft {
  const enqueuedUs = nowUs - draw.int(3000, 12_000)
  return { fn, state: 'enqueued', createdUs: enqueuedUs - 31_000, retry: 0, enqueuedUs }
}

function due(fn: JobFunction, nowUs: number, ageUs: number): JobDraft {
  return { fn, state: 'pending', createdUs: nowUs - ageUs, retry: 0 }
}

/** T8: dates empty, reason in `result`, `exc_info` empty, eta within the delay. */
function postponed(fn: JobFunction, nowUs: number, draw: Random): JobDraft {
  const retry = draw.chance(0.7) ? 1 : draw.int(2, 3)
  const delaySeconds = fn.retryPattern?.['1'] ?? 600
  const etaUs = nowUs + Math.round(draw.next() * delaySeconds * 0.98 * 1e6) + 1
  const createdUs = etaUs - retry * delaySeconds * 1_000_000 - draw.int(2_000_000, 31_000_000)
  const reason = fn.failures[0]?.excMessage ?? 'partner not reachable'
  return {
    fn,
    state: 'pending',
    createdUs,
    retry,
    etaUs,
    result: `Partner not reachable, trying again later: ${reason}`,
  }
}

/** A concurrent update of the same row: back after five seconds. */
function conflicting(fn: JobFunction, nowUs: number, draw: Random): JobDraft {
  return {
    fn,
    state: 'pending',
    createdUs: nowUs - draw.int(6_000_000, 9_000_000),
    retry: 1,
    etaUs: nowUs + draw.int(200_000, 4_500_000),
    result: 'could not serialize access due to concurrent update\n',
  }
}

/** Planned for tonight, for the coming days, and one reminder for next summer. */
function later(
  functions: readonly JobFunction[],
  { tonight, someDay }: Cast,
  nowUs: number,
  draw: Random,
): JobDraft[] {
  const followup = functionNamed(functions, someDay)
  const planned = (fn: JobFunction, ageMs: number, inMs: number): JobDraft => ({
    fn,
    state: 'pending',
    createdUs: nowUs - ageMs * MICROSECONDS - draw.int(0, 999_999),
    retry: 0,
    etaUs: nowUs + inMs * MICROSECONDS,
  })
  return [
    ...tonight.map((name, index) =>
      planned(
        functionNamed(functions, name),
        draw.int(1, 8) * HOUR,
        12 * HOUR + index * 5 * MINUTE,
      ),
    ),
    ...Array.from({ length: 9 }, () =>
      planned(
        followup,
        draw.int(1, 70) * HOUR + draw.int(0, HOUR),
        draw.int(1, 20) * DAY + draw.int(-3, 3) * HOUR,
      ),
    ),
    planned(followup, 41 * DAY, 230 * DAY),
  ]
}

/** What normal operation leaves: single failures that somebody will look at after lunch. */
function failedToday(
  functions: readonly JobFunction[],
  cast: Cast,
  nowUs: number,
  draw: Random,
): JobDraft[] {
  return cast.failedToday.map(([name, failure, minutesAgo]) => {
    const fn = functionNamed(functions, name)
    const ageMs = minutesAgo * MINUTE + draw.int(0, 40) * SECOND
    return failedJob(fn, fn.failures[failure]!, nowUs - ageMs * MICROSECONDS, draw)
  })
}
