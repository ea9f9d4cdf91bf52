/**
 * What did not come from the world: every write to `queue_job`, statement by statement, with the columns that it
 * changed. Statement triggers see the rows before and after; `SECURITY DEFINER` and pinned settings keep the engine
 * from reading, bending or avoiding the record. A statement that is rolled back leaves nothing.
 *
 * Measured with 100,000 rows in one UPDATE of two columns (2 cores, PostgreSQL 15 and 18): 3 and 4.5 µs a row on top of
 * the 15 µs of the update itself, and as much again for `takeAudit`. Inserts and deletes cost less.
 */
import type { ClientBase } from 'pg'
import type { AuditedColumn, ChangedColumns } from '../queue-job/columns.ts'
import type { AuditedStatement } from './sandbox.ts'

/** `application_name` of sessions that perform an operation (`odoocli queue retry`) in the engine's name. */
export const OPERATION_APPLICATION = 'odoocli'

/** Texts are kept up to this many characters, so that a journal does not hold a traceback per row and write. */
const TEXT_LENGTH_MAX = 200

const LONG_TEXTS: ReadonlySet<AuditedColumn> = new Set([
  'exc_name',
  'exc_message',
  'exc_info',
  'result',
])

/** In the schema `drill_audit`, on which the engine has no right at all. Unlogged: the record is read seconds later, and a server that crashed ends the drill anyway. */
export const AUDIT_TABLES = `
  create sequence drill_audit.statement_number;
  create unlogged table drill_audit.touched (
    statement bigint not null,
    op text not null,
    via_operation boolean not null,
    id int4 not null,
    changed text not null
  );
  create unlogged table drill_audit.slept (seconds double precision not null);
`

/** What one value looks like in the record: as PostgreSQL prints it, long texts cut with a digest of the whole. */
function printed(alias: string, column: AuditedColumn): string {
  const value = `${alias}.${column}`
  if (!LONG_TEXTS.has(column)) return `${value}::text`
  return `case when length(${value}) > ${TEXT_LENGTH_MAX}
    then left(${value}, ${TEXT_LENGTH_MAX}) || '…' || left(md5(${value}), 8) else ${value} end`
}

/** SQL text of `"column":[old,new]`, or null where nothing changed: a fixed list costs a twentieth of a JSON diff. */
function difference(column: AuditedColumn): string {
  return `case when o.${column} is distinct from n.${column} then
    '"${column}":' || json_build_array(${printed('o', column)}, ${printed('n', column)})::text end`
}

const changed = (columns: readonly AuditedColumn[]) =>
  `'{' || concat_ws(',', ${columns.map(difference).join(',\n')}) || '}'`

/**
 * One function an operation. The settings make the record the same whatever the session has set; `enable_nestloop`
 * because a plan made for one row is cached and would pair 100,000 rows by comparing each with each.
 */
function auditFunction(op: AuditedStatement['op'], rows: string): string {
  return `
    create function drill_audit.note_${op}() returns trigger
      language plpgsql security definer
      set search_path = pg_catalog, pg_temp
      set datestyle = 'ISO, YMD'
      set intervalstyle = 'postgres'
      set extra_float_digits = 1
      set timezone = 'UTC'
      set enable_nestloop = off
      set work_mem = '32MB'
    as $audit$
    declare
      statement_number bigint := nextval('drill_audit.statement_number');
      by_operation boolean := current_setting('application_name') = '${OPERATION_APPLICATION}';
    begin
      insert into drill_audit.touched (statement, op, via_operation, id, changed)
      select statement_number, '${op}', by_operation, touched.id, touched.changed
        from (${rows}) as touched;
      return null;
    end
    $audit$;`
}

const OLD_STATE = `'{"state":' || json_build_array(o.state, null)::text || '}'`
const NEW_STATE = `'{"state":' || json_build_array(null, n.state)::text || '}'`

/** The trigger functions; `columns`: those of AUDITED_COLUMNS that the table has. */
export function auditFunctions(columns: readonly AuditedColumn[]): string {
  return [
    auditFunction(
      'update',
      `select n.id, ${changed(columns)} as changed from old_rows as o join new_rows as n on n.id = o.id`,
    ),
    auditFunction('insert', `select n.id, ${NEW_STATE} as changed from new_rows as n`),
    auditFunction('delete', `select o.id, ${OLD_STATE} as changed from old_rows as o`),
    auditFunction('truncate', `select o.id, ${OLD_STATE} as changed from public.queue_job as o`),
  ].join('\n')
}

/**
 * The triggers on `queue_job`. `worldRole` = session user of the harness: its writes fire none.
 * Before a TRUNCATE, because afterwards nobody can say which rows there were.
 */
export function auditTriggers(worldRole: string): string {
  const trigger = (op: AuditedStatement['op'], moment: string, tables: string) => `
    create trigger drill_audit_${op} ${moment} on public.queue_job ${tables}
      for each statement when (session_user <> '${worldRole.replaceAll("'", "''")}')
      execute function drill_audit.note_${op}();`
  return [
    trigger('insert', 'after insert', 'referencing new table as new_rows'),
    trigger('update', 'after update', 'referencing old table as old_rows new table as new_rows'),
    trigger('delete', 'after delete', 'referencing old table as old_rows'),
    trigger('truncate', 'before truncate', ''),
  ].join('\n')
}

interface TouchedRow {
  readonly statement: string
  readonly op: AuditedStatement['op']
  readonly via_operation: boolean
  readonly id: number
  readonly changed: string
}

const TAKE_AUDIT = `
  with taken as (
    delete from drill_audit.touched returning statement, op, via_operation, id, changed
  )
  select taken.statement::text as statement, op, via_operation, id, changed
    from taken order by taken.statement, taken.id`

/**
 * Reads and deletes what was committed since the last call, in the caller's transaction: statements in the order in
 * which they ran, rows by id. `changed` of an insert or delete (also by TRUNCATE) names the state only. Texts are cut:
 * who needs a row as it stands reads the row.
 */
export async function takeAudit(client: ClientBase): Promise<AuditedStatement[]> {
  const taken = await client.query<TouchedRow>(TAKE_AUDIT)
  const statements: AuditedStatement[] = []
  let rows: { id: number; changed: ChangedColumns }[] = []
  let current: string | null = null
  const parsed = new Map<string, ChangedColumns>()
  for (const touched of taken.rows) {
    if (touched.statement !== current) {
      current = touched.statement
      rows = []
      statements.push({ op: touched.op, viaOperation: touched.via_operation, rows })
    }
    let changed = parsed.get(touched.changed)
    if (changed === undefined) {
      changed = Object.freeze(JSON.parse(touched.changed) as ChangedColumns)
      parsed.set(touched.changed, changed)
    }
    rows.push({ id: touched.id, changed })
  }
  return statements
}

/** How often `pg_sleep`, `pg_sleep_for` or `pg_sleep_until` was called since the last call; forgets them. */
export async function takeSleeps(client: ClientBase): Promise<number> {
  const taken = await client.query('delete from drill_audit.slept')
  return taken.rowCount ?? 0
}
