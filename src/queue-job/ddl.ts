/**
 * The tables of `queue_job` as Odoo 16.0 makes them (reference 1.1–1.3, 1.6), in two parts, so that a load can fill
 * the tables before indexes and triggers exist. Foreign keys to tables of Odoo itself are left out: those tables are
 * not part of a snapshot.
 */

/** Columns of `queue_job` in 16.0, name → type, in the order of the table. */
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

/** Table name → columns; the order is that of creation. */
export const TABLES = {
  queue_job_channel: CHANNEL_COLUMNS,
  queue_job_function: FUNCTION_COLUMNS,
  queue_job: JOB_COLUMNS,
} as const

export type TableName = keyof typeof TABLES

/** `create table` and sequences; run before the data. */
export function createTables(): string {
  return Object.entries(TABLES)
    .map(([table, columns]) => {
      const list = Object.entries(columns).map(([name, type]) => `${name} ${type}`)
      return [
        `create table ${table} (${list.join(', ')});`,
        `create sequence ${table}_id_seq as int4 owned by ${table}.id;`,
        `alter table ${table} alter column id set default nextval('${table}_id_seq');`,
      ].join('\n')
    })
    .join('\n')
}

/** Keys, indexes (reference 1.1) and sequence positions; run after the data. */
export function createConstraints(): string {
  const sequences = Object.keys(TABLES).map(
    (table) => `select setval('${table}_id_seq', greatest((select max(id) from ${table}), 1));`,
  )
  return `
    alter table queue_job_channel add primary key (id);
    alter table queue_job_channel add constraint queue_job_channel_name_uniq unique (complete_name);
    alter table queue_job_channel add foreign key (parent_id) references queue_job_channel on delete restrict;
    alter table queue_job_function add primary key (id);
    alter table queue_job_function add foreign key (channel_id) references queue_job_channel;
    create index queue_job_function_name_index on queue_job_function (name);
    alter table queue_job add primary key (id);
    create index queue_job_uuid_index on queue_job (uuid);
    create index queue_job_graph_uuid_index on queue_job (graph_uuid);
    create index queue_job_company_id_index on queue_job (company_id);
    create index queue_job_state_index on queue_job (state);
    create index queue_job_channel_index on queue_job (channel);
    create index queue_job_identity_key_state_partial_index on queue_job (identity_key)
      where state in ('pending', 'enqueued', 'wait_dependencies') and identity_key is not null;
    ${sequences.join('\n')}
  `
}

/**
 * The addon's notification trigger (reference 1.6). `worldRole` is the session user of the simulation: its writes
 * notify nobody, because what would hear them is the simulated runner itself.
 */
export function createNotifyTrigger(worldRole: string): string {
  return `
    create function queue_job_notify() returns trigger language plpgsql as $notify$
    begin
      if tg_op = 'DELETE' then
        if old.state <> 'done' then perform pg_notify('queue_job', old.uuid); end if;
      else
        perform pg_notify('queue_job', new.uuid);
      end if;
      return null;
    end
    $notify$;
    create trigger queue_job_notify after insert or update or delete on queue_job
      for each row when (session_user <> '${worldRole.replaceAll("'", "''")}') execute function queue_job_notify();
  `
}
