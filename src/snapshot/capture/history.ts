/**
 * The whole history of a queue in one scan of its table, aggregated by the server: what the workload is made of, also of
 * the rows that a capture does not take. Four groupings share the scan (parameters, arrivals by hour, run times,
 * failures); each has few groups however many rows there are, so the server hashes them in some 50 MB (measured: 1M rows
 * of 692 MB in 2.3 s) and the harness folds them as they come.
 */
import type { Client } from 'pg'
import { DAY, HOUR, SECOND, formatPgTimestamp } from '../../foundation/time.ts'
import { decodeRows } from '../copy-text.ts'
import type { Field } from '../copy-text.ts'
import { copyOut } from './copy-out.ts'
import { durationBucketSql } from './durations.ts'
import type { DurationHistogram } from './durations.ts'
import { jobCondition } from './selection.ts'

/**
 * Arrivals and failures are read from so many weeks at most: what happened before says little about next week, and the
 * number of groups stays bounded. Run times are read from the whole table.
 */
export const WEEKS_MAX = 13
const WEEK = 7 * DAY

/** Jobs of one function with the same parameters. */
export interface ParameterGroup {
  readonly channel: string
  readonly priority: number | null
  readonly maxRetries: number | null
  readonly companyId: number | null
  readonly rows: number
  /** ms; null = none has it. */
  readonly firstCreated: number | null
  readonly firstDone: number | null
}

export interface FailureGroup {
  /** `requests.exceptions.ReadTimeout`; null where the table does not have it. */
  readonly excName: string | null
  /** A message of the group, or the end of a traceback where `excName` is null. */
  readonly sample: string
  /** Whole weeks before the capture, 0..WEEKS_MAX - 1. */
  readonly week: number
  readonly rows: number
}

export interface FunctionHistory {
  /** `<model>.<method>`. */
  readonly name: string
  readonly model: string
  readonly method: string
  readonly parameters: ParameterGroup[]
  /** Hours since 1970 → jobs created in that hour, at most WEEKS_MAX weeks back. */
  readonly hours: Map<number, number>
  readonly durations: DurationHistogram
  readonly failures: FailureGroup[]
  rows: number
  withIdentityKey: number
  withArguments: number
  /** Of the last hour: created, ended in any way, ended as failed. */
  createdLately: number
  endedLately: number
  failedLately: number
}

export interface History {
  /** Rows of the table, and of those that are taken. */
  rows: number
  taken: number
  /** Rows without a model or a method that could be one: nothing can be said of their traffic. */
  nameless: number
  /** Rows that are no jobs: no model, no method, or a state that no addon knows. Never taken. */
  foreign: number
  /** By name. */
  readonly functions: Map<string, FunctionHistory>
}

export interface HistoryOptions {
  readonly now: number
  /** Readable columns of `queue_job`, with their types. */
  readonly columns: ReadonlyMap<string, string>
  /** Which rows are taken: a condition in SQL. */
  readonly taken: string
}

/** Reads it. Memory: some 100 bytes for each function and hour. */
export async function readHistory(client: Client, options: HistoryOptions): Promise<History> {
  const history: History = { rows: 0, taken: 0, nameless: 0, foreign: 0, functions: new Map() }
  const chunks = texts(client, historySql(options))
  for await (const batch of decodeRows(chunks, FIELDS.length, 'the history of queue_job')) {
    for (const fields of batch) fold(history, fields)
  }
  return history
}

async function* texts(client: Client, query: string): AsyncGenerator<Buffer> {
  for await (const { text } of copyOut(client, query)) yield text
}

/** What `grouping()` says of the four groupings: a bit is 0 for what is grouped by. */
const GROUPINGS = {
  parameters: 0b0111,
  hours: 0b1011,
  durations: 0b1101,
  failures: 0b1110,
} as const

const FIELDS = [
  'grouping',
  'model_name',
  'method_name',
  'channel',
  'priority',
  'max_retries',
  'company_id',
  'hour',
  'bucket',
  'exc_name',
  'week',
  'rows',
  'taken',
  'foreign',
  'with_identity_key',
  'with_arguments',
  'first_created',
  'first_done',
  'least_ms',
  'most_ms',
  'sample',
  'created_lately',
  'ended_lately',
  'failed_lately',
] as const
const AT = Object.fromEntries(FIELDS.map((name, index) => [name, index])) as Readonly<
  Record<(typeof FIELDS)[number], number>
>

function historySql(options: HistoryOptions): string {
  const lately = timestamp(options.now - HOUR)
  return `
  select grouping(channel, hour, bucket, week), model_name, method_name,
         channel, priority, max_retries, company_id, hour, bucket, exc_name, week,
         count(*), count(*) filter (where taken), count(*) filter (where is_job is not true), count(identity_key), count(*) filter (where has_arguments),
         date_part('epoch', min(date_created)), date_part('epoch', min(date_done)), min(ms), max(ms),
         min(sample collate "C"),
         count(*) filter (where date_created >= ${lately}),
         count(*) filter (where ended_at >= ${lately}),
         count(*) filter (where state = 'failed' and ended_at >= ${lately})
    from (${jobSql(options)}) job
   group by model_name, method_name, grouping sets (
         (channel, priority, max_retries, company_id), (hour), (bucket), (exc_name, message, week))`
}

/** What the aggregates need of one job; columns that the table lacks are NULL. */
function jobSql({ now, columns, taken }: HistoryOptions): string {
  const column = (name: string, type: string) => (columns.has(name) ? name : `null::${type}`)
  const since = timestamp(now - WEEKS_MAX * WEEK)
  const created = column('date_created', 'timestamp')
  const done = column('date_done', 'timestamp')
  const started = column('date_started', 'timestamp')
  const execTime = column('exec_time', 'float8')
  const recent = `${created} >= ${since} and ${created} <= ${timestamp(now)}`
  const ms = `case when state = 'done' then
           coalesce(nullif(${execTime}, 0), date_part('epoch', ${done} - ${started})) * 1000 end`
  return `
    select *, ${durationBucketSql('ms')} as bucket,
           ${normalised('sample')} as message
      from (select ${column('model_name', 'varchar')} as model_name, ${column('method_name', 'varchar')} as method_name,
                   ${column('channel', 'varchar')} as channel, ${column('priority', 'int4')} as priority,
                   ${column('max_retries', 'int4')} as max_retries, ${column('company_id', 'int4')} as company_id,
                   state, ${column('identity_key', 'varchar')} as identity_key,
                   ${created} as date_created, ${done} as date_done,
                   case when state = 'failed' then ${column('exc_name', 'varchar')} end as exc_name,
                   ${hasArguments(columns)} as has_arguments, (${taken}) as taken, ${jobCondition(columns)} as is_job,
                   case when ${recent} then floor(date_part('epoch', ${created}) / 3600)::int4 end as hour,
                   ${ms} as ms,
                   case when state = 'failed' then ${started} else ${done} end as ended_at,
                   case when state = 'failed' then ${sampleSql(columns)} end as sample,
                   case when state = 'failed' and ${recent} then
                     floor(date_part('epoch', ${timestamp(now)} - ${created}) / ${WEEK / SECOND})::int4 end as week
              from queue_job) narrow`
}

/** The message, or where there is no class the end of the traceback, which holds both. Long ones are not read whole. */
function sampleSql(columns: ReadonlyMap<string, string>): string {
  const info = columns.has('exc_info') ? 'right(rtrim(exc_info), 2000)' : 'null::text'
  if (!columns.has('exc_name') || !columns.has('exc_message')) return info
  return `case when coalesce(exc_name, '') <> '' then left(exc_message, 600) else ${info} end`
}

/** Roughly the signature: so few groups remain that the harness can form the real ones. */
function normalised(sample: string): string {
  const line = `substring(${sample} from '[^\\r\\n]*$')`
  return String.raw`left(regexp_replace(${line}, '''[^'']*''|"[^"]*"|\m[0-9a-f-]{8,}|[0-9]+', '#', 'g'), 200)`
}

/** 18.0 writes the JSON text into a jsonb string. */
function hasArguments(columns: ReadonlyMap<string, string>): string {
  const type = columns.get('args')
  if (type === undefined) return 'false'
  return `(args is not null and args::text not in ('[]', '', '"[]"', 'null'))`
}

function timestamp(at: number): string {
  return `timestamp '${formatPgTimestamp(at)}'`
}

function fold(history: History, fields: readonly Field[]): void {
  const number = (name: (typeof FIELDS)[number]) => Number(fields[AT[name]] ?? 0)
  const optional = (name: (typeof FIELDS)[number]) => {
    const field = fields[AT[name]] ?? null
    return field === null ? null : Number(field)
  }
  const grouping = number('grouping')
  const rows = number('rows')
  const model = fields[AT.model_name]
  const method = fields[AT.method_name]
  if (grouping === GROUPINGS.parameters) {
    history.rows += rows
    history.taken += number('taken')
    history.foreign += number('foreign')
  }
  if (!isName(model) || !isName(method)) {
    if (grouping === GROUPINGS.parameters) history.nameless += rows - number('foreign')
    return
  }
  const fn = functionOf(history, model, method)
  if (grouping === GROUPINGS.parameters) {
    const ms = (seconds: number | null) => (seconds === null ? null : seconds * SECOND)
    fn.rows += rows
    fn.withIdentityKey += number('with_identity_key')
    fn.withArguments += number('with_arguments')
    fn.createdLately += number('created_lately')
    fn.endedLately += number('ended_lately')
    fn.failedLately += number('failed_lately')
    fn.parameters.push({
      channel: fields[AT.channel] || 'root',
      priority: optional('priority'),
      maxRetries: optional('max_retries'),
      companyId: optional('company_id'),
      rows,
      firstCreated: ms(optional('first_created')),
      firstDone: ms(optional('first_done')),
    })
  } else if (grouping === GROUPINGS.hours) {
    const hour = optional('hour')
    if (hour !== null) fn.hours.set(hour, rows)
  } else if (grouping === GROUPINGS.durations) {
    const bucket = optional('bucket')
    if (bucket === null) return
    fn.durations.buckets.set(bucket, rows)
    fn.durations.leastMs = Math.min(fn.durations.leastMs, number('least_ms'))
    fn.durations.mostMs = Math.max(fn.durations.mostMs, number('most_ms'))
  } else {
    const week = optional('week')
    if (week === null) return
    const sample = fields[AT.sample] ?? ''
    fn.failures.push({ excName: fields[AT.exc_name] || null, sample, week, rows })
  }
}

/** A workload names functions as Odoo does. */
function isName(text: Field | undefined): text is string {
  return typeof text === 'string' && /^[\w.]*\w$/.test(text)
}

function functionOf({ functions }: History, model: string, method: string): FunctionHistory {
  const name = `${model}.${method}`
  const known = functions.get(name)
  if (known !== undefined) return known
  const made: FunctionHistory = {
    name,
    model,
    method,
    parameters: [],
    hours: new Map(),
    durations: { buckets: new Map(), leastMs: Infinity, mostMs: 0 },
    failures: [],
    rows: 0,
    withIdentityKey: 0,
    withArguments: 0,
    createdLately: 0,
    endedLately: 0,
    failedLately: 0,
  }
  functions.set(name, made)
  return made
}
