/**
 * Which columns the tables of the addon have in each series of Odoo (reference 1.1–1.4), name → type in the order of
 * the table. Foreign keys to tables of Odoo itself are left out: those tables are not part of a snapshot.
 */

export const SERIES = ['12.0', '13.0', '14.0', '15.0', '16.0', '17.0', '18.0', '19.0'] as const
/** One of the Odoo series. */
export type Series = (typeof SERIES)[number]

export const TABLE_NAMES = [
  'queue_job_channel',
  'queue_job_function',
  'queue_job',
  'queue_job_lock',
] as const
/** In the order of creation. */
export type TableName = (typeof TABLE_NAMES)[number]

/** Column → type, with ` not null` where it is so. */
export type Columns = Readonly<Record<string, string>>

/** The tables of one queue. The lock table came with the addon of March 2025, whatever the series. */
export interface QueueSchema {
  readonly series: Series
  readonly tables: Readonly<Record<Exclude<TableName, 'queue_job_lock'>, Columns>> & {
    readonly queue_job_lock?: Columns
  }
}

/** How the columns of a snapshot differ from those of its series; tables that do not are absent. */
export interface ColumnMapping {
  /** The series has them, the snapshot does not: NULL in every row. */
  readonly missing: Readonly<Partial<Record<TableName, readonly string[]>>>
  /** The snapshot has them, the series does not: added to the table. */
  readonly added: Readonly<Partial<Record<TableName, Columns>>>
}

export interface SchemaOptions {
  /** With `queue_job_lock`; default false. */
  readonly lock?: boolean
  /** Columns that a database has beyond its series, after those of the series. */
  readonly extra?: Readonly<Partial<Record<TableName, Columns>>>
}

/** `queue_job` of 14.0 to 16.0 (and the last 12.0), the fullest of all. */
export const JOB_COLUMNS = {
  id: 'int4 not null',
  uuid: 'varchar not null',
  graph_uuid: 'varchar',
  user_id: 'int4',
  company_id: 'int4',
  name: 'varchar',
  model_name: 'varchar',
  method_name: 'varchar',
  records: 'text',
  args: 'text',
  kwargs: 'text',
  func_string: 'varchar',
  dependencies: 'text',
  state: 'varchar not null',
  priority: 'int4',
  retry: 'int4',
  max_retries: 'int4',
  eta: 'timestamp',
  date_created: 'timestamp',
  date_enqueued: 'timestamp',
  date_started: 'timestamp',
  date_done: 'timestamp',
  date_cancelled: 'timestamp',
  exec_time: 'double precision',
  exc_name: 'varchar',
  exc_message: 'varchar',
  exc_info: 'text',
  result: 'text',
  channel: 'varchar',
  channel_method_name: 'varchar',
  job_function_id: 'int4',
  identity_key: 'varchar',
  worker_pid: 'int4',
  message_main_attachment_id: 'int4',
} as const

const CHANNEL_COLUMNS = {
  id: 'int4 not null',
  name: 'varchar',
  complete_name: 'varchar',
  parent_id: 'int4',
  removal_interval: 'int4 not null',
  create_uid: 'int4',
  create_date: 'timestamp',
  write_uid: 'int4',
  write_date: 'timestamp',
} as const

const FUNCTION_COLUMNS = {
  id: 'int4 not null',
  name: 'varchar',
  model_id: 'int4',
  method: 'varchar',
  channel_id: 'int4 not null',
  channel: 'varchar',
  retry_pattern: 'text',
  related_action: 'text',
} as const

const LOCK_COLUMNS = {
  id: 'int4 not null',
  queue_job_id: 'int4 not null',
  create_uid: 'int4',
  create_date: 'timestamp',
  write_uid: 'int4',
  write_date: 'timestamp',
} as const

/** What 13.0 does not have yet: graphs, cancelling, run times, the parts of a failure. It keeps `record_ids`. */
const SINCE_14 = new Set([
  'graph_uuid',
  'dependencies',
  'date_cancelled',
  'exec_time',
  'exc_name',
  'exc_message',
])

export function schemaOf(
  series: Series,
  { lock = false, extra = {} }: SchemaOptions = {},
): QueueSchema {
  const withExtra = (name: TableName, columns: Columns): Columns => ({ ...columns, ...extra[name] })
  return {
    series,
    tables: {
      queue_job_channel: withExtra('queue_job_channel', CHANNEL_COLUMNS),
      queue_job_function: withExtra('queue_job_function', functionColumns(series)),
      queue_job: withExtra('queue_job', jobColumns(series)),
      ...(lock ? { queue_job_lock: withExtra('queue_job_lock', LOCK_COLUMNS) } : {}),
    },
  }
}

/** The tables that a schema has, in the order of creation. */
export function tableNames({ tables }: QueueSchema): TableName[] {
  return TABLE_NAMES.filter((name) => tables[name] !== undefined)
}

/** 18.0 turned the JSON columns into jsonb. */
function hasJsonb(series: Series): boolean {
  return Number(series) >= 18
}

function jobColumns(series: Series): Columns {
  const entries = Object.entries(JOB_COLUMNS).flatMap(([name, type]): [string, string][] => {
    if (series === '13.0' && SINCE_14.has(name)) return []
    if (series === '13.0' && name === 'records') return [['record_ids', 'text']]
    if (Number(series) >= 17 && name === 'message_main_attachment_id') return []
    if (hasJsonb(series) && ['records', 'args', 'kwargs'].includes(name)) return [[name, 'jsonb']]
    return [[name, type]]
  })
  return Object.fromEntries(entries)
}

function functionColumns(series: Series): Columns {
  if (!hasJsonb(series)) return FUNCTION_COLUMNS
  return { ...FUNCTION_COLUMNS, retry_pattern: 'jsonb', related_action: 'jsonb' }
}

/** States whose rows the partial index on identity keys covers (reference 1.1): 12.0, 13.0 and 17.0 leave one out. */
export function identityIndexStates(series: Series): readonly string[] {
  const waiting = ['12.0', '13.0', '17.0'].includes(series) ? [] : ['wait_dependencies']
  return ['pending', 'enqueued', ...waiting]
}
