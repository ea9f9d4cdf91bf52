/** Runbook steps 1 and 2 as operations: what the queue looks like, and what blocks it. They read and change nothing. */
import type { Client } from 'pg'
import { formatPgTimestamp } from '../../foundation/time.ts'
import type { JobState } from '../../queue-job/job.ts'
import type { Blocker, ChannelShape, QueueShape } from '../../recovery/contract.ts'
import { columnsOf, type JobColumns } from '../../recovery/sql/columns.ts'

const BY_STATE = `
  select state, count(*)::int4 as jobs from queue_job group by state order by jobs desc, state`

const CHANNELS = `
  select coalesce(channel, 'root') as channel,
         count(*) filter (where state = 'pending')::int4 as pending,
         count(*) filter (where state = 'pending' and (eta is null or eta <= $1::timestamp))::int4 as due,
         count(*) filter (where state = 'started')::int4 as started,
         count(*) filter (where state = 'failed')::int4 as failed,
         min(date_created)
           filter (where state = 'pending' and (eta is null or eta <= $1::timestamp)) as "oldestDue"
    from queue_job
   where state in ('pending', 'started', 'failed')
   group by 1
   order by pending desc, 1`

/** `now`: virtual ms. */
export async function readShape(client: Client, now: number): Promise<QueueShape> {
  const states = await client.query<{ state: JobState; jobs: number }>(BY_STATE)
  const channels = await client.query<ChannelShape>(CHANNELS, [formatPgTimestamp(now)])
  return { byState: states.rows, channels: channels.rows }
}

const EXCEPTION_LENGTH = 140

/** The end of a traceback names the exception; a job that postponed itself has its reason in `result`. */
const exceptionOf = (columns: JobColumns) => `left(btrim(coalesce(
           ${columns.has('exc_message') ? `nullif(exc_name || ': ' || exc_message, ''),` : ''}
           nullif(regexp_replace(btrim(exc_info), '^.*\\n(?=\\S)', ''), ''), result, '')), ${EXCEPTION_LENGTH})`

const blockers = (columns: JobColumns) => `
  select id, state, coalesce(channel, 'root') as channel,
         model_name || '.' || method_name as "jobFunction", eta,
         date_created as "dateCreated", ${exceptionOf(columns)} as exception
    from queue_job
   where (state = 'failed' and date_started >= $1::timestamp)
      or (state = 'pending' and (eta is null or eta <= $3::timestamp or retry > 0))
   order by date_created, id
   limit $2::int4`

/**
 * Failed jobs from before the incident (`from`) block nothing: they are months old and stay. Nor do jobs that were
 * created for a later day and never tried. `from`, `now`: virtual ms.
 */
export async function readBlockers(
  client: Client,
  from: number,
  now: number,
  limit: number,
): Promise<readonly Blocker[]> {
  const statement = blockers(await columnsOf(client))
  const { rows } = await client.query<Blocker>(statement, [
    formatPgTimestamp(from),
    limit,
    formatPgTimestamp(now),
  ])
  return rows
}
