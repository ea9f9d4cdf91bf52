/** How long a drill is to last, where somebody says it instead of the scenario. */
import { DrillError, messageOf } from '../foundation/errors.ts'
import { DAY, MINUTE, parseDuration } from '../foundation/time.ts'

/** Virtual ms, within the bounds of scenario files. `name` is that of the flag or option, for errors. */
export function parseDrillDuration(text: string, name: string): number {
  try {
    const ms = parseDuration(text)
    if (ms >= 10 * MINUTE && ms <= 7 * DAY) return ms
  } catch (error) {
    throw new DrillError('input', `${name}: ${messageOf(error)}`, { cause: error })
  }
  throw new DrillError('input', `${name} must be at least 10m and at most 7d`)
}
