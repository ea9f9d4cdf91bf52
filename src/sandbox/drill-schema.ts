/**
 * What every drill finds in its database beside Odoo's tables: the virtual clock, the audit, and the rights of an
 * operator. Installed once in the template; what belongs to a database rather than to its contents (`CONNECT`, the
 * engine's own schema) is done anew in each clone, because a clone inherits neither.
 * The schema `public` must belong to the database's owner, as it does by itself from PostgreSQL 15 on.
 */
import { type ClientBase, escapeIdentifier } from 'pg'
import { AUDITED_COLUMNS, type AuditedColumn } from '../queue-job/columns.ts'
import { createNotifyTrigger } from '../queue-job/ddl.ts'
import { TABLE_NAMES } from '../queue-job/series.ts'
import { AUDIT_TABLES, auditFunctions, auditTriggers } from './audit.ts'
import { clockFunctions, CLOCK_TABLES } from './clock.ts'

/** Who is who in a sandbox; names of roles. */
export interface DrillRoles {
  /** Session user of the harness: its writes fire no triggers. */
  readonly world: string
  /** NOLOGIN; owns tables, clock and audit. */
  readonly owner: string
  /** NOLOGIN group that every engine's role is a member of. */
  readonly operator: string
}

/** The schema that belongs to the engine, first in its search path. */
export const ENGINE_SCHEMA = 'workspace'

/** What of Odoo's the database at hand has: its columns differ by series, its lock table by the date of the addon. */
interface OdooTables {
  /** `public.queue_job`, …; each has a sequence. */
  readonly tables: readonly string[]
  readonly auditedColumns: readonly AuditedColumn[]
}

async function odooTables(client: ClientBase): Promise<OdooTables> {
  const found = await client.query<{ table: string; columns: string[] }>(
    `select relname as table, array_agg(attname::text order by attnum) as columns
       from pg_class join pg_attribute on attrelid = pg_class.oid
      where relnamespace = 'public'::regnamespace and relkind = 'r'
        and relname = any ($1::text[]) and attnum > 0 and not attisdropped
      group by relname`,
    [TABLE_NAMES],
  )
  const columns = new Map(found.rows.map((row) => [row.table, row.columns]))
  return {
    tables: TABLE_NAMES.filter((table) => columns.has(table)).map((table) => `public.${table}`),
    auditedColumns: AUDITED_COLUMNS.filter((name) => columns.get('queue_job')?.includes(name)),
  }
}

/**
 * Makes `current_user` a member of a role, for what only a member may do (give it ownership). A superuser is one
 * anyway; who created the role may grant it to itself.
 */
async function becomeMember(client: ClientBase, role: string): Promise<void> {
  const member = await client.query<{ member: boolean }>(
    `select pg_has_role(current_user, $1::text, 'usage') as member`,
    [role],
  )
  if (!member.rows[0]!.member) await client.query(`grant ${escapeIdentifier(role)} to current_user`)
}

/** What operators may do (DESIGN section 3), and no more. */
function operatorRights(roles: DrillRoles, { tables, auditedColumns }: OdooTables): string {
  const operator = escapeIdentifier(roles.operator)
  return `
    revoke all on ${tables.join(', ')} from public, ${operator};
    grant select on ${tables.join(', ')} to ${operator};
    grant insert, delete, truncate on public.queue_job to ${operator};
    grant update (${auditedColumns.join(', ')}) on public.queue_job to ${operator};
    revoke all on sequence ${tables.map((table) => `${table}_id_seq`).join(', ')} from public, ${operator};
    grant usage on sequence public.queue_job_id_seq to ${operator};
    revoke all on schema drill_audit, drill_clock from public, ${operator};
    revoke all on all tables in schema drill_audit, drill_clock from public, ${operator};
    grant usage on schema drill_clock to ${operator};
    grant select on drill_clock.clock to ${operator};
  `
}

/**
 * Run once in the template, after the data is loaded, outside a transaction, by the role that made the database and
 * the tables. It may be a superuser or a role with CREATEROLE that created `owner`.
 */
export async function installDrillSchema(client: ClientBase, roles: DrillRoles): Promise<void> {
  const owner = escapeIdentifier(roles.owner)
  const odoo = await odooTables(client)
  await client.query('begin')
  try {
    await becomeMember(client, roles.owner)
    await client.query(`
      ${createNotifyTrigger(roles.world)}
      revoke create on schema public from public;
      grant create on schema public to ${owner};
      ${odoo.tables.map((table) => `alter table ${table} owner to ${owner};`).join('\n')}
      alter function public.queue_job_notify() owner to ${owner};
      revoke create on schema public from ${owner};
      create schema drill_clock authorization ${owner};
      create schema drill_audit authorization ${owner};
      set local role ${owner};
      ${CLOCK_TABLES}
      ${AUDIT_TABLES}
      ${clockFunctions(await majorOf(client))}
      ${auditFunctions(odoo.auditedColumns)}
      ${auditTriggers(roles.world)}
      ${operatorRights(roles, odoo)}
      reset role;
    `)
    // By default every role of the server may connect to a new database.
    await client.query(`revoke connect on database ${await databaseOf(client)} from public`)
    await client.query('commit')
  } catch (error) {
    await client.query('rollback')
    throw error
  }
}

async function majorOf(client: ClientBase): Promise<number> {
  const current = await client.query<{ major: number }>(
    `select current_setting('server_version_num')::int4 / 10000 as major`,
  )
  return current.rows[0]!.major
}

/** The current database, as an identifier. */
async function databaseOf(client: ClientBase): Promise<string> {
  const current = await client.query<{ name: string }>('select current_database() as name')
  return escapeIdentifier(current.rows[0]!.name)
}

/** One engine's place in a clone. */
export interface CloneRoles {
  /** Login role of this drill. */
  readonly engineRole: string
  /** See `DrillRoles.operator`. */
  readonly operator: string
  /** Default `ENGINE_SCHEMA`; the gateway must be given the same. */
  readonly engineSchema?: string
}

/**
 * Run once in each clone, by the role that made it: the engine becomes an operator, may connect, and owns a schema
 * for what it creates.
 */
export async function prepareClone(client: ClientBase, clone: CloneRoles): Promise<void> {
  const engine = escapeIdentifier(clone.engineRole)
  await becomeMember(client, clone.engineRole)
  const database = await databaseOf(client)
  await client.query(`
    revoke connect on database ${database} from public;
    grant connect, temporary on database ${database} to ${engine};
    grant ${escapeIdentifier(clone.operator)} to ${engine};
    create schema ${escapeIdentifier(clone.engineSchema ?? ENGINE_SCHEMA)} authorization ${engine};
  `)
}
