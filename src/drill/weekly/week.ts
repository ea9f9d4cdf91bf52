/** The ISO week of a moment in UTC: it names a weekly run, and its number is the seed that changes every week. */
import { DAY } from '../../foundation/time.ts'

export interface Week {
  /** `2026-W48`. */
  readonly name: string
  /** 202648: another drill each week, the same one for everybody in that week. */
  readonly seed: number
}

export function isoWeek(at: Date): Week {
  const midnight = Date.UTC(at.getUTCFullYear(), at.getUTCMonth(), at.getUTCDate())
  const day = at.getUTCDay() === 0 ? 7 : at.getUTCDay()
  // A week belongs to the year of its Thursday.
  const thursday = midnight + (4 - day) * DAY
  const year = new Date(thursday).getUTCFullYear()
  const week = Math.floor((thursday - Date.UTC(year, 0, 1)) / (7 * DAY)) + 1
  return { name: `${year}-W${String(week).padStart(2, '0')}`, seed: year * 100 + week }
}
