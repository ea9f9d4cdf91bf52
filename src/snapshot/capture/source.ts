/** What the database says of itself: which tables and columns a role may read, and what Odoo has noted about the addon. */
import type { Client } from 'pg'
import { DrillError } from '../../foundation/errors.ts'
import { TABLE_NAMES } from '../../queue-job/series.ts'
import type { TableName } from '../../queue-job/series.ts'

/** Odoo's own tables; a capture does without those that it may not read. */
const ODOO_TABLES = ['ir_module_module', 'ir_model_data', 'ir_cron'] as const

export interface SourceColumn {
  readonly name: string
  /** As `pg_type` calls it: `int4`, `varchar`. */
  readonly type: string
  readonly readable: boolean
}

export interface Source {
  /** Columns of each table that is there, in the order of the table. */
  readonly tables: ReadonlyMap<TableName, readonly SourceColumn[]>
  /** `16.0.2.6.8`: of the addon, as Odoo has installed it; null = not to be read. */
  readonly addonVersion: string | null
  /** Of Odoo's own module `base`: `16.0.1.3`. */
  readonly baseVersion: string | null
  /** Whether the cron "Jobs Garbage Collector" is active; null = there is none, undefined = not to be read. */
  readonly requeueCron: boolean | null | undefined
  /** `15.8`. */
  readonly serverVersion: string
  /** ms: begin of the transaction. */
  readonly now: number
  /** ms since the last transaction that a standby has replayed; null on a primary. */
  readonly standbyBehindMs: number | null
  /** An index leads from one id to the next. */
  readonly indexedById: boolean
}

const COLUMNS = `
  select wanted.name as "table", a.attname as name, t.typname as type,
         has_column_privilege(a.attrelid, a.attnum, 'select') as readable
    from unnest($1::text[]) as wanted(name)
    join pg_attribute a on a.attrelid = to_regclass(wanted.name)
     and a.attnum > 0 and not a.attisdropped
    join pg_type t on t.oid = a.atttypid
   order by wanted.name, a.attnum`

const SERVER = `
  select split_part(current_setting('server_version'), ' ', 1) as "serverVersion",
         floor(date_part('epoch', now()) * 1000)::float8 as now,
         case when pg_is_in_recovery()
           then date_part('epoch', now() - pg_last_xact_replay_timestamp()) * 1000 end as "standbyBehindMs",
         exists (select from pg_index i join pg_attribute a on a.attrelid = i.indrelid and a.attnum = i.indkey[0]
                  where i.indrelid = to_regclass('queue_job') and i.indisvalid and a.attname = 'id'
                    and i.indpred is null) as "indexedById",
         current_user as role`

const VERSIONS = `
  select name, latest_version as version from ir_module_module
   where name in ('queue_job', 'base') and state <> 'uninstalled'`

const REQUEUE_CRON = `
  select c.active from ir_model_data d join ir_cron c on c.id = d.res_id
   where d.module = 'queue_job' and d.model = 'ir.cron' and d.name like '%garbage_collector%'
   order by c.id`

/** Throws DrillError `input` where the database has no queue, or the role may not read it. */
export async function readSource(client: Client): Promise<Source> {
  const { rows: columns } = await client.query<SourceColumn & { table: string }>(COLUMNS, [
    [...TABLE_NAMES, ...ODOO_TABLES],
  ])
  const columnsOf = (table: string) =>
    columns.flatMap(({ table: of, ...column }) => (of === table ? [column] : []))
  const canRead = (table: string, ...names: readonly string[]) =>
    names.every((name) => columnsOf(table).some((each) => each.name === name && each.readable))
  const { rows } = await client.query<Facts>(SERVER)
  const { role, ...server } = rows[0]!
  for (const table of ['queue_job_channel', 'queue_job_function', 'queue_job']) {
    refuseUnreadable(table, columnsOf(table), role)
  }
  const versions = canRead('ir_module_module', 'name', 'latest_version', 'state')
    ? (await client.query<{ name: string; version: string | null }>(VERSIONS)).rows
    : []
  const versionOf = (module: string) =>
    versions.find(({ name }) => name === module)?.version ?? null
  return {
    ...server,
    tables: new Map(
      TABLE_NAMES.flatMap((name) => {
        const list = columnsOf(name)
        return list.length === 0 ? [] : [[name, list]]
      }),
    ),
    addonVersion: versionOf('queue_job'),
    baseVersion: versionOf('base'),
    requeueCron:
      canRead('ir_model_data', 'module', 'model', 'name', 'res_id') &&
      canRead('ir_cron', 'id', 'active')
        ? ((await client.query<{ active: boolean }>(REQUEUE_CRON)).rows[0]?.active ?? null)
        : undefined,
  }
}

interface Facts extends Pick<Source, 'serverVersion' | 'now' | 'standbyBehindMs' | 'indexedById'> {
  readonly role: string
}

function refuseUnreadable(table: string, columns: readonly SourceColumn[], role: string): void {
  if (columns.length === 0) {
    throw new DrillError(
      'input',
      `the database has no table ${table}: name the database of an Odoo with the addon queue_job in the URL ` +
        `(and grant usage on its schema to "${role}")`,
    )
  }
  if (columns.some(({ readable }) => readable)) return
  const tables = 'queue_job, queue_job_channel, queue_job_function, queue_job_lock'
  throw new DrillError(
    'input',
    `the role "${role}" may not read ${table}: grant select on ${tables} to "${role}" ` +
      '(queue_job_lock where it is there); docs/snapshots.md has all statements',
  )
}
