/** Between the world's jobs and the rows of `queue_job`: one list of columns, used in both directions. */
import { formatPgTimestamp, parsePgTimestamp } from '../foundation/time.ts'
import type { JobRow } from '../queue-job/job.ts'

/** One column: its place in the model, and the array type that carries it. */
interface Column {
  readonly name: string
  readonly field: keyof JobRow
  readonly type: 'int4' | 'text' | 'float8' | 'timestamp'
}

const IDENTITY: readonly Column[] = [
  { name: 'id', field: 'id', type: 'int4' },
  { name: 'uuid', field: 'uuid', type: 'text' },
  { name: 'graph_uuid', field: 'graphUuid', type: 'text' },
  { name: 'user_id', field: 'userId', type: 'int4' },
  { name: 'company_id', field: 'companyId', type: 'int4' },
  { name: 'name', field: 'name', type: 'text' },
  { name: 'model_name', field: 'modelName', type: 'text' },
  { name: 'method_name', field: 'methodName', type: 'text' },
  { name: 'records', field: 'records', type: 'text' },
  { name: 'args', field: 'args', type: 'text' },
  { name: 'kwargs', field: 'kwargs', type: 'text' },
  { name: 'func_string', field: 'funcString', type: 'text' },
  { name: 'dependencies', field: 'dependencies', type: 'text' },
  { name: 'date_created', field: 'dateCreated', type: 'timestamp' },
  { name: 'channel_method_name', field: 'channelMethodName', type: 'text' },
  { name: 'job_function_id', field: 'jobFunctionId', type: 'int4' },
  { name: 'identity_key', field: 'identityKey', type: 'text' },
]

const MUTABLE: readonly Column[] = [
  { name: 'state', field: 'state', type: 'text' },
  { name: 'priority', field: 'priority', type: 'int4' },
  { name: 'retry', field: 'retry', type: 'int4' },
  { name: 'max_retries', field: 'maxRetries', type: 'int4' },
  { name: 'eta', field: 'eta', type: 'timestamp' },
  { name: 'channel', field: 'channel', type: 'text' },
  { name: 'date_enqueued', field: 'dateEnqueued', type: 'timestamp' },
  { name: 'date_started', field: 'dateStarted', type: 'timestamp' },
  { name: 'date_done', field: 'dateDone', type: 'timestamp' },
  { name: 'date_cancelled', field: 'dateCancelled', type: 'timestamp' },
  { name: 'exec_time', field: 'execTime', type: 'float8' },
  { name: 'exc_name', field: 'excName', type: 'text' },
  { name: 'exc_message', field: 'excMessage', type: 'text' },
  { name: 'exc_info', field: 'excInfo', type: 'text' },
  { name: 'result', field: 'result', type: 'text' },
  { name: 'worker_pid', field: 'workerPid', type: 'int4' },
]

const ALL = [...IDENTITY, ...MUTABLE]
const UPDATED = [ALL[0]!, ...MUTABLE]

const names = (columns: readonly Column[]) => columns.map((column) => column.name).join(', ')
const unnest = (columns: readonly Column[]) =>
  `unnest(${columns.map(({ type }, index) => `$${index + 1}::${type}[]`).join(', ')})`

/** Reads rows in the form that `toJobRow` takes: timestamps as text, UTC. */
export const SELECT_JOBS = `
  select ${ALL.map(({ name, type }) => (type === 'timestamp' ? `${name}::text` : name)).join(', ')}
    from queue_job where id = any ($1::int4[]) order by id`

export const INSERT_JOBS = `insert into queue_job (${names(ALL)}) select * from ${unnest(ALL)}`

export const UPDATE_JOBS = `
  update queue_job as job
     set ${MUTABLE.map(({ name }) => `${name} = new.${name}`).join(', ')}
    from ${unnest(UPDATED)} as new (${names(UPDATED)})
   where job.id = new.id`

/** Parameters of INSERT_JOBS: one array a column. */
export function insertParameters(jobs: readonly JobRow[]): unknown[][] {
  return ALL.map((column) => jobs.map((job) => toSql(column, job)))
}

/** Parameters of UPDATE_JOBS. */
export function updateParameters(jobs: readonly JobRow[]): unknown[][] {
  return UPDATED.map((column) => jobs.map((job) => toSql(column, job)))
}

function toSql(column: Column, job: JobRow): unknown {
  const value = job[column.field]
  return column.type === 'timestamp' && value !== null ? formatPgTimestamp(value as number) : value
}

/** One row of SELECT_JOBS; NULL in a number that Odoo reads as 0 is 0. */
export function toJobRow(row: Readonly<Record<string, unknown>>): JobRow {
  const entries = ALL.map(({ name, field, type }) => {
    const value = row[name]
    if (type === 'timestamp' && value !== null) return [field, parsePgTimestamp(value as string)]
    return [field, value]
  })
  const job = Object.fromEntries(entries) as unknown as JobRow
  return {
    ...job,
    retry: job.retry ?? 0,
    maxRetries: job.maxRetries ?? 0,
    execTime: job.execTime ?? 0,
    workerPid: job.workerPid ?? 0,
  }
}

/** The mutable part of a row, as a patch. */
export function mutableOf(row: JobRow): Partial<JobRow> {
  return Object.fromEntries(MUTABLE.map(({ field }) => [field, row[field]]))
}

/** A mutable column as the audit prints it (`AUDITED_COLUMNS`), in the model's form; null for other columns. */
export function fromAudit(
  name: string,
  text: string | null,
): { readonly field: keyof JobRow; readonly value: string | number | null } | null {
  const column = MUTABLE.find((candidate) => candidate.name === name)
  if (column === undefined) return null
  if (text === null) return { field: column.field, value: null }
  if (column.type === 'timestamp') return { field: column.field, value: parsePgTimestamp(text) }
  return { field: column.field, value: column.type === 'text' ? text : Number(text) }
}
