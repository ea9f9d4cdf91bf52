/** The status of a live drill, for the facilitator's terminal. */
import type { LiveStatus } from '../../drill/live/status.ts'
import { formatDuration, isoUtc, SECOND } from '../../foundation/time.ts'
import { columns } from '../terminal.ts'

/** Kept less than this share of its speed: the machine cannot keep up. */
const KEPT_SHARE_MIN = 0.9

/** `blind`: nothing in it tells what is wrong. */
export function statusText(status: LiveStatus, blind: boolean): string {
  const { byState, due, oldestDueMs, sessions, heldUpMs, hintsLeft } = status
  const states = Object.entries(byState).filter(([, jobs]) => jobs > 0)
  const oldest = oldestDueMs === null ? '' : `, the oldest for ${formatDuration(oldestDueMs)}`
  const rows: readonly (readonly string[])[] = [
    ['time', timeText(status)],
    ['speed', speedText(status)],
    ['queue', states.map(([state, jobs]) => `${state} ${jobs}`).join(', ')],
    ['due', `${due} pending${oldest}`],
    ['incident', incidentText(status)],
    [
      'people',
      sessions.length === 0 ? 'nobody is connected' : sessions.map(sessionText).join(', '),
    ],
    ...(heldUpMs === null
      ? []
      : [['held up', `an open transaction holds queue_job for ${seconds(heldUpMs)}`]]),
    ...(blind ? [] : status.faults.map(({ text, phase }) => ['fault', `${text}: ${phase}`])),
    ['hints', hintsLeft === 0 ? 'none left' : `${hintsLeft} left`],
  ]
  return columns(rows)
}

function timeText({ now, startedAt, endsAt }: LiveStatus): string {
  const clock = (at: number) => isoUtc(at).slice(11, 19)
  return `${isoUtc(now).slice(0, 10)} ${clock(now)} UTC, ${formatDuration(now - startedAt)} after the start; it ends at ${clock(endsAt)}`
}

function speedText({ speed, kept }: LiveStatus): string {
  if (speed === 0) return 'paused: `resume` lets time go on'
  const late = kept !== null && kept < speed * KEPT_SHARE_MIN
  return late
    ? `${speed}, but lately ${Math.round(kept * 10) / 10} was kept: virtual time lags behind the wall`
    : String(speed)
}

function incidentText({ incident: { state, since }, now }: LiveStatus): string {
  return since === null
    ? state
    : `${state === 'ended' ? 'closed' : state} for ${formatDuration(now - since)}`
}

function sessionText({ name, count, inTransaction }: LiveStatus['sessions'][number]): string {
  const open = inTransaction === 0 ? '' : ` (${inTransaction} in a transaction)`
  return `${name}${count === 1 ? '' : ` ×${count}`}${open}`
}

function seconds(ms: number): string {
  return `${Math.round(ms / SECOND)} s`
}
