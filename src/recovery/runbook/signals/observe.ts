/**
 * What an operator looks at at every check: depth by job function, who runs what, which workers are alive. Two
 * statements over the live states only (indexed); the years of done rows and their tracebacks are never read.
 */
import type { ClientBase } from 'pg'
import { formatPgTimestamp } from '../../../foundation/time.ts'
import type { Incident, SafetyCatalogue, WorkersReport } from '../../contract.ts'

export interface FunctionDepth {
  readonly fn: string
  /** Pending with its eta come, and those of them that waited too long for a critical flow. */
  readonly due: number
  readonly late: number
  /** Pending with its eta to come; `retrying`: those of them that have been tried. */
  readonly postponed: number
  readonly retrying: number
  readonly started: number
  readonly enqueued: number
  /** All failed rows, and those that started before the last check. */
  readonly failed: number
  readonly failedSettled: number
  /** Failed in the last minutes, and not created long before: old rows that something brought back are no news. */
  readonly failedRecently: number
  /** Failed, created since `createdFrom`, and nobody has dealt with them. */
  readonly failedStanding: number
}

export interface RunningJob {
  readonly id: number
  readonly fn: string
  readonly state: 'started' | 'enqueued'
  readonly workerPid: number
  readonly createdAt: number
  /** Virtual ms; null = it never started. */
  readonly startedAt: number | null
  readonly enqueuedAt: number | null
}

export interface Facts {
  readonly at: number
  readonly byFunction: readonly FunctionDepth[]
  readonly running: readonly RunningJob[]
  readonly workers: WorkersReport
  /** Largest id of the table. */
  readonly idMax: number
}

/** Name of a job function, the key of catalogue and workload. */
export const FUNCTION_NAME = `(job.model_name || '.' || job.method_name)`

const DEPTH = `
  select ${FUNCTION_NAME} as fn,
         count(*) filter (where due)::int4 as due,
         count(*) filter (where due and waits_since < $1::timestamp - late.after)::int4 as late,
         count(*) filter (where job.state = 'pending' and not due)::int4 as postponed,
         count(*) filter (where job.state = 'pending' and not due and job.retry > 0)::int4 as retrying,
         count(*) filter (where job.state = 'started')::int4 as started,
         count(*) filter (where job.state = 'enqueued')::int4 as enqueued,
         count(*) filter (where job.state = 'failed')::int4 as failed,
         count(*) filter (where job.state = 'failed'
           and coalesce(job.date_started <= $2::timestamp, true))::int4 as failed_settled,
         count(*) filter (where job.state = 'failed'
           and job.date_started >= $3::timestamp
           and job.date_created >= $6::timestamp)::int4 as failed_recently,
         count(*) filter (where job.state = 'failed'
           and job.date_created >= $6::timestamp
           and job.id <> all ($7::int4[]))::int4 as failed_standing,
         (select max(id) from queue_job)::int4 as id_max
    from queue_job as job
   cross join lateral (
           select job.state = 'pending' and coalesce(job.eta <= $1::timestamp, true) as due,
                  greatest(job.date_created, job.eta) as waits_since
         ) as derived
    left join unnest($4::text[], $5::interval[]) as late (fn, after) on late.fn = ${FUNCTION_NAME}
   where job.state in ('pending', 'enqueued', 'started', 'failed')
   group by 1
   order by 1`

interface DepthRow extends Omit<
  FunctionDepth,
  'failedSettled' | 'failedRecently' | 'failedStanding'
> {
  readonly failed_settled: number
  readonly failed_recently: number
  readonly failed_standing: number
  readonly id_max: number
}

/** More rows than slots means a runner that lost count; this many are enough to see it. */
const RUNNING_MAX = 500

const RUNNING = `
  select job.id, ${FUNCTION_NAME} as fn, job.state, coalesce(job.worker_pid, 0) as worker_pid,
         (extract(epoch from job.date_created) * 1000)::float8 as created_at,
         (extract(epoch from job.date_started) * 1000)::float8 as started_at,
         (extract(epoch from job.date_enqueued) * 1000)::float8 as enqueued_at
    from queue_job as job
   where job.state in ('started', 'enqueued')
   order by job.date_started nulls last, job.id
   limit ${RUNNING_MAX}`

interface RunningRow {
  readonly id: number
  readonly fn: string
  readonly state: 'started' | 'enqueued'
  readonly worker_pid: number
  readonly created_at: number
  readonly started_at: number | null
  readonly enqueued_at: number | null
}

export interface ObserveOptions {
  /** When the table was last looked at. */
  readonly lastAt: number
  /** Failures of runs from here on are recent, if the job was not created before `createdFrom`. */
  readonly recentFrom: number
  readonly createdFrom: number
  /** Failed jobs that were dealt with: settled by a person, handed over, or older than the trouble. */
  readonly dealtWith: readonly number[]
  /** Share of its SLA after which a waiting critical job is late. */
  readonly slaShare: number
}

export async function observe(incident: Incident, options: ObserveOptions): Promise<Facts> {
  const { now, database, operations, catalogue } = incident
  const at = now.getTime()
  const depth = await readDepth(database, at, catalogue, options)
  const running = await database.query<RunningRow>(RUNNING)
  // Asked after the rows were read: a worker that is alive now was there when they were.
  const workers = await operations.workers.show()
  return {
    at,
    byFunction: depth.map((row) => ({
      fn: row.fn,
      due: row.due,
      late: row.late,
      postponed: row.postponed,
      retrying: row.retrying,
      started: row.started,
      enqueued: row.enqueued,
      failed: row.failed,
      failedSettled: row.failed_settled,
      failedRecently: row.failed_recently,
      failedStanding: row.failed_standing,
    })),
    running: running.rows.map((row) => ({
      id: row.id,
      fn: row.fn,
      state: row.state,
      workerPid: row.worker_pid,
      createdAt: row.created_at,
      startedAt: row.started_at,
      enqueuedAt: row.enqueued_at,
    })),
    workers,
    idMax: depth[0]?.id_max ?? 0,
  }
}

async function readDepth(
  database: ClientBase,
  at: number,
  catalogue: SafetyCatalogue,
  { lastAt, recentFrom, createdFrom, dealtWith, slaShare }: ObserveOptions,
): Promise<readonly DepthRow[]> {
  const critical = Object.values(catalogue).filter(({ slaMs }) => slaMs !== null)
  const found = await database.query<DepthRow>(DEPTH, [
    formatPgTimestamp(at),
    formatPgTimestamp(lastAt),
    formatPgTimestamp(recentFrom),
    critical.map(({ jobFunction }) => jobFunction),
    critical.map(({ slaMs }) => `${Math.round(slaMs! * slaShare)} milliseconds`),
    formatPgTimestamp(createdFrom),
    dealtWith,
  ])
  return found.rows
}

const RECENTLY_FAILED = `
  select coalesce(array_agg(id order by id), '{}') as ids
    from queue_job
   where state = 'failed' and date_created >= $1::timestamp`

/** Ids of failed jobs created since `createdFrom`: what failed before an incident is not part of it. */
export async function readRecentlyFailed(
  database: ClientBase,
  createdFrom: number,
): Promise<readonly number[]> {
  const found = await database.query<{ ids: number[] }>(RECENTLY_FAILED, [
    formatPgTimestamp(createdFrom),
  ])
  return found.rows[0]!.ids
}
