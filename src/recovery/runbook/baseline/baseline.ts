/**
 * Step 1: before anything is touched, the number of jobs by state and the pending jobs of the ten largest channels go
 * into the notes; the recovery is proven against them. The one statement that counts the whole table, once an incident.
 */
import type { ClientBase } from 'pg'
import type { JobState } from '../../../queue-job/job.ts'
import type { BaselineFigures, Notes } from '../../contract.ts'

const BY_STATE = `
  select state, count(*)::int4 as jobs
    from queue_job
   group by state
   order by jobs desc, state`

const PENDING_BY_CHANNEL = `
  select coalesce(channel, 'root') as channel, count(*)::int4 as jobs
    from queue_job
   where state = 'pending'
   group by 1
   order by jobs desc, 1
   limit $1::int4`

export async function takeBaseline(
  database: ClientBase,
  notes: Notes,
  channels: number,
): Promise<BaselineFigures> {
  const states = await database.query<{ state: JobState; jobs: number }>(BY_STATE)
  const pending = await database.query<{ channel: string; jobs: number }>(PENDING_BY_CHANNEL, [
    channels,
  ])
  const figures = {
    byState: Object.fromEntries(states.rows.map(({ state, jobs }) => [state, jobs])),
    pendingByChannel: Object.fromEntries(pending.rows.map(({ channel, jobs }) => [channel, jobs])),
  }
  await notes.baseline(figures)
  return figures
}
