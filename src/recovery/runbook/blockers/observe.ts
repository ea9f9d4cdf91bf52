/**
 * Step 2: the oldest failed and self-postponed jobs of this incident, with the start of their exception. Ranked within
 * the incident: the thirty oldest failed rows of any table are months old and belong to nothing that happens now.
 */
import type { ClientBase } from 'pg'
import { formatPgTimestamp } from '../../../foundation/time.ts'
import { signatureOf } from '../../../queue-job/signature.ts'
import { columnsOf, type JobColumns } from '../../sql/columns.ts'
import { FUNCTION_NAME } from '../signals/observe.ts'

export interface Blocker {
  readonly id: number
  readonly fn: string
  readonly channel: string
  readonly state: 'failed' | 'pending'
  readonly signature: string | null
}

/** The class of an exception stands at the end of a traceback: read where exc_name was wiped. */
const TAIL_LENGTH = 400

const WITH_PARTS = `job.exc_name, left(job.exc_message, $4::int4) as exc_message,
         case when job.exc_name is null then right(job.exc_info, ${TAIL_LENGTH}) end as exc_info`

/** 13.0 has no columns for the parts of a failure: all must be read from the end of the traceback, its last frame on. */
const TRACEBACK_ONLY = `null as exc_name, null as exc_message, right(job.exc_info, ${5 * TAIL_LENGTH}) as exc_info`

const oldest = (columns: JobColumns) => `
  select job.id, ${FUNCTION_NAME} as fn, coalesce(job.channel, 'root') as channel, job.state,
         ${columns.has('exc_name') ? WITH_PARTS : TRACEBACK_ONLY},
         left(job.result, $4::int4) as result
    from queue_job as job
   where job.date_created >= $2::timestamp
     and job.id <> all ($3::int4[])
     and ((job.state = 'failed' and job.date_started >= $1::timestamp)
          or (job.state = 'pending' and job.retry > 0))
   order by job.date_created, job.id
   limit $5::int4`

interface BlockerRow {
  readonly id: number
  readonly fn: string
  readonly channel: string
  readonly state: 'failed' | 'pending'
  readonly exc_name: string | null
  readonly exc_message: string | null
  readonly exc_info: string | null
  readonly result: string | null
}

export interface BlockerOptions {
  readonly from: number
  readonly createdFrom: number
  readonly notOurs: readonly number[]
  readonly rows: number
  readonly messageLength: number
}

export async function readBlockers(
  database: ClientBase,
  { from, createdFrom, notOurs, rows, messageLength }: BlockerOptions,
): Promise<readonly Blocker[]> {
  const found = await database.query<BlockerRow>(oldest(await columnsOf(database)), [
    formatPgTimestamp(from),
    formatPgTimestamp(createdFrom),
    notOurs,
    messageLength,
    rows,
  ])
  return found.rows.map((row) => ({
    id: row.id,
    fn: row.fn,
    channel: row.channel,
    state: row.state,
    signature: signatureOf({
      jobFunction: row.fn,
      excName: row.exc_name,
      excMessage: row.exc_message,
      excInfo: row.exc_info,
      result: row.result,
    }),
  }))
}
