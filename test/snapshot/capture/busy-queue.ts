/**
 * The queue of an addon that no scenario was written for, made in SQL with traffic that is known exactly: three whole
 * weeks that end at NOW, a Tuesday, at 10:00 (or other days, and more pushes). Nothing of it is under way.
 */
import type { Client } from 'pg'
import { isoUtc } from '../../../src/foundation/time.ts'
import { createConstraints, createTables } from '../../../src/queue-job/ddl.ts'
import { schemaOf } from '../../../src/queue-job/series.ts'

export const NOW = Date.parse('2026-11-17T10:00Z')

/** `parcel.tracking.push`: 60 jobs an hour from 8 to 18 on every day, half of them in bursts of three. */
export const PUSH = 'parcel.tracking.push'
/** `parcel.tracking.sync_levels`: 12 an hour around the clock, an argument and an identity key, 40 records. */
export const SYNC = 'parcel.tracking.sync_levels'

const INSERT = `
  insert into queue_job (id, uuid, user_id, company_id, name, model_name, method_name, records, args, kwargs, func_string,
                         dependencies, state, priority, retry, max_retries, date_created, date_enqueued, date_started,
                         date_done, exec_time, exc_name, exc_message, exc_info, channel, channel_method_name, identity_key)
  select row_number() over (order by at, method, number), md5(method || number || at)::uuid, 2, 1 + number % 2, method, 'parcel.tracking', method,
         format('{"_type": "odoo_recordset", "model": "parcel.tracking", "ids": [%s], "uid": 2, "su": false, "context": {}}',
                case method when 'push' then row_number() over (order by at, number) else number % 40 end),
         case method when 'push' then '[]' else '[7]' end, '{}', method || '()',
         '{"depends_on": [], "reverse_depends_on": []}',
         case when failed then 'failed' else 'done' end, case method when 'push' then 5 else 10 end, 1, 3,
         at, at + interval '1 s', at + interval '1 s', case when not failed then at + interval '1 s' + seconds * interval '1 s' end,
         case when failed then 0 else seconds end,
         case when failed then 'requests.exceptions.ReadTimeout' end,
         case when failed then format('Read timed out for jane.doe%s@example.com. (read timeout=30)', number) end,
         case when failed then 'Traceback (most recent call last):' end,
         case method when 'push' then 'root.parcel' else 'root.levels' end, '<parcel.tracking>.' || method,
         case method when 'push' then null else md5('levels' || number % 40) end
    from jobs
   order by at, method, number`

/** `$1` = end, `$2` = days, `$3` = pushes an hour. */
const JOBS = `
  with hours as (
    select hour from generate_series($1::timestamp - $2::int4 * interval '1 day', $1::timestamp - interval '1 hour', interval '1 hour') hour
  ), jobs as (
    select 'push' as method, number, (0.5 + number % 10)::float8 as seconds, number % 20 = 7 as failed,
           case when number < $3::int4 / 2 then hour + number * (interval '1 hour' / $3::int4)
                -- Bursts of three, milliseconds apart.
                else hour + number / 3 * (interval '3 hours' / $3::int4) + number % 3 * interval '20 ms' end as at
      from hours, generate_series(0, $3::int4 - 1) number
     where extract(hour from hour) between 8 and 17
    union all
    select 'sync_levels', number, 2, false, hour + number * interval '5 minutes' + interval '30 s'
      from hours, generate_series(0, 11) number
  )`

/** Makes the tables (of 16.0, with lock rows if wished) in the client's database and fills them. */
export async function fillBusyQueue(
  client: Client,
  { lock = false, days = 21, pushes = 60 } = {},
): Promise<void> {
  const schema = schemaOf('16.0', { lock })
  await client.query(createTables(schema))
  await client.query(
    `insert into queue_job_channel (id, name, complete_name, parent_id, removal_interval) values
       (1, 'root', 'root', null, 30), (2, 'parcel', 'root.parcel', 1, 30), (3, 'levels', 'root.levels', 1, 90)`,
  )
  await client.query(
    `insert into queue_job_function (id, name, method, channel_id, channel, retry_pattern) values
       (1, '${PUSH}', 'push', 2, 'root.parcel', '{"1": 10, "5": [20, 30]}')`,
  )
  await client.query(`${JOBS} ${INSERT}`, [isoUtc(NOW).slice(0, 19), days, pushes])
  if (lock)
    await client.query('insert into queue_job_lock (id, queue_job_id) select id, id from queue_job')
  await client.query(createConstraints(schema))
  await client.query('analyze')
}

/** Odoo's own tables, as far as a capture looks at them. */
export async function addOdoo(client: Client, version: string): Promise<void> {
  await client.query(`
    create table ir_module_module (id int, name varchar, state varchar, latest_version varchar);
    create table ir_model_data (id int, module varchar, model varchar, name varchar, res_id int);
    create table ir_cron (id int, active bool);
    insert into ir_module_module values (1, 'base', 'installed', '16.0.1.3'), (2, 'queue_job', 'installed', '${version}');
    insert into ir_model_data values (1, 'queue_job', 'ir.cron', 'ir_cron_queue_job_garbage_collector', 7);
    insert into ir_cron values (7, true)`)
}
