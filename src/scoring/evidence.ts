/** How a line of the score proves itself: one sentence, and the times, jobs and writes behind it. */
import { formatDuration, isoUtc } from '../foundation/time.ts'
import type { Evidence } from './score.ts'

/** Lists are cut here; `more` says how many were left out. */
const LISTED_MAX = 20

export function evidence(
  text: string,
  proof: {
    readonly at?: readonly number[]
    readonly jobs?: readonly number[]
    readonly writes?: readonly number[]
  } = {},
): Evidence {
  const { at = [], jobs = [], writes = [] } = proof
  const longest = Math.max(at.length, jobs.length, writes.length)
  return {
    text,
    ...(at.length > 0 && { times: at.slice(0, LISTED_MAX).map(isoUtc) }),
    ...(jobs.length > 0 && { jobs: jobs.slice(0, LISTED_MAX) }),
    ...(writes.length > 0 && { writes: writes.slice(0, LISTED_MAX) }),
    ...(longest > LISTED_MAX && { more: longest - LISTED_MAX }),
  }
}

/** `1 job`, `2 jobs`. */
export function count(number: number, noun: string, plural = `${noun}s`): string {
  return `${number.toLocaleString('en-US')} ${number === 1 ? noun : plural}`
}

/** Time since the start, as people tell it: `1h 25m`. */
export function after(startedAt: number, at: number): string {
  return formatDuration(at - startedAt)
}

/** Time of day, UTC: `10:25:07`. A drill lasts hours, so that the day goes without saying. */
export function clock(at: number): string {
  return isoUtc(at).slice(11, 19)
}

export function percent(share: number): string {
  return `${(Math.floor(share * 1000) / 10).toFixed(1)} %`
}

/** Points to one decimal. */
export function points(value: number): number {
  return Math.round(value * 10) / 10
}

/** Different values in the order in which they came. */
export function distinct<T>(values: Iterable<T>): T[] {
  return [...new Set(values)]
}
