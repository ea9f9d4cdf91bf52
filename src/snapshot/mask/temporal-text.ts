/** Finds dates and times in a text and masks them as what they are: `2026-08-14`, `2026-08-14T10:30:00.5`, `14/08/1985`. */
import type { Parts } from './parts.ts'

const ISO =
  /(\d{4}-\d\d-\d\d)(?:([T ])(\d\d:\d\d(?::\d\d)?)(?!:?\d)(?:([.,])(\d{1,9})(?!\d))?)?(?!\w|-\d)/y
const LOCAL = /(\d\d?)([/.-])(\d\d?)\2(\d{4})(?![\w/-]|\.\d)/y

export interface Dated {
  readonly masked: string
  /** Where the text goes on. */
  readonly end: number
}

export class TemporalText {
  readonly #parts: Parts

  constructor(parts: Parts) {
    this.#parts = parts
  }

  /** `at` … `end` is a run with digits; null if no date begins there, or it ends behind `to`. */
  mask(text: string, at: number, end: number, to: number): Dated | null {
    const length = end - at
    const next = text[end]
    if (length === 4 && next === '-' && text[end + 3] === '-') return this.#iso(text, at, to)
    if (length <= 2 && (next === '/' || next === '.' || next === '-'))
      return this.#local(text, at, to)
    return null
  }

  #iso(text: string, at: number, to: number): Dated | null {
    ISO.lastIndex = at
    const match = ISO.exec(text)
    if (match === null || ISO.lastIndex > to) return null
    const [whole, day = '', separator, clock, point, fraction = ''] = match
    const date = this.#parts.dates.isoDate(day)
    if (date === null) return null
    const end = at + whole.length
    if (separator === undefined || clock === undefined) return { masked: date, end }
    const time = this.#parts.dates.time(clock)
    if (time === null) return { masked: date, end: at + day.length }
    const rest = point === undefined ? '' : point + this.#parts.digits.fraction(fraction)
    return { masked: date + separator + time + rest, end }
  }

  /** Day before month, as most of the world writes it, unless only the other order is a day. */
  #local(text: string, at: number, to: number): Dated | null {
    LOCAL.lastIndex = at
    const match = LOCAL.exec(text)
    if (match === null || LOCAL.lastIndex > to) return null
    const [whole, first = '', separator = '', second = '', year = ''] = match
    const { dates } = this.#parts
    const inOrder = dates.date(Number(year), Number(second), Number(first))
    const masked = inOrder ?? dates.date(Number(year), Number(first), Number(second))
    if (masked === null) return null
    const [left, right] = inOrder === null ? [masked.month, masked.day] : [masked.day, masked.month]
    const shown = (value: number, like: string): string => String(value).padStart(like.length, '0')
    return {
      masked: [shown(left, first), shown(right, second), shown(masked.year, year)].join(separator),
      end: at + whole.length,
    }
  }
}
