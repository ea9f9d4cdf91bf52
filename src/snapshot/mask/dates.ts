/**
 * Gives every date another one of the same thirty years, and every time of day another: valid, one to one, and the same
 * wherever the date is written.
 */
import type { Derivation } from './key.ts'
import { permutation } from './permutation.ts'
import type { Permutation } from './permutation.ts'

const DAY_MS = 86_400_000
/** Masked dates stay in the reader's time, and a date of birth is hidden among 11,000 days. */
const YEARS = 30

export class Dates {
  readonly #keys: Derivation
  readonly #days = new Map<number, Permutation>()
  readonly #seconds: Permutation

  constructor(keys: Derivation) {
    this.#keys = keys
    this.#seconds = permutation(keys, 'seconds of a day', 240, 360)
  }

  /** Days are counted as written, 1 … 31; null if there is no such day. */
  date(
    year: number,
    month: number,
    day: number,
  ): { year: number; month: number; day: number } | null {
    const at = dayOf(year, month, day)
    if (at === null) return null
    const first = Math.floor(year / YEARS) * YEARS
    const start = Date.UTC(2000, 0, 1)
    const from = startOf(first)
    let permute = this.#days.get(first)
    if (permute === undefined) {
      permute = permutation(this.#keys, `days from ${first}`, startOf(first + YEARS) - from, 1)
      this.#days.set(first, permute)
    }
    const masked = new Date(start + (from + permute(at - from)) * DAY_MS)
    return {
      year: masked.getUTCFullYear(),
      month: masked.getUTCMonth() + 1,
      day: masked.getUTCDate(),
    }
  }

  /** `2026-08-14` → another, null if there is no such day. */
  isoDate(text: string): string | null {
    const masked = this.date(
      Number(text.slice(0, 4)),
      Number(text.slice(5, 7)),
      Number(text.slice(8)),
    )
    if (masked === null) return null
    return `${padded(masked.year, 4)}-${padded(masked.month)}-${padded(masked.day)}`
  }

  /** `09:30` or `09:30:59` → another, null if there is no such time. Minutes stay minutes: one to one again. */
  time(text: string): string | null {
    const [hour = 0, minute = 0, second = 0] = text.split(':').map(Number)
    if (hour > 23 || minute > 59 || second > 59) return null
    let at = hour * 3600 + minute * 60 + second
    do at = this.#seconds(at)
    while (text.length === 5 && at % 60 !== 0)
    const clock = `${padded(Math.floor(at / 3600))}:${padded(Math.floor(at / 60) % 60)}`
    return text.length === 5 ? clock : `${clock}:${padded(at % 60)}`
  }
}

/** Days since 2000-01-01. */
function startOf(year: number): number {
  return dayOf(year, 1, 1)!
}

function dayOf(year: number, month: number, day: number): number | null {
  const date = new Date(Date.UTC(2000, month - 1, day))
  date.setUTCFullYear(year, month - 1, day)
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) return null
  return Math.round((date.getTime() - Date.UTC(2000, 0, 1)) / DAY_MS)
}

function padded(value: number, length = 2): string {
  return String(value).padStart(length, '0')
}
