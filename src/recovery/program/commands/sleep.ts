/** `sleep` of a drill: lets the world go on, and returns at once as far as the wall clock is concerned. */
import { DAY, HOUR, MINUTE, SECOND } from '../../../foundation/time.ts'

const UNITS: Readonly<Record<string, number>> = {
  '': SECOND,
  s: SECOND,
  m: MINUTE,
  h: HOUR,
  d: DAY,
}

/** Longer than any drill. */
const FOR_EVER_MS = 365 * DAY

/** As coreutils reads them: numbers with fractions and one unit each, which add up; `infinity`. Null = one is wrong. */
export function sleepMs(parameters: readonly string[]): number | null {
  let total = 0
  for (const parameter of parameters) {
    const match = /^(\d+\.?\d*|\.\d+|inf(?:inity)?)([smhd]?)$/i.exec(parameter)
    if (match === null) return null
    const number = /^inf/i.test(match[1]!) ? Infinity : Number(match[1])
    total += number * UNITS[match[2]!.toLowerCase()]!
  }
  return parameters.length === 0 ? null : Math.min(Math.round(total), FOR_EVER_MS)
}
