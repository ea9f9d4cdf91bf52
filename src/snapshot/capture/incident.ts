/**
 * Whether the queue was in trouble at the moment of the capture: a drill that begins inside a real incident scores two
 * incidents at once. Nothing is refused, what is seen is told.
 */
import type { Client } from 'pg'
import { DAY, HOUR, MINUTE, formatDuration, formatPgTimestamp } from '../../foundation/time.ts'
import type { History } from './history.ts'

/** Due jobs that wait so long are late in every company. */
const DUE_MS = 30 * MINUTE
const STARTED_MS = HOUR
const ENQUEUED_MS = 10 * MINUTE
/** Fewer jobs than this are noise. */
const JOBS_MIN = 20
/** The last hour against what ended in it, and against the mean hour of the history. */
const GROWTH_FACTOR = 1.5
const FAILURE_FACTOR = 3
/** A mean of less than a day of failures says nothing. */
const HISTORY_MIN = DAY

export interface UnderWay {
  /** Pending and not before its eta; those of them that have been so for more than DUE_MS. */
  readonly due: number
  readonly late: number
  /** Started for more than STARTED_MS, enqueued for more than ENQUEUED_MS. */
  readonly started: number
  readonly enqueued: number
}

/** Reads the few rows that are under way, by the index on `state`. `columns`: those that can be read. */
export async function readUnderWay(
  client: Client,
  now: number,
  columns: ReadonlySet<string>,
): Promise<UnderWay> {
  const column = (name: string) => (columns.has(name) ? name : 'null::timestamp')
  const due = `state = 'pending' and (${column('eta')} is null or ${column('eta')} <= $1::timestamp)`
  const dueSince = `greatest(${column('eta')}, ${column('date_created')})`
  const { rows } = await client.query<UnderWay>(
    `select count(*) filter (where ${due})::float8 as due,
            count(*) filter (where ${due} and ${dueSince} < $4::timestamp)::float8 as late,
            count(*) filter (where state = 'started' and ${column('date_started')} < $2::timestamp)::float8 as started,
            count(*) filter (where state = 'enqueued' and ${column('date_enqueued')} < $3::timestamp)::float8 as enqueued
       from queue_job where state in ('pending', 'enqueued', 'started')`,
    [now, now - STARTED_MS, now - ENQUEUED_MS, now - DUE_MS].map(formatPgTimestamp),
  )
  return rows[0]!
}

/** Sentences; none = an ordinary moment. */
export function incidentWarnings(underWay: UnderWay, history: History, now: number): string[] {
  const { due, late, started, enqueued } = underWay
  const sum = (key: 'createdLately' | 'endedLately' | 'failedLately') =>
    [...history.functions.values()].reduce((total, fn) => total + fn[key], 0)
  const [created, ended, failed] = [sum('createdLately'), sum('endedLately'), sum('failedLately')]
  const usual = usualFailures(history, now)
  return [
    ...(late >= JOBS_MIN
      ? [`${late} pending jobs have been due for more than ${formatDuration(DUE_MS)}`]
      : []),
    ...(due >= JOBS_MIN && created - ended >= JOBS_MIN && created > GROWTH_FACTOR * ended
      ? [`the queue grows: ${created} jobs came in the last hour, ${ended} ended`]
      : []),
    ...(usual !== null && failed >= JOBS_MIN && failed > FAILURE_FACTOR * usual
      ? [
          `${failed} jobs failed in the last hour, ${Math.round(usual * 10) / 10} are usual; most of them: ${worst(history)}`,
        ]
      : []),
    ...(started > 0
      ? [`${jobs(started)} started more than ${formatDuration(STARTED_MS)} ago and not ended`]
      : []),
    ...(enqueued > 0
      ? [`${jobs(enqueued)} enqueued more than ${formatDuration(ENQUEUED_MS)} ago and not started`]
      : []),
  ].map((line) => `the capture may lie inside an incident: ${line}`)
}

/** Failures of a mean hour before the last one; null = too short a history. */
function usualFailures(history: History, now: number): number | null {
  let [failed, first] = [0, now]
  for (const { failures, hours, failedLately } of history.functions.values()) {
    failed += failures.reduce((sum, { rows }) => sum + rows, 0) - failedLately
    for (const hour of hours.keys()) first = Math.min(first, hour * HOUR)
  }
  const span = now - HOUR - first
  return span < HISTORY_MIN ? null : Math.max(0, failed) / (span / HOUR)
}

function worst({ functions }: History): string {
  const [first] = [...functions.values()].sort(
    (a, b) => b.failedLately - a.failedLately || (a.name < b.name ? -1 : 1),
  )
  return `${first!.name} (${first!.failedLately})`
}

function jobs(count: number): string {
  return count === 1 ? '1 job is' : `${count} jobs are`
}
