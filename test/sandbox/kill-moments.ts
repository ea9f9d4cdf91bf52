/** How often the tests kill a harness outright at a random moment, on each backend. */

/** `QUEUE_DRILL_KILL_MOMENTS`; 5 if it is not set. */
export function killMoments(): number {
  const text = process.env['QUEUE_DRILL_KILL_MOMENTS'] ?? '5'
  const count = Number(text)
  if (Number.isSafeInteger(count) && count > 0) return count
  throw new Error(`QUEUE_DRILL_KILL_MOMENTS must be a whole number above 0, not "${text}"`)
}
