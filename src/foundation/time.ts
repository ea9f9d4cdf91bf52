/**
 * Virtual time: whole milliseconds since the Unix epoch, UTC. Nothing here reads a clock.
 * Durations are milliseconds inside, `90s`, `30m`, `1h 30m` in files and flags, seconds in reports.
 */
import { DrillError } from './errors.ts'

export const SECOND = 1000
export const MINUTE = 60 * SECOND
export const HOUR = 60 * MINUTE
export const DAY = 24 * HOUR
const WEEK = 7 * DAY

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: SECOND, m: MINUTE, h: HOUR, d: DAY }

/** `'1h 30m'` → 5,400,000. Units: ms, s, m, h, d; a number without a unit is an input error. */
export function parseDuration(text: string): number {
  const trimmed = text.trim()
  if (!/^(\d+(\.\d+)?\s*(ms|s|m|h|d)\s*)+$/.test(trimmed)) {
    throw new DrillError(
      'input',
      `"${text}" is not a duration: write a number and a unit (ms, s, m, h, d), such as 30m or 1h 30m`,
    )
  }
  let total = 0
  for (const [, amount, unit] of trimmed.matchAll(/(\d+(?:\.\d+)?)\s*(ms|s|m|h|d)/g)) {
    total += Number(amount) * UNITS[unit!]!
  }
  return Math.round(total)
}

/** 5,400,000 → `'1h 30m'`; at most two units, for people. */
export function formatDuration(ms: number): string {
  const seconds = Math.round(Math.abs(ms) / SECOND)
  const parts = [
    [Math.floor(seconds / 86_400), 'd'],
    [Math.floor(seconds / 3600) % 24, 'h'],
    [Math.floor(seconds / 60) % 60, 'm'],
    [seconds % 60, 's'],
  ] as const
  const text = parts
    .filter(([amount]) => amount > 0)
    .slice(0, 2)
    .map(([amount, unit]) => `${amount}${unit}`)
    .join(' ')
  return (ms < 0 ? '-' : '') + (text === '' ? '0s' : text)
}

/** ISO 8601 in UTC: `2026-11-02T09:00:00.000Z`. */
export function isoUtc(at: number): string {
  return new Date(at).toISOString()
}

/** Hour of the week 0..167 in UTC, Monday 00:00 = 0. */
export function hourOfWeek(at: number): number {
  // 1970-01-05 was a Monday.
  const sinceMonday = (((at - 4 * DAY) % WEEK) + WEEK) % WEEK
  return Math.floor(sinceMonday / HOUR)
}

/** `timestamp without time zone` as PostgreSQL prints it (ISO style), read as UTC; microseconds are cut. */
export function parsePgTimestamp(text: string): number {
  const at = Date.parse(`${text.replace(' ', 'T').replace(/(\.\d{3})\d+$/, '$1')}Z`)
  if (Number.isNaN(at)) throw new DrillError('input', `"${text}" is not a timestamp`)
  return at
}

/** The same text form, with three decimals, for writing. */
export function formatPgTimestamp(at: number): string {
  return isoUtc(at).replace('T', ' ').replace('Z', '')
}
