/**
 * Numbers that stay readable in texts, because they say how something failed and nothing about anybody: statuses of HTTP,
 * numbers of system errors, time-outs. `snapshot map` reads the last ones.
 */
import { DIGIT, classOf } from './characters.ts'

/** What stands before a time-out. */
const TIMEOUT = /time(?:d )?[ -]?out(?:=| of | after )$/i
/** The longest of these, `timed out after `. */
const TIMEOUT_LENGTH_MAX = 16
const TIMEOUT_DIGITS_MAX = 4
const FRACTION_DIGITS_MAX = 3

/** A text in which this finds nothing holds no such number. */
export const TELLING = /Client Error|Server Error|\[Errno |time(?:d )?[ -]?out/i

/** Whether the run of digits at `at` is such a number, or what is behind the point of one. */
export function isTold(text: string, at: number, run: string): boolean {
  return isStatus(text, at, run) || isTimeout(text, at, run)
}

/** `404 Client Error`, `[Errno 111]` */
function isStatus(text: string, at: number, run: string): boolean {
  if (run.length > 3) return false
  if (text.startsWith('[Errno ', at - 7) && text[at + run.length] === ']') return true
  return text.startsWith(' Client Error', at + 3) || text.startsWith(' Server Error', at + 3)
}

/** `read timeout=30`, `timeout of 30.5 seconds`, `timed out after 60` */
function isTimeout(text: string, at: number, run: string): boolean {
  if (run.length > TIMEOUT_DIGITS_MAX) return false
  let start = at
  if (text[at - 1] === '.' && run.length <= FRACTION_DIGITS_MAX) {
    start = at - 1
    while (start > 0 && classOf(text.charCodeAt(start - 1)) === DIGIT) start -= 1
    if (at - 1 - start > TIMEOUT_DIGITS_MAX) return false
  }
  return TIMEOUT.test(text.slice(Math.max(0, start - TIMEOUT_LENGTH_MAX), start))
}
