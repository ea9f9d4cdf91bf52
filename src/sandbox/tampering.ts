/**
 * Whether the ground rules of a drill still stand: triggers, virtual functions, rights, owners and settings are
 * compared with what was installed. An operator's rights allow next to none of these changes, so a difference means
 * that the engine found another way in. What can be put back is put back.
 */
import type { ClientBase } from 'pg'

/** One thing that must stay as it is. */
interface Fact {
  /** Unique in a database; holds random names and therefore never leaves this file. */
  readonly key: string
  /** For people and journals: no random names. */
  readonly label: string
  readonly value: string
  /** SQL that puts it back; null where nothing can. */
  readonly restore: string | null
  /** SQL that takes it away, if it was not there before. */
  readonly remove: string | null
}

/** What was installed, held by the harness and not by the database. */
export interface Installed {
  readonly facts: ReadonlyMap<string, Fact>
  /** Of all keys and values. */
  readonly digest: string
}

/** Settings of a role that could bend the drill; what else a role sets for itself is its own affair. */
const WATCHED_SETTINGS = ['search_path', 'timezone', 'role', 'session_replication_role'] as const

/** Roles get names for people; engine = may connect, operators = what the engine is a member of. */
const ROLES = `
  database as (
    select d.oid, d.datname, d.datdba, coalesce(d.datacl, acldefault('d', d.datdba)) as acl
      from pg_database as d where d.datname = current_database()
  ),
  engines as (
    select grants.grantee as oid
      from database, lateral aclexplode(database.acl) as grants
      join pg_roles as r on r.oid = grants.grantee
     where grants.privilege_type = 'CONNECT' and grants.grantee <> database.datdba
       and r.rolname <> session_user
  ),
  named as (
    select r.oid, quote_ident(r.rolname) as role, case
      when r.rolname = session_user then 'the world'
      when r.oid = (select relowner from pg_class where oid = 'public.queue_job'::regclass)
        then 'the owner'
      when r.oid in (select oid from engines) then 'the engine'
      when r.oid in (select roleid from pg_auth_members where member in (select oid from engines))
        then 'operators'
      else 'another role' end as label
    from pg_roles as r
    union all select 0::oid, 'public', 'everybody'
  ),
  relations as (
    select c.oid, c.relname, c.relkind, c.relowner, c.relacl, c.relrowsecurity,
           format('%I.%I', n.nspname, c.relname) as name,
           case when n.nspname = 'public' then '' else n.nspname || '.' end || c.relname as shown,
           case c.relkind when 'S' then 'sequence' else 'table' end as class
      from pg_class as c join pg_namespace as n on n.oid = c.relnamespace
     where c.relkind in ('r', 'S')
       and (n.nspname in ('drill_clock', 'drill_audit')
            or n.nspname = 'public' and c.relname like 'queue\\_job%')
  ),
  functions as (
    select p.oid, p.proowner, p.proacl, p.oid::regprocedure::text as name,
           pg_get_functiondef(p.oid) as definition
      from pg_proc as p join pg_namespace as n on n.oid = p.pronamespace
     where n.nspname in ('drill_clock', 'drill_audit')
        or n.nspname = 'public' and p.proname = 'queue_job_notify'
  )`

const ACCESS = `
  access as (
    select class, name, shown, '' as columns,
           coalesce(relacl, acldefault(case relkind when 'S' then 's' else 'r' end::"char", relowner)) as acl
      from relations
    union all
    select class, name, shown || '.' || a.attname, format(' (%I)', a.attname), a.attacl
      from relations join pg_attribute as a on a.attrelid = relations.oid
     where a.attacl is not null and a.attnum > 0 and not a.attisdropped
    union all
    select 'schema', quote_ident(nspname), nspname, '', coalesce(nspacl, acldefault('n', nspowner))
      from pg_namespace where nspname in ('public', 'drill_clock', 'drill_audit')
    union all
    select 'function', name, name, '', coalesce(proacl, acldefault('f', proowner)) from functions
    union all
    select 'database', quote_ident(datname), '', '', acl from database
  )`

const FACTS = `
  with ${ROLES}, ${ACCESS}
  select 'right ' || privilege_type || ' ' || class || name || columns || ' ' || grantee as key,
         format('the right of %s to %s on %s', label, lower(privilege_type),
                trim(class || ' ' || shown)) as label,
         is_grantable::text as value,
         format('grant %s%s on %s %s to %s%s', privilege_type, columns, class, name, role,
                case when is_grantable then ' with grant option' else '' end) as restore,
         format('revoke %s%s on %s %s from %s cascade', privilege_type, columns, class, name, role)
           as remove
    from access, lateral aclexplode(access.acl) join named on named.oid = grantee
  union all
  select 'trigger ' || t.tgname || ' ' || r.name,
         format('the trigger %s on %s', t.tgname, r.shown),
         t.tgenabled::text || pg_get_triggerdef(t.oid),
         format('drop trigger if exists %I on %s; %s', t.tgname, r.name, pg_get_triggerdef(t.oid)),
         format('drop trigger %I on %s', t.tgname, r.name)
    from pg_trigger as t join relations as r on r.oid = t.tgrelid where not t.tgisinternal
  union all
  select 'function ' || name, 'the function ' || name, definition, definition,
         format('drop function %s', name)
    from functions
  union all
  select 'rule ' || rulename || ' ' || name, format('the rule %s on %s', rulename, shown), definition,
         definition, format('drop rule %I on %s', rulename, name)
    from pg_rules join relations
      on relations.name = format('%I.%I', pg_rules.schemaname, pg_rules.tablename)
  union all
  select 'owner ' || class || name, format('the owner of %s %s', class, shown), role,
         format('alter %s %s owner to %s', class, name, role), null
    from relations join named on named.oid = relowner
  union all
  select 'owner function ' || name, format('the owner of function %s', name), role,
         format('alter function %s owner to %s', name, role), null
    from functions join named on named.oid = proowner
  union all
  select 'row security ' || name, format('row security of table %s', shown), relrowsecurity::text,
         format('alter table %s %s row level security', name,
                case when relrowsecurity then 'enable' else 'disable' end), null
    from relations where relkind = 'r'
  union all
  select 'attributes ' || role, format('the attributes of %s', label),
         concat_ws(' ', rolsuper, rolcreaterole, rolcreatedb, rolbypassrls, rolreplication),
         format('alter role %s %s', role, concat_ws(' ',
           case when rolsuper then 'superuser' else 'nosuperuser' end,
           case when rolcreaterole then 'createrole' else 'nocreaterole' end,
           case when rolcreatedb then 'createdb' else 'nocreatedb' end,
           case when rolbypassrls then 'bypassrls' else 'nobypassrls' end,
           case when rolreplication then 'replication' else 'noreplication' end)), null
    from pg_roles join named using (oid) where label in ('the engine', 'operators', 'the owner')
  union all
  select 'membership ' || member.role || ' ' || granted.role,
         format('the membership of %s in %s', member.label, granted.label), '',
         format('grant %s to %s', granted.role, member.role),
         format('revoke %s from %s', granted.role, member.role)
    from (select distinct roleid, member from pg_auth_members) as members
    join named as member on member.oid = members.member
    join named as granted on granted.oid = members.roleid
   where member.label in ('the engine', 'operators', 'the owner')
  union all
  select 'setting ' || setdatabase || ' ' || setrole || ' ' || name,
         format('the setting %s of %s', name,
                case when setrole = 0 then 'the database' else label end),
         value,
         format(change, format('set %I = %s', name,
           case name when 'search_path' then value else quote_literal(value) end)),
         format(change, format('reset %I', name))
    from pg_db_role_setting join named on named.oid = setrole,
         unnest(setconfig) as setting,
         lateral (select lower(split_part(setting, '=', 1)) as name,
                         substr(setting, strpos(setting, '=') + 1) as value) as parts,
         -- The world need not have CREATEROLE, but it is a member of the engine's role, which may set its own.
         lateral (select case when setrole = 0
           then format('alter database %I %%s', current_database())
           else format('set local role %s; alter role %s %s %%s; reset role', role, role,
                       case when setdatabase = 0 then ''
                            else format('in database %I', current_database()) end)
           end as change) as changes
   where (setrole in (select oid from engines) and setdatabase in (0, (select oid from database))
          and name in ('${WATCHED_SETTINGS.join("', '")}'))
      or (setrole = 0 and setdatabase = (select oid from database))`

/** Prepared once a connection: 2 ms a time instead of 7 for reading every fact, and a drill asks at every sync. */
const DIGEST = {
  name: 'drill-ground-rules',
  text: `select md5(string_agg(key || '=' || value, E'\\n' order by key)) as digest from (${FACTS}) as facts`,
}

async function digestOf(client: ClientBase): Promise<string> {
  const result = await client.query<{ digest: string }>(DIGEST)
  return result.rows[0]!.digest
}

async function factsOf(client: ClientBase): Promise<Map<string, Fact>> {
  const facts = await client.query<Fact>(FACTS)
  return new Map(facts.rows.map((fact) => [fact.key, fact]))
}

/** Reads the ground rules as they stand. Call it once the clone is prepared, before the engine is let in. */
export async function recordInstalled(client: ClientBase): Promise<Installed> {
  return { facts: await factsOf(client), digest: await digestOf(client) }
}

/**
 * Compares the ground rules with what was installed, in the caller's transaction, and puts back what differs. Returns
 * one sentence a difference, in a stable order and without random names; empty = all is as it was. What cannot be put
 * back is told again at the next call.
 */
export async function findTampering(client: ClientBase, installed: Installed): Promise<string[]> {
  if ((await digestOf(client)) === installed.digest) return []
  const current = await factsOf(client)
  const differences = [
    ...[...installed.facts.values()].flatMap((fact) => {
      const now = current.get(fact.key)
      if (now?.value === fact.value) return []
      const change = now === undefined ? 'was taken away' : 'was changed'
      return [
        { found: `${fact.label} ${change}`, repair: repairOf(fact, now), outcome: 'put back' },
      ]
    }),
    ...[...current.values()]
      .filter((fact) => !installed.facts.has(fact.key))
      .map((fact) => ({
        found: `${fact.label} was added`,
        repair: fact.remove,
        outcome: 'taken away again',
      })),
  ].sort((a, b) => (a.found < b.found ? -1 : 1))
  const sentences: string[] = []
  for (const { found, repair, outcome } of differences) {
    const repaired = repair !== null && (await attempt(client, repair))
    sentences.push(`${found}, and ${repaired ? 'was' : 'could not be'} ${outcome}`)
  }
  return sentences
}

function repairOf(fact: Fact, now: Fact | undefined): string | null {
  // A right that may now be passed on, say, has to go before it comes back smaller.
  if (now !== undefined && fact.key.startsWith('right ')) return `${now.remove}; ${fact.restore}`
  return fact.restore
}

/** Runs a repair; one that is not allowed (a server of somebody else) must not spoil the transaction. */
async function attempt(client: ClientBase, repair: string): Promise<boolean> {
  await client.query('savepoint repair')
  try {
    await client.query(repair)
    await client.query('release savepoint repair')
    return true
  } catch (error) {
    await client.query('rollback to savepoint repair')
    if ((error as { code?: string }).code === undefined) throw error
    return false
  }
}
