/**
 * The trap of a quarantine by hand: `eta` is a timestamp without zone in UTC, but `now() + interval '30 minutes'` becomes
 * one in the session's zone. West of Greenwich the quarantine lies in the past and does nothing, east of it it lasts
 * hours longer (runbook, "what it does not say").
 */
import { formatDuration, HOUR, MINUTE, parsePgTimestamp } from '../foundation/time.ts'
import type { AuditedStatement } from '../sandbox/sandbox.ts'

/** What people mean by a quarantine lies between these. */
const MEANT_MIN_MS = MINUTE
const MEANT_MAX_MS = 2 * HOUR

/** A sentence for the finding; null = no statement fell into it. `now`: virtual ms; `timeZone`: of the engine's sessions. */
export function etaTrap(
  statements: readonly AuditedStatement[],
  now: number,
  timeZone: string,
): string | null {
  const offsetMs = offsetOf(timeZone, now)
  if (offsetMs === 0) return null
  let jobs = 0
  let aheadMs = 0
  for (const { op, viaOperation, rows } of statements) {
    if (op !== 'update' || viaOperation) continue
    for (const { changed } of rows) {
      const eta = changed.eta?.[1] ?? null
      if (eta === null || changed.state !== undefined) continue
      const ahead = parsePgTimestamp(eta) - now
      const meant = ahead - offsetMs
      if (meant < MEANT_MIN_MS || meant > MEANT_MAX_MS) continue
      jobs += 1
      aheadMs = ahead
    }
  }
  if (jobs === 0) return null
  const where = aheadMs < 0 ? `${formatDuration(-aheadMs)} ago` : `${formatDuration(aheadMs)} ahead`
  const meant = formatDuration(aheadMs - offsetMs)
  return `eta of ${jobs} jobs was set to ${where}, which is ${meant} from now in ${timeZone}: eta is UTC, say now() at time zone 'UTC'`
}

/** East of Greenwich is positive. */
function offsetOf(timeZone: string, at: number): number {
  const parts = new Intl.DateTimeFormat('en-US', {
    timeZone,
    timeZoneName: 'longOffset',
  }).formatToParts(at)
  const text = parts.find(({ type }) => type === 'timeZoneName')!.value
  const [, sign, hours, minutes] = /GMT([+-])(\d{2}):(\d{2})/.exec(text) ?? []
  if (sign === undefined) return 0
  return (sign === '-' ? -1 : 1) * (Number(hours) * HOUR + Number(minutes) * MINUTE)
}
