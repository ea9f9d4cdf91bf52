/**
 * The rows of `queue_job` straight from the files, as the model's type: the simulated world is built from them, while
 * the same files are loaded into PostgreSQL. So both see the same rows, checked by the same checksums.
 */
import { DrillError } from '../foundation/errors.ts'
import { parsePgTimestamp } from '../foundation/time.ts'
import { recordsOfIds } from '../queue-job/record-ids.ts'
import type { TableName } from '../queue-job/series.ts'
import { STATES } from '../queue-job/job.ts'
import type { JobRow, JobState } from '../queue-job/job.ts'
import { decodeRows } from './copy-text.ts'
import type { Field } from './copy-text.ts'
import { readDataFile } from './data-file.ts'
import type { Snapshot } from './open.ts'

const KNOWN_STATES: ReadonlySet<string> = new Set(STATES)

/**
 * Every row in file order, which for a generated snapshot is that of the ids. Times are ms (microseconds are cut);
 * NULL in `retry`, `max_retries`, `exec_time` or `worker_pid` reads as 0, as Odoo reads it. Throws DrillError `input` on
 * a damaged file or a value that is not of its column's type.
 */
export async function* readJobs(
  snapshot: Pick<Snapshot, 'directory' | 'manifest'>,
): AsyncGenerator<JobRow> {
  const { columns, files } = snapshot.manifest.tables.queue_job
  const toJob = jobReader(columns)
  for (const file of files) {
    let row = 0
    const chunks = readDataFile(snapshot.directory, file)
    for await (const batch of decodeRows(chunks, columns.length, file.name)) {
      for (const fields of batch) {
        row += 1
        yield toJob(fields, () => `${file.name}, row ${row}`)
      }
    }
  }
}

/** Rows of a small table as column → text, in file order. */
export async function* readTable(
  snapshot: Pick<Snapshot, 'directory' | 'manifest'>,
  name: TableName,
): AsyncGenerator<Readonly<Record<string, Field>>> {
  const table = snapshot.manifest.tables[name]
  if (table === undefined) return
  const { columns, files } = table
  for (const file of files) {
    const chunks = readDataFile(snapshot.directory, file)
    for await (const batch of decodeRows(chunks, columns.length, file.name)) {
      for (const fields of batch) {
        yield Object.fromEntries(columns.map((column, at) => [column, fields[at]!]))
      }
    }
  }
}

type Where = () => string

function jobReader(columns: readonly string[]): (fields: Field[], where: Where) => JobRow {
  // A column that the snapshot lacks is read from beyond the row's end: NULL.
  const [id, uuid, graphUuid, userId, companyId] = positions(
    columns,
    'id uuid graph_uuid user_id company_id',
  )
  const [name, modelName, methodName] = positions(columns, 'name model_name method_name')
  const [records, recordIds, args, kwargs, funcString, dependencies] = positions(
    columns,
    'records record_ids args kwargs func_string dependencies',
  )
  const [state, priority, retry, maxRetries] = positions(
    columns,
    'state priority retry max_retries',
  )
  const [eta, created, enqueued, started, done, cancelled, execTime] = positions(
    columns,
    'eta date_created date_enqueued date_started date_done date_cancelled exec_time',
  )
  const [excName, excMessage, excInfo, result] = positions(
    columns,
    'exc_name exc_message exc_info result',
  )
  const [channel, channelMethodName, jobFunctionId, identityKey, workerPid] = positions(
    columns,
    'channel channel_method_name job_function_id identity_key worker_pid',
  )
  return (fields, where) => {
    const text = (at: number): Field => fields[at] ?? null
    const number = (at: number) => toNumber(fields[at], where, columns[at])
    const time = (at: number) => toTime(fields[at], where)
    return {
      id: number(id!) ?? missing('id', where),
      uuid: text(uuid!) ?? missing('uuid', where),
      graphUuid: text(graphUuid!),
      userId: number(userId!),
      companyId: number(companyId!),
      name: text(name!),
      modelName: text(modelName!) ?? missing('model_name', where),
      methodName: text(methodName!) ?? missing('method_name', where),
      records: text(records!) ?? recordsOfIds(fields[modelName!]!, text(recordIds!)),
      args: text(args!),
      kwargs: text(kwargs!),
      funcString: text(funcString!),
      dependencies: text(dependencies!),
      dateCreated: time(created!),
      channelMethodName: text(channelMethodName!),
      jobFunctionId: number(jobFunctionId!),
      identityKey: text(identityKey!),
      state: toState(fields[state!], where),
      priority: number(priority!),
      retry: number(retry!) ?? 0,
      maxRetries: number(maxRetries!) ?? 0,
      eta: time(eta!),
      channel: text(channel!),
      dateEnqueued: time(enqueued!),
      dateStarted: time(started!),
      dateDone: time(done!),
      dateCancelled: time(cancelled!),
      execTime: number(execTime!) ?? 0,
      excName: text(excName!),
      excMessage: text(excMessage!),
      excInfo: text(excInfo!),
      result: text(result!),
      workerPid: number(workerPid!) ?? 0,
    }
  }
}

function positions(columns: readonly string[], names: string): number[] {
  return names.split(' ').map((name) => {
    const at = columns.indexOf(name)
    return at === -1 ? columns.length : at
  })
}

function toNumber(
  field: Field | undefined,
  where: Where,
  column: string | undefined,
): number | null {
  if (field === undefined || field === null) return null
  const value = Number(field)
  if (field === '' || !Number.isFinite(value)) {
    throw new DrillError(
      'input',
      `${where()}: ${column} is "${field}", not a number. Export it again.`,
    )
  }
  return value
}

/**
 * Cuts the digits out of `2026-11-17 09:59:58.123456`: a quarter of the time of `parsePgTimestamp`, which is asked only
 * about what does not look like that.
 */
function toTime(field: Field | undefined, where: Where): number | null {
  if (field === undefined || field === null) return null
  if (/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d{1,6})?$/.test(field)) {
    const at = Date.UTC(
      digits(field, 0, 4),
      digits(field, 5, 7) - 1,
      digits(field, 8, 10),
      digits(field, 11, 13),
      digits(field, 14, 16),
      digits(field, 17, 19),
    )
    return field.length === 19 ? at : at + digits(field.slice(20, 23).padEnd(3, '0'), 0, 3)
  }
  try {
    return parsePgTimestamp(field)
  } catch (error) {
    throw new DrillError('input', `${where()}: "${field}" is not a timestamp. Export it again.`, {
      cause: error,
    })
  }
}

function digits(text: string, from: number, to: number): number {
  let value = 0
  for (let index = from; index < to; index++) value = value * 10 + text.charCodeAt(index) - 48
  return value
}

function toState(field: Field | undefined, where: Where): JobState {
  if (typeof field === 'string' && KNOWN_STATES.has(field)) return field as JobState
  throw new DrillError(
    'input',
    `${where()}: state is ${field === null ? 'NULL' : `"${field}"`}; known are ${STATES.join(', ')}.`,
  )
}

function missing(column: string, where: Where): never {
  throw new DrillError('input', `${where()}: ${column} is NULL, a job cannot do without it.`)
}
