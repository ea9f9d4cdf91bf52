/**
 * The tables of `queue_job` as Odoo makes them (reference 1.1–1.4, 1.6), in two parts, so that a load can fill the
 * tables before indexes and triggers exist.
 */
import type { QueueSchema } from './series.ts'
import { identityIndexStates, schemaOf, tableNames } from './series.ts'

export interface TableOptions {
  /** Default false. */
  readonly unlogged?: boolean
}

/** `create table` and sequences; run before the data. */
export function createTables(
  schema: QueueSchema = schemaOf('16.0'),
  { unlogged = false }: TableOptions = {},
): string {
  return tableNames(schema)
    .map((table) => {
      const list = Object.entries(schema.tables[table]!).map(([name, type]) => `"${name}" ${type}`)
      return [
        `create ${unlogged ? 'unlogged ' : ''}table ${table} (${list.join(', ')});`,
        `create sequence ${table}_id_seq as int4 owned by ${table}.id;`,
        `alter table ${table} alter column id set default nextval('${table}_id_seq');`,
      ].join('\n')
    })
    .join('\n')
}

/** Keys, indexes (reference 1.1) and sequence positions; run after the data. */
export function createConstraints(schema: QueueSchema = schemaOf('16.0')): string {
  return `${createIndexes(schema).join(';\n')};\n${createKeys(schema)}`
}

/** The indexes of the large table: statements that may run side by side. */
export function createIndexes(schema: QueueSchema): string[] {
  const indexed = ['uuid', 'graph_uuid', 'company_id', 'state', 'channel'].filter((column) =>
    Object.hasOwn(schema.tables.queue_job, column),
  )
  const keyed = identityIndexStates(schema.series).map((state) => `'${state}'`)
  return [
    'create unique index queue_job_pkey on queue_job (id)',
    ...indexed.map((column) => `create index queue_job_${column}_index on queue_job (${column})`),
    `create index queue_job_identity_key_state_partial_index on queue_job (identity_key)
       where state in (${keyed.join(', ')}) and identity_key is not null`,
  ]
}

/** Everything else, after `createIndexes`. */
export function createKeys(schema: QueueSchema): string {
  const sequences = tableNames(schema).map(
    (table) => `select setval('${table}_id_seq', greatest((select max(id) from ${table}), 1));`,
  )
  return `
    alter table queue_job_channel add primary key (id);
    alter table queue_job_channel add constraint queue_job_channel_name_uniq unique (complete_name);
    alter table queue_job_channel add foreign key (parent_id) references queue_job_channel on delete restrict;
    alter table queue_job_function add primary key (id);
    alter table queue_job_function add foreign key (channel_id) references queue_job_channel;
    create index queue_job_function_name_index on queue_job_function (name);
    alter table queue_job add primary key using index queue_job_pkey;
    ${schema.tables.queue_job_lock === undefined ? '' : LOCK_CONSTRAINTS}
    ${sequences.join('\n')}
  `
}

const LOCK_CONSTRAINTS = `
    alter table queue_job_lock add primary key (id);
    alter table queue_job_lock add foreign key (queue_job_id) references queue_job on delete cascade;
    create index queue_job_lock_queue_job_id_index on queue_job_lock (queue_job_id);`

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
