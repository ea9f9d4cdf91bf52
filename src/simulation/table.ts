/**
 * Between the world's jobs and the rows of `queue_job`: one list of columns, used in both directions, less those that
 * the table at hand does not have (13.0 knows no graphs, run times and parts of a failure). What the table cannot hold
 * the world remembers by itself.
 */
import { formatPgTimestamp, parsePgTimestamp } from '../foundation/time.ts'
import type { JobRow } from '../queue-job/job.ts'
import { idsOfRecords, recordsOfIds } from '../queue-job/record-ids.ts'

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

const names = (columns: readonly Column[]) => columns.map((column) => column.name).join(', ')
const unnest = (columns: readonly Column[]) =>
  `unnest(${columns.map(({ type }, index) => `$${index + 1}::${type}[]`).join(', ')})`

/** Only 13.0 has it, in the place of `records`. */
const RECORD_IDS: Column = { name: 'record_ids', field: 'records', type: 'text' }

/** The statements for one table and their parameters. */
export class JobTable {
  /** Reads rows in the form that `toJobRow` takes: timestamps and JSON as text, UTC. */
  readonly select: string
  readonly insert: string
  readonly update: string
  readonly #all: readonly Column[]
  readonly #mutable: readonly Column[]
  readonly #updated: readonly Column[]

  /** `types`: column → type, as `format_type` or the schema names them. */
  constructor(types: Readonly<Record<string, string>>) {
    const has = ({ name }: Column) => Object.hasOwn(types, name)
    const isJson = ({ name }: Column) => types[name]!.startsWith('jsonb')
    this.#mutable = MUTABLE.filter(has)
    this.#all = [...IDENTITY, RECORD_IDS].filter(has).concat(this.#mutable)
    this.#updated = [IDENTITY[0]!, ...this.#mutable]
    const read = this.#all.map((column) =>
      column.type === 'timestamp' || isJson(column) ? `${column.name}::text` : column.name,
    )
    this.select = `
      select ${read.join(', ')} from queue_job where id = any ($1::int4[]) order by id`
    // 18.0 hands an encoded text to a jsonb column: it becomes a JSON string (reference 1.5).
    const written = this.#all.map((column) =>
      isJson(column) ? `to_jsonb(${column.name})` : column.name,
    )
    this.insert = `
      insert into queue_job (${names(this.#all)})
      select ${written.join(', ')} from ${unnest(this.#all)} as new (${names(this.#all)})`
    this.update = `
      update queue_job as job
         set ${this.#mutable.map(({ name }) => `${name} = new.${name}`).join(', ')}
        from ${unnest(this.#updated)} as new (${names(this.#updated)})
       where job.id = new.id`
  }

  /** Parameters of `insert`: one array a column. */
  insertParameters(jobs: readonly JobRow[]): unknown[][] {
    return this.#all.map((column) => jobs.map((job) => toSql(column, job)))
  }

  /** Parameters of `update`. */
  updateParameters(jobs: readonly JobRow[]): unknown[][] {
    return this.#updated.map((column) => jobs.map((job) => toSql(column, job)))
  }

  /** One row of `select`; NULL in a number that Odoo reads as 0 is 0. */
  toJobRow(row: Readonly<Record<string, unknown>>): JobRow {
    const entries = ALL.map(({ name, field, type }) => {
      const value = row[name] ?? null
      if (type === 'timestamp' && value !== null) return [field, parsePgTimestamp(value as string)]
      return [field, value]
    })
    const job = Object.fromEntries(entries) as unknown as JobRow
    const recordIds = row['record_ids'] as string | null | undefined
    return {
      ...job,
      ...(recordIds !== undefined && { records: recordsOfIds(job.modelName, recordIds) }),
      retry: job.retry ?? 0,
      maxRetries: job.maxRetries ?? 0,
      execTime: job.execTime ?? 0,
      workerPid: job.workerPid ?? 0,
    }
  }

  /** The mutable part of a row that the table holds, as a patch. */
  mutableOf(row: JobRow): Partial<JobRow> {
    return Object.fromEntries(this.#mutable.map(({ field }) => [field, row[field]]))
  }
}

const ALL = [...IDENTITY, ...MUTABLE]

function toSql(column: Column, job: JobRow): unknown {
  if (column === RECORD_IDS) return idsOfRecords(job.records)
  const value = job[column.field]
  return column.type === 'timestamp' && value !== null ? formatPgTimestamp(value as number) : value
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
