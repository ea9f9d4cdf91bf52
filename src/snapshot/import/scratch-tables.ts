/**
 * The tables of the scratch database: made for the columns that the source has, filled, and completed. What a source
 * does not hold (a CSV is one table) is made of the rows: channels and functions as the jobs name them.
 */
import { escapeIdentifier } from 'pg'
import type { Client } from 'pg'
import { DrillError } from '../../foundation/errors.ts'
import type { Series } from '../../queue-job/series.ts'
import { seriesType } from './column-types.ts'
import { copyIn, explain } from './copy-in.ts'
import type { ImportedTable, TableRows } from './table-rows.ts'

/** Without these a row is no job; the others may be missing (they are NULL then). */
const NEEDED: Readonly<Partial<Record<ImportedTable, readonly string[]>>> = {
  queue_job: ['id', 'uuid', 'state', 'model_name', 'method_name'],
  queue_job_channel: ['id', 'complete_name'],
  queue_job_function: ['id', 'name'],
}

/** A row without them is no job: the capture leaves it out and says so, as from a database. */
const NULLABLE: ReadonlySet<string> = new Set(['model_name', 'method_name'])

/** Columns that hold JSON, in which 18.0 encodes twice. */
const JSON_COLUMNS = ['records', 'args', 'kwargs']

export class ScratchTables {
  /** Rows of each table that is there. */
  readonly rows = new Map<ImportedTable, number>()
  readonly #client: Client
  readonly #series: Series | null
  /** Neither the source nor anybody else told the types of queue_job. */
  #guessed = false
  #jobColumns: readonly string[] = []

  constructor(client: Client, series: Series | null) {
    this.#client = client
    this.#series = series
  }

  /** Makes the table and fills it. Throws DrillError. */
  async take(rows: TableRows, signal: AbortSignal | undefined): Promise<void> {
    const { table, columns, types, where } = rows
    checkColumns(rows)
    const list = columns.map((column) => {
      const told = table === 'ir_module_module' ? undefined : types?.get(column)
      const type = told ?? seriesType(table, column, this.#series)
      const isNeeded = NEEDED[table]?.includes(column) === true && !NULLABLE.has(column)
      const needed = isNeeded ? ' not null' : ''
      return `${escapeIdentifier(column)} ${type}${needed}`
    })
    if (table === 'queue_job') {
      this.#guessed = types === null && this.#series === null
      this.#jobColumns = columns
    }
    try {
      // In the transaction that fills it, so that nothing of it has to be logged.
      await this.#client.query('begin')
      await this.#client.query(`create table ${table} (${list.join(', ')})`)
      this.rows.set(table, await copyIn(this.#client, rows, signal))
      if (table !== 'ir_module_module') {
        await this.#client.query(`alter table ${table} add primary key (id)`)
      }
      await this.#client.query('commit')
    } catch (error) {
      throw explain(error, rows)
    }
    if (table === 'queue_job' && this.rows.get(table) === 0) {
      throw new DrillError('input', `${where} holds no job: the table queue_job in it is empty.`)
    }
  }

  /** Adds what is missing. Returns the tables that had to be made of the rows. */
  async complete(): Promise<ImportedTable[]> {
    const has = (column: string) => this.#jobColumns.includes(column)
    if (this.#guessed) await this.#turnIntoJsonb()
    const made: ImportedTable[] = []
    if (!this.rows.has('queue_job_channel')) {
      await this.#client.query(channelsOfJobs(has('channel')))
      made.push('queue_job_channel')
    }
    if (!this.rows.has('queue_job_function')) {
      await this.#client.query(functionsOfJobs(has('channel'), has('job_function_id')))
      await this.#client.query(LIKE_THE_JOBS)
      made.push('queue_job_function')
    }
    await this.#client.query('analyze queue_job, queue_job_channel, queue_job_function')
    return made
  }

  /** A JSON text inside a JSON text is what 18.0 writes into columns of jsonb, and nobody else. */
  async #turnIntoJsonb(): Promise<void> {
    const columns = JSON_COLUMNS.filter((column) => this.#jobColumns.includes(column))
    if (columns.length === 0) return
    const isString = columns.map((column) => `${column} like '"%"'`).join(' or ')
    const { rows } = await this.#client.query<{ encoded: boolean }>(
      `select exists (select from queue_job where ${isString}) as encoded`,
    )
    if (!rows[0]!.encoded) return
    const changes = columns.map((column) => `alter ${column} type jsonb using ${column}::jsonb`)
    try {
      await this.#client.query(`alter table queue_job ${changes.join(', ')}`)
    } catch (error) {
      throw explain(error, { where: 'the source', table: 'queue_job', lineOf: () => null })
    }
  }
}

function checkColumns({ table, columns, where }: TableRows): void {
  const missing = (NEEDED[table] ?? []).filter((column) => !columns.includes(column))
  if (missing.length > 0) {
    throw new DrillError(
      'input',
      `${where}: ${table} has no column ${missing.join(', ')}, without which a row says nothing. Export all columns of ` +
        'the table.',
    )
  }
  const twice = columns.find((column, index) => columns.indexOf(column) !== index)
  if (twice !== undefined) {
    throw new DrillError('input', `${where}: the column "${twice}" of ${table} is named twice.`)
  }
}

/** Every channel that a job names, and what stands above it. 30 days is what Odoo writes for a new one. */
function channelsOfJobs(hasChannel: boolean): string {
  const named = hasChannel
    ? `select distinct channel from queue_job where channel <> '' union select 'root'`
    : `select 'root' as channel`
  return `
    create table queue_job_channel as
    with names as (
      select distinct array_to_string(parts[1:depth], '.') as complete_name, parts[depth] as name,
             case when depth > 1 then array_to_string(parts[1:depth - 1], '.') end as parent
        from (select string_to_array(channel, '.') as parts from (${named}) as named) as split,
             generate_series(1, cardinality(parts)) as depth
    ), numbered as (
      select row_number() over (order by parent is not null, complete_name collate "C")::int4 as id, * from names
    )
    select each.id, each.name::varchar, each.complete_name::varchar, above.id as parent_id, 30::int4 as removal_interval,
           null::int4 as create_uid, null::timestamp as create_date, null::int4 as write_uid, null::timestamp as write_date
      from numbered as each left join numbered as above on above.complete_name = each.parent
     order by each.id;
    alter table queue_job_channel add primary key (id)`
}

/** One for each model and method, in the channel that most of its jobs have, with the id by which its jobs know it. */
function functionsOfJobs(hasChannel: boolean, hasFunctionId: boolean): string {
  const channel = hasChannel ? `mode() within group (order by channel)` : `'root'`
  const id = hasFunctionId ? 'min(job_function_id)' : 'null::int4'
  return `
    create table queue_job_function as
    with functions as (
      select model_name || '.' || method_name as name, method_name as method, ${channel} as channel, ${id} as known
        from queue_job where model_name is not null and method_name is not null group by model_name, method_name
    ), once as (
      select *, case when row_number() over (partition by known order by name collate "C") = 1 then known end as kept
        from functions
    )
    select coalesce(kept, (select coalesce(max(known), 0) from once)
             + row_number() over (partition by kept is null order by once.name collate "C"))::int4 as id,
           once.name::varchar, method::varchar,
           coalesce(channels.id, (select id from queue_job_channel where complete_name = 'root')) as channel_id,
           once.channel::varchar, null::int4 as model_id, null::text as retry_pattern, null::text as related_action
      from once left join queue_job_channel as channels on channels.complete_name = once.channel
     order by 1;
    alter table queue_job_function add primary key (id)`
}

/** As 18.0 has them, if that is what the jobs are of. */
const LIKE_THE_JOBS = `
  do $types$ begin
    if exists (select from pg_attribute
                where attrelid = 'queue_job'::regclass and attname = 'records' and atttypid = 'jsonb'::regtype) then
      alter table queue_job_function alter retry_pattern type jsonb using null, alter related_action type jsonb using null;
    end if;
  end $types$`
