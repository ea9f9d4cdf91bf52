/**
 * Glossary of the model.
 *
 * job           one row of `queue_job`
 * job function  `<model>.<method>`, the key of configuration, workload and operations; `functionName(row)`
 * channel       dotted name below `root`; free text in the row
 * eta           not before; UTC
 * retry         tries so far; written at the end of a run only
 * slot          a unit of a channel's capacity, held by what the runner believes to be enqueued or started
 *
 * Times are virtual milliseconds (UTC); the table's `timestamp` columns have no zone and hold UTC.
 */

/** All states of the addon from 14.0 on, in the order of a job's life. */
export const STATES = [
  'wait_dependencies',
  'pending',
  'enqueued',
  'started',
  'done',
  'cancelled',
  'failed',
] as const

/** One of the seven states of `queue_job.state`. */
export type JobState = (typeof STATES)[number]

/** The part of a row that transitions, operators and workers change. `null` = SQL NULL. */
export interface JobMutable {
  state: JobState
  priority: number | null
  retry: number
  maxRetries: number
  eta: number | null
  channel: string | null
  dateEnqueued: number | null
  dateStarted: number | null
  dateDone: number | null
  dateCancelled: number | null
  /** Seconds, done jobs only. */
  execTime: number
  excName: string | null
  excMessage: string | null
  excInfo: string | null
  result: string | null
  workerPid: number
}

/** The part that never changes after creation. JSON columns stay the text that the table holds. */
export interface JobIdentity {
  id: number
  uuid: string
  graphUuid: string | null
  userId: number | null
  companyId: number | null
  name: string | null
  modelName: string
  methodName: string
  records: string | null
  args: string | null
  kwargs: string | null
  funcString: string | null
  dependencies: string | null
  dateCreated: number | null
  channelMethodName: string | null
  jobFunctionId: number | null
  identityKey: string | null
}

/** One row of `queue_job` (16.0 columns that the model uses). */
export interface JobRow extends JobIdentity, JobMutable {}

/** Key of configuration, workload and operations file: `<model>.<method>`. */
export function functionName(row: Pick<JobIdentity, 'modelName' | 'methodName'>): string {
  return `${row.modelName}.${row.methodName}`
}
