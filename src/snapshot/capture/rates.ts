/**
 * How often a job function is called in each hour of the week. The difficulty is the time that the table really covers:
 * done jobs are deleted after a while, channel by channel, and failed ones stay for years.
 */
import { DAY, HOUR, hourOfWeek } from '../../foundation/time.ts'
import { WEEKS_MAX } from './history.ts'
import type { FunctionHistory, ParameterGroup } from './history.ts'

const WEEK = 7 * DAY
const HOURS_OF_WEEK = 168
const HOURS_OF_DAY = 24
/** A function whose first job of the window came after so many of its mean gaps did not exist before. */
const NEW_AFTER_GAPS = 10

/** From this moment on every job of a channel is still in the table, ms, a full hour. */
export type WindowStart = (channel: string) => number

/**
 * `removalDays`: of the channels that are cleaned up. A job is deleted by its date_done, so all that were created after
 * the oldest date_done, and less than the interval ago, are there. `byCreation` reads the oldest creation instead, for a
 * table so young that no job was created after the first was done.
 */
export function windowStarts(
  functions: Iterable<FunctionHistory>,
  removalDays: ReadonlyMap<string, number>,
  now: number,
  byCreation = false,
): WindowStart {
  const first = new Map<string, { created: number; done: number }>()
  for (const { parameters } of functions) {
    for (const { channel, firstCreated, firstDone } of parameters) {
      const before = first.get(channel) ?? { created: Infinity, done: Infinity }
      first.set(channel, {
        created: Math.min(before.created, firstCreated ?? Infinity),
        done: Math.min(before.done, firstDone ?? Infinity),
      })
    }
  }
  return (channel) => {
    const { created, done } = first.get(channel) ?? { created: now, done: now }
    const days = removalDays.get(channel)
    const from = Math.max(
      byCreation || done === Infinity ? created : done,
      days === undefined ? 0 : now - days * DAY,
      now - WEEKS_MAX * WEEK,
    )
    return Math.min(Math.ceil(from / HOUR) * HOUR, Math.floor(now / HOUR) * HOUR)
  }
}

export interface Rates {
  /** Jobs an hour, Monday 00:00 UTC first. */
  readonly ratePerHour: number[]
  /** Jobs that they were counted from, and since when, ms. */
  readonly jobs: number
  readonly since: number
}

/** Mean over the weeks since `start`; hours of the week that no week covers take those of the other days. */
export function ratesOf(hours: ReadonlyMap<number, number>, start: number, now: number): Rates {
  const within = [...hours].filter(([hour]) => hour * HOUR >= start)
  const jobs = within.reduce((sum, [, count]) => sum + count, 0)
  const since = sinceFirst(within, jobs, start, now)
  const counted = Array.from({ length: HOURS_OF_WEEK }, () => 0)
  const covered = Array.from({ length: HOURS_OF_WEEK }, () => 0)
  for (const [hour, count] of within) counted[hourOfWeek(hour * HOUR)]! += count
  for (let at = since; at < now; at += HOUR) {
    covered[hourOfWeek(at)]! += Math.min(1, (now - at) / HOUR)
  }
  return { ratePerHour: counted.map((_, hour) => rateAt(hour, counted, covered)), jobs, since }
}

function sinceFirst(
  within: readonly (readonly [number, number])[],
  jobs: number,
  start: number,
  now: number,
): number {
  if (jobs === 0) return start
  const first = Math.min(...within.map(([hour]) => hour)) * HOUR
  const gap = (now - first) / jobs
  return first - start > Math.max(WEEK, NEW_AFTER_GAPS * gap) ? first : start
}

/** Less than half an hour of cover says nothing. */
const COVER_MIN = 0.5

function rateAt(hour: number, counted: readonly number[], covered: readonly number[]): number {
  const mean = (hours: readonly number[]): number | null => {
    const cover = hours.reduce((sum, each) => sum + covered[each]!, 0)
    if (cover < COVER_MIN) return null
    return hours.reduce((sum, each) => sum + counted[each]!, 0) / cover
  }
  const days = HOURS_OF_WEEK / HOURS_OF_DAY
  const sameHour = Array.from(
    { length: days },
    (_, day) => (hour + day * HOURS_OF_DAY) % HOURS_OF_WEEK,
  )
  const all = counted.map((_, each) => each)
  const total = all.reduce((sum, each) => sum + counted[each]!, 0)
  return round(mean([hour]) ?? mean(sameHour) ?? mean(all) ?? total)
}

function round(rate: number): number {
  return Math.round(rate * 10_000) / 10_000
}

/** The parameters that most of its jobs have. */
export function usualOf<T>(
  groups: readonly ParameterGroup[],
  value: (group: ParameterGroup) => T,
): T {
  const rows = new Map<T, number>()
  for (const group of groups) rows.set(value(group), (rows.get(value(group)) ?? 0) + group.rows)
  let [usual, most] = [value(groups[0]!), 0]
  for (const [each, count] of rows) if (count > most) [usual, most] = [each, count]
  return usual
}
