/**
 * What really ran of a flow since the last check: the surest canaries are the new jobs that the business itself sends.
 * Read by id from the recent end of the table, because no index on dates exists.
 */
import type { ClientBase } from 'pg'
import { formatPgTimestamp } from '../../../foundation/time.ts'
import { columnsOf, type JobColumns } from '../../sql/columns.ts'
import { FUNCTION_NAME } from '../signals/observe.ts'

/** Beginning of `result` of what the engine itself set done: no evidence that the partner works. */
export const RECONCILED = 'Reconciled'
export const SUPERSEDED = 'Superseded'

export interface Pulse {
  readonly done: number
  readonly failed: number
  /** Of `done`: started after the last failure. */
  readonly doneSinceFailure: number
  /** Mean run time of the done, ms; null = none. */
  readonly meanMs: number | null
}

export const NO_PULSE: Pulse = { done: 0, failed: 0, doneSinceFailure: 0, meanMs: null }

/** Seconds of a run; as exact numbers, whose mean does not depend on the order of the rows. */
const runTime = (columns: JobColumns) =>
  columns.has('exec_time')
    ? 'job.exec_time::numeric'
    : 'extract(epoch from job.date_done - job.date_started)::numeric'

const pulse = (columns: JobColumns) => `
  select flow,
         count(*) filter (where state = 'done')::int4 as done,
         count(*) filter (where state = 'failed')::int4 as failed,
         count(*) filter (where state = 'done'
           and coalesce(date_started > last_failure, true))::int4 as done_since_failure,
         (avg(run_time) filter (where state = 'done') * 1000)::float8 as mean_ms
    from (
           select flows.flow, job.state, job.date_started, ${runTime(columns)} as run_time,
                  max(job.date_started) filter (where job.state = 'failed')
                    over (partition by flows.flow) as last_failure
             from queue_job as job
             join unnest($1::text[], $2::text[]) as flows (fn, flow) on flows.fn = ${FUNCTION_NAME}
            where job.id > $3::int4
              and job.state in ('done', 'failed')
              and job.date_started > $4::timestamp
              and coalesce(job.result !~ '^(${RECONCILED}|${SUPERSEDED})', true)
         ) as ended
   group by flow
   order by flow`

/** By name of the flow; one that nothing ran of is absent. `since`: of their start. */
export async function readPulses(
  database: ClientBase,
  flows: readonly { readonly name: string; readonly functions: readonly string[] }[],
  idFloor: number,
  since: number,
): Promise<ReadonlyMap<string, Pulse>> {
  const pairs = flows.flatMap(({ name, functions }) => functions.map((fn) => [fn, name] as const))
  if (pairs.length === 0) return new Map()
  const found = await database.query<{
    flow: string
    done: number
    failed: number
    done_since_failure: number
    mean_ms: number | null
  }>(pulse(await columnsOf(database)), [
    pairs.map(([fn]) => fn),
    pairs.map(([, name]) => name),
    idFloor,
    formatPgTimestamp(since),
  ])
  return new Map(
    found.rows.map(({ flow, done, failed, done_since_failure, mean_ms }) => [
      flow,
      { done, failed, doneSinceFailure: done_since_failure, meanMs: mean_ms },
    ]),
  )
}

const CANARIES = `
  select count(*) filter (where state = 'done')::int4 as done,
         count(*) filter (where state = 'failed' or (state = 'pending' and retry > 0))::int4 as failed,
         count(*)::int4 as jobs
    from queue_job
   where id = any ($1::int4[])`

export interface CanaryReport {
  readonly done: number
  readonly failed: number
  /** Neither yet. */
  readonly open: number
}

export async function readCanaries(
  database: ClientBase,
  ids: readonly number[],
): Promise<CanaryReport | null> {
  if (ids.length === 0) return null
  const found = await database.query<{ done: number; failed: number; jobs: number }>(CANARIES, [
    ids,
  ])
  const { done, failed, jobs } = found.rows[0]!
  return { done, failed, open: jobs - done - failed }
}
