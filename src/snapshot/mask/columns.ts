/**
 * What is done with each column. Those named here are known; any other, from another addon or another version, is masked
 * by its type: nothing passes because nobody had thought of it.
 */
import type { TableName } from '../../queue-job/series.ts'

/**
 * `integer`, `real`, `moment`, `flag`: stays if it is one, else masked as text. `name`: dotted names of code and channels,
 * stay unless they look like a leak. `settings`: JSON of the configuration, numbers stay. All others are masked: as what
 * they say. `off`: every flag of an unknown column becomes false.
 */
export type Rule =
  | 'integer'
  | 'real'
  | 'moment'
  | 'flag'
  | 'name'
  | 'settings'
  | 'number'
  | 'decimal'
  | 'uuid'
  | 'json'
  | 'action'
  | 'text'
  | 'call'
  | 'traceback'
  | 'date'
  | 'off'

/** Columns by rule, for readers. */
function rules(lists: Partial<Record<Rule, string>>): ReadonlyMap<string, Rule> {
  return new Map(
    Object.entries(lists).flatMap(([rule, names]) =>
      names.split(' ').map((name): [string, Rule] => [name, rule as Rule]),
    ),
  )
}

const LOG = { number: 'create_uid write_uid', moment: 'create_date write_date' }

const KNOWN: Readonly<Record<TableName, ReadonlyMap<string, Rule>>> = {
  queue_job: rules({
    integer: 'id priority retry max_retries job_function_id worker_pid',
    real: 'exec_time',
    moment: 'eta date_created date_enqueued date_started date_done date_cancelled',
    name: 'state channel model_name method_name channel_method_name exc_name',
    uuid: 'uuid graph_uuid',
    number: 'user_id company_id message_main_attachment_id',
    json: 'records record_ids args kwargs dependencies',
    text: 'name exc_message result identity_key',
    call: 'func_string',
    traceback: 'exc_info',
  }),
  queue_job_channel: rules({
    ...LOG,
    integer: 'id parent_id removal_interval capacity throttle',
    name: 'name complete_name',
    flag: 'sequential paused',
  }),
  queue_job_function: rules({
    ...LOG,
    integer: 'id model_id channel_id',
    name: 'name method channel on_fail_method',
    settings: 'retry_pattern',
    action: 'related_action',
    flag: 'allow_commit',
  }),
  queue_job_lock: rules({ ...LOG, integer: 'id queue_job_id' }),
}

/** `type` as PostgreSQL or the manifest writes it, also with ` not null`. */
export function ruleOf(table: TableName, column: string, type: string): Rule {
  return KNOWN[table].get(column) ?? ruleOfType(type)
}

/** Of a column that nobody knows, or that a policy wants masked. */
export function ruleOfType(type: string): Rule {
  switch (
    type
      .replace(/ not null$/, '')
      .replace(/\(.*\)/, '')
      .toLowerCase()
  ) {
    case 'int2':
    case 'int4':
    case 'int8':
    case 'smallint':
    case 'integer':
    case 'bigint':
      return 'number'
    case 'float4':
    case 'float8':
    case 'real':
    case 'double precision':
    case 'numeric':
      return 'decimal'
    case 'bool':
    case 'boolean':
      return 'off'
    case 'date':
    case 'timestamp':
    case 'timestamptz':
    case 'timestamp without time zone':
    case 'timestamp with time zone':
      return 'date'
    case 'uuid':
      return 'uuid'
    case 'json':
    case 'jsonb':
      return 'json'
    default:
      return 'text'
  }
}
