/** Step 3, second half: which failed jobs of this incident there are, and which carry a value that a newer job replaces. */
import type { ClientBase } from 'pg'
import { formatPgTimestamp } from '../../../foundation/time.ts'
import type { JobState } from '../../../queue-job/job.ts'
import type { SafetyCatalogue } from '../../contract.ts'
import { columnsOf, type JobColumns } from '../../sql/columns.ts'
import { retentionOf } from '../flows.ts'
import { SUPERSEDED } from '../isolate/pulse.ts'
import { quarantineEtas, TRIED } from '../isolate/quarantine.ts'
import type { IncidentMemory } from '../memory.ts'
import { FUNCTION_NAME } from '../signals/observe.ts'

export interface FailedJob {
  readonly id: number
  readonly fn: string
  /** Start of the run that failed, virtual ms. */
  readonly startedAt: number
  readonly createdAt: number
}

/** A year of unsolved failures does not come in: date_started and date_created both belong to the incident. */
const FAILED = `
  select job.id, ${FUNCTION_NAME} as fn,
         (extract(epoch from job.date_started) * 1000)::float8 as started_at,
         (extract(epoch from job.date_created) * 1000)::float8 as created_at
    from queue_job as job
   where job.state = 'failed'
     and ${FUNCTION_NAME} = any ($1::text[])
     and job.date_started >= $2::timestamp
     and job.date_created >= $3::timestamp
     and job.id <> all ($4::int4[])
   order by job.date_started, job.id
   limit $5::int4`

/** Failed jobs of the incident that nobody has dealt with yet, those that failed first first. */
export async function readFailed(
  database: ClientBase,
  functions: readonly string[],
  memory: IncidentMemory,
  limit: number,
): Promise<readonly FailedJob[]> {
  if (functions.length === 0 || limit < 1) return []
  const found = await database.query<{
    id: number
    fn: string
    started_at: number
    created_at: number
  }>(FAILED, [
    functions,
    formatPgTimestamp(memory.from),
    formatPgTimestamp(memory.createdFrom),
    [...memory.notOurs, ...memory.handledJobs],
    limit,
  ])
  return found.rows.map((row) => ({
    id: row.id,
    fn: row.fn,
    startedAt: row.started_at,
    createdAt: row.created_at,
  }))
}

/** Whether the partner still recognises a repetition: counted from the job's creation, since no row tells its first try. */
export function isWithinRetention(
  job: { readonly fn: string; readonly createdAt: number },
  now: number,
  marginMs: number,
  catalogue: SafetyCatalogue,
): boolean {
  const retentionMs = retentionOf(job.fn, catalogue)
  return retentionMs !== null && now < job.createdAt + retentionMs - marginMs
}

/**
 * Jobs of one function and one set of records, newest first; the ids stand in the JSON of `records`, encoded once or
 * twice. The engine's memory knows the smallest id of the incident, so the table is read from there.
 */
const recordIds = (columns: JobColumns) =>
  columns.has('records')
    ? `substring(job.records::text from 'ids\\\\?"\\s*:\\s*\\[([^\\]]*)\\]')`
    : `substring(job.record_ids from '\\[([^\\]]*)\\]')`

const replaced = (columns: JobColumns) => `
  with carriers as materialized (
    select job.id, job.state, job.date_created, job.date_started, job.eta, ${FUNCTION_NAME} as fn,
           ${recordIds(columns)} as record_ids
      from queue_job as job
     where (job.id > $2::int4 or job.id = any ($6::int4[]))
       and ${FUNCTION_NAME} = any ($1::text[])
       and job.state <> 'cancelled'
  ), ranked as (
    select id, state, date_started, date_created, eta,
           first_value(id) over newest_first as newest_id,
           first_value(state) over newest_first as newest_state
      from carriers
     where record_ids <> ''
    window newest_first as (partition by fn, record_ids order by date_created desc, id desc)
  )
  select id, state, newest_id, newest_state
    from ranked
   where id <> newest_id
     and ((state = 'pending' and eta = any ($3::timestamp[]))
          or (state = 'failed' and date_started >= $4::timestamp and date_created >= $5::timestamp)
          or id = any ($6::int4[]))
   order by id`

export interface ReplacedJob {
  readonly id: number
  readonly state: JobState
  readonly newestId: number
  readonly newestState: string
}

/** Jobs that we postponed, that failed in the incident, or `others`, and that a newer job of the same records replaces. */
export async function readReplaced(
  database: ClientBase,
  functions: readonly string[],
  memory: IncidentMemory,
  others: readonly number[] = [],
): Promise<readonly ReplacedJob[]> {
  if (functions.length === 0) return []
  const found = await database.query<{
    id: number
    state: JobState
    newest_id: number
    newest_state: string
  }>(replaced(await columnsOf(database)), [
    functions,
    memory.idFloor,
    quarantineEtas(memory),
    formatPgTimestamp(memory.from),
    formatPgTimestamp(memory.createdFrom),
    others,
  ])
  return found.rows.map((row) => ({
    id: row.id,
    state: row.state,
    newestId: row.newest_id,
    newestState: row.newest_state,
  }))
}

/** A newer job in one of these states writes, or has written, the newer value; one that failed stands for nothing. */
const STANDS: ReadonlySet<string> = new Set(['pending', 'enqueued', 'started', 'done'])

/** Whether the older job need not run any more. */
export function isReplaced({ newestState }: ReplacedJob): boolean {
  return STANDS.has(newestState)
}

/** What is written into `result` of a job that a newer one replaces. */
export function replacedBy({ newestId }: ReplacedJob): string {
  return `${SUPERSEDED} by job ${newestId}, which carries a newer value`
}

const TRIED_PENDING = `
  select job.id, ${FUNCTION_NAME} as fn,
         (extract(epoch from job.date_created) * 1000)::float8 as created_at
    from queue_job as job
   where job.state = 'pending'
     and ${FUNCTION_NAME} = any ($1::text[])
     and job.eta = any ($2::timestamp[])
     and ${TRIED}
     and job.id <> all ($3::int4[])
   order by job.date_created, job.id
   limit $4::int4`

/** Jobs that we postponed after they had been tried; the row no longer tells when. */
export async function readTriedPending(
  database: ClientBase,
  functions: readonly string[],
  memory: IncidentMemory,
  limit: number,
): Promise<readonly FailedJob[]> {
  if (functions.length === 0 || memory.quarantineEtas.size === 0) return []
  const found = await database.query<{ id: number; fn: string; created_at: number }>(
    TRIED_PENDING,
    [functions, quarantineEtas(memory), [...memory.handledJobs], limit],
  )
  return found.rows.map((row) => ({
    id: row.id,
    fn: row.fn,
    startedAt: row.created_at,
    createdAt: row.created_at,
  }))
}
