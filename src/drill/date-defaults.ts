/**
 * The connection of an engine sets how node-postgres writes dates, for the whole process. Under a test suite this is
 * somebody else's process: what was set there comes back with the end of the last drill.
 */
import { defaults } from 'pg'

let users = 0
let before: boolean | undefined

/** Holds the setting for as long as one drill lasts. */
export function holdDateDefaults(): Disposable {
  if (users === 0) before = defaults.parseInputDatesAsUTC
  users += 1
  return {
    [Symbol.dispose]: () => {
      users -= 1
      if (users === 0) defaults.parseInputDatesAsUTC = before
    },
  }
}
