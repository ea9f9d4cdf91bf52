/**
 * Back to `pending` as transition T10 does it: retry 0, dates and worker gone, exc_name and exc_message wiped, exc_info
 * and result kept; a job with a parent that is not done waits for it instead. Only what stands in the expected states
 * is written, so that a row that moved meanwhile is left alone.
 */
import type { ClientBase } from 'pg'
import { formatPgTimestamp } from '../../foundation/time.ts'
import type { JobState } from '../../queue-job/job.ts'
import { assignments, columnsOf, type JobColumns } from './columns.ts'

const PENDING_OR_WAITING = `case
           when job.graph_uuid is not null and exists (
             select from queue_job as parent
              where parent.graph_uuid = job.graph_uuid
                and parent.state <> 'done'
                and coalesce(nullif(job.dependencies, ''), '{}')::jsonb -> 'depends_on' ? parent.uuid
           ) then 'wait_dependencies'
           else 'pending'
         end`

/** The columns of T10 but eta, for an `update queue_job as job`. */
export function t10Assignments(columns: JobColumns): string {
  return assignments(columns, {
    state: columns.has('graph_uuid') ? PENDING_OR_WAITING : `'pending'`,
    retry: '0',
    date_enqueued: 'null',
    date_started: 'null',
    date_done: 'null',
    date_cancelled: 'null',
    exec_time: '0',
    worker_pid: '0',
    exc_name: 'null',
    exc_message: 'null',
  })
}

/** An eta in the future is cleared: a requeue keeps it, and the job would go on waiting. */
const requeueStatement = (columns: JobColumns) => `
  update queue_job as job
     set ${t10Assignments(columns)},
         eta = case when job.eta > $3::timestamp then null else job.eta end
   where job.id = any ($1::int4[]) and job.state = any ($2::text[])`

/** Returns how many rows were set back. `now`: virtual ms. */
export async function requeue(
  database: ClientBase,
  ids: readonly number[],
  from: readonly JobState[],
  now: number,
): Promise<number> {
  if (ids.length === 0) return 0
  const statement = requeueStatement(await columnsOf(database))
  const { rowCount } = await database.query(statement, [ids, from, formatPgTimestamp(now)])
  return rowCount ?? 0
}

const everythingStatement = (columns: JobColumns) => `
  update queue_job as job
     set ${t10Assignments(columns)},
         eta = null
   where job.state = 'failed'
      or (job.state = 'started' and job.date_started < $1::timestamp)
      or (job.state = 'enqueued' and job.date_enqueued < $1::timestamp)`

/** Every failed job, and everything started or enqueued before `stuckBefore` (virtual ms), without looking. */
export async function requeueEverything(
  database: ClientBase,
  stuckBefore: number,
): Promise<number> {
  const statement = everythingStatement(await columnsOf(database))
  const { rowCount } = await database.query(statement, [formatPgTimestamp(stuckBefore)])
  return rowCount ?? 0
}
