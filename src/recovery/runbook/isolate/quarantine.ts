/**
 * Step 3, first half: the pending jobs of a broken flow are postponed by 30 minutes, in UTC whatever the session's time
 * zone says. A postponement catches what is pending at that moment, so it is renewed at every check while the flow is
 * broken; a job that has a later eta of its own keeps it.
 */
import type { ClientBase } from 'pg'
import { formatPgTimestamp } from '../../../foundation/time.ts'
import type { SafetyCatalogue } from '../../contract.ts'
import { retentionOf } from '../flows.ts'
import type { IncidentMemory } from '../memory.ts'
import { FUNCTION_NAME } from '../signals/observe.ts'

/** A job that may have reached the partner: its next try must come before the partner forgets its key. */
export const TRIED = `(job.retry > 0 or job.result is not null or job.exc_info is not null)`

const POSTPONE = `
  with moved as materialized (
    select job.id, job.eta
      from queue_job as job
      left join unnest($5::text[], $6::interval[]) as keyed (fn, retention)
        on keyed.fn = ${FUNCTION_NAME}
     where job.state = 'pending'
       and ${FUNCTION_NAME} = any ($1::text[])
       and coalesce(job.eta < $2::timestamp, true)
       and not (${TRIED} and coalesce(job.date_created + keyed.retention <= $3::timestamp, false))
     order by job.id
       for update of job
  ), postponed as (
    update queue_job as job
       set eta = $3::timestamp
      from moved
     where job.id = moved.id
    returning job.id, moved.eta
  )
  select count(*)::int4 as jobs,
         coalesce(array_agg(id order by id) filter (where has_own_eta), '{}') as own_ids,
         coalesce(array_agg((extract(epoch from eta) * 1000)::float8 order by id)
           filter (where has_own_eta), '{}') as own_etas
    from (
           select id, eta, eta > $4::timestamp and eta <> all ($7::timestamp[]) as has_own_eta
             from postponed
         ) as counted`

export interface PostponeOptions {
  readonly now: number
  /** Rows whose eta is earlier than this are pushed … */
  readonly dueBefore: number
  /** … to here. */
  readonly until: number
}

/** Returns how many jobs were postponed; etas that jobs had of their own are remembered. */
export async function postpone(
  database: ClientBase,
  functions: readonly string[],
  catalogue: SafetyCatalogue,
  memory: IncidentMemory,
  { now, dueBefore, until }: PostponeOptions,
): Promise<number> {
  const keyed = functions.flatMap((fn) => {
    const retentionMs = retentionOf(fn, catalogue)
    return retentionMs === null ? [] : [{ fn, retentionMs }]
  })
  const found = await database.query<{ jobs: number; own_ids: number[]; own_etas: number[] }>(
    POSTPONE,
    [
      functions,
      formatPgTimestamp(dueBefore),
      formatPgTimestamp(until),
      formatPgTimestamp(now),
      keyed.map(({ fn }) => fn),
      keyed.map(({ retentionMs }) => `${retentionMs} milliseconds`),
      quarantineEtas(memory),
    ],
  )
  const { jobs, own_ids: ids, own_etas: etas } = found.rows[0]!
  for (const [index, id] of ids.entries()) {
    if (!memory.ownEtas.has(id)) memory.ownEtas.set(id, etas[index]!)
  }
  if (jobs > 0) memory.quarantineEtas.add(until)
  return jobs
}

/** The etas that mean "postponed by us", as parameters. */
export function quarantineEtas(memory: IncidentMemory): readonly string[] {
  return [...memory.quarantineEtas].map(formatPgTimestamp)
}

const RELEASE = `
  with chosen as materialized (
    select job.id
      from queue_job as job
     where job.state = 'pending'
       and ${FUNCTION_NAME} = any ($1::text[])
       and job.eta = any ($2::timestamp[])
       and not (${FUNCTION_NAME} = any ($3::text[]) and ${TRIED})
       and job.id <> all ($4::int4[])
     order by job.date_created, job.id
     limit $5::int4
       for update of job
  ), released as (
    update queue_job as job
       set eta = own.eta
      from chosen
      left join unnest($6::int4[], $7::timestamp[]) as own (id, eta) on own.id = chosen.id
     where job.id = chosen.id
    returning job.id
  )
  select coalesce(array_agg(id order by id), '{}') as ids from released`

export interface ReleaseOptions {
  readonly now: number
  /** Functions whose tried jobs are asked about first. */
  readonly askFirst: readonly string[]
  /** Jobs that stay where they are: a newer job of the same record goes before them. */
  readonly held: readonly number[]
  readonly limit: number
}

/** One batch, oldest first: the eta that the job had of its own if that is still to come, else none. Returns the ids. */
export async function release(
  database: ClientBase,
  functions: readonly string[],
  memory: IncidentMemory,
  { now, askFirst, held, limit }: ReleaseOptions,
): Promise<readonly number[]> {
  if (memory.quarantineEtas.size === 0 || limit < 1) return []
  const own = [...memory.ownEtas].filter(([, eta]) => eta > now)
  const found = await database.query<{ ids: number[] }>(RELEASE, [
    functions,
    quarantineEtas(memory),
    askFirst,
    held,
    limit,
    own.map(([id]) => id),
    own.map(([, eta]) => formatPgTimestamp(eta)),
  ])
  return found.rows[0]!.ids
}

const COUNT_POSTPONED = `
  select ${FUNCTION_NAME} as fn, count(*)::int4 as jobs
    from queue_job as job
   where job.state = 'pending'
     and ${FUNCTION_NAME} = any ($1::text[])
     and job.eta = any ($2::timestamp[])
   group by 1
   order by 1`

/** Jobs that are still postponed by us, by function. */
export async function countPostponed(
  database: ClientBase,
  functions: readonly string[],
  memory: IncidentMemory,
): Promise<readonly { readonly fn: string; readonly jobs: number }[]> {
  if (memory.quarantineEtas.size === 0 || functions.length === 0) return []
  const found = await database.query<{ fn: string; jobs: number }>(COUNT_POSTPONED, [
    functions,
    quarantineEtas(memory),
  ])
  return found.rows
}
