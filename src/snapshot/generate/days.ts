/** The days of a company's past: how much traffic each had, measured against the usual day of today. */
import { random } from '../../foundation/random.ts'
import { DAY } from '../../foundation/time.ts'
import type { JobFunction } from './job-function.ts'
import { seasonFactor } from './season.ts'

/** Failed rows go back so far: the company has used the queue for three years. */
export const HISTORY_DAYS = 1100

/** By days ago: growth, and the days' own ups and downs. */
export function dayVolumes(seed: string): number[] {
  return Array.from({ length: HISTORY_DAYS + 1 }, (_, daysAgo) => {
    const noise = 0.9 + 0.2 * random(seed, 'day', daysAgo).next()
    return noise * (1 - (0.35 * daysAgo) / HISTORY_DAYS)
  })
}

/** By days ago, then by function: the factors of the season. */
export function daySeasons(
  functions: readonly JobFunction[],
  capturedAt: number,
): readonly number[][] {
  return Array.from({ length: HISTORY_DAYS + 1 }, (_, daysAgo) =>
    functions.map(({ season }) => seasonFactor(season, capturedAt - daysAgo * DAY)),
  )
}
