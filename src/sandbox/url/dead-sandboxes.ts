/**
 * Which sandboxes on a server live, and the removal of what dead ones left. A sandbox takes an advisory lock named
 * after its id before it makes anything, and holds it by its connection: no lock, no harness. Locks are seen across
 * all databases of the server.
 */
import type { Client } from 'pg'
import { messageOf } from '../../foundation/errors.ts'
import type { Maker } from '../maker.ts'
import { markComment } from '../names.ts'

/** First half of the keys: `qdrl` in ASCII, so that an administrator can tell whose locks these are. */
const SANDBOX_LOCK = 0x7164726c
/** One start at a time clears. */
const CLEARING_LOCK = 0x71647263

export async function lockSandbox(client: Client, sandboxId: string): Promise<void> {
  await client.query('select pg_advisory_lock($1::int4, $2::int4)', [
    SANDBOX_LOCK,
    keyOf(sandboxId),
  ])
}

/** An id is 32 bits; the key is the same bits as a signed number. */
function keyOf(sandboxId: string): number {
  return Number.parseInt(sandboxId, 16) | 0
}

/**
 * Names that look like ours, belong to no living sandbox, and carry the mark: databases through their owner's comment
 * (a database is made in one step with its owner, its own comment comes later), roles through their own.
 */
const DEAD_ONES = `
  with marked as (
    select oid, rolname, substring(rolname from '^queue_drill_([0-9a-f]{8})_') as sandbox
      from pg_roles
     where shobj_description(oid, 'pg_authid')
           = replace($1::text, '########', substring(rolname from '^queue_drill_([0-9a-f]{8})_'))
  ), living as (
    select lpad(to_hex(objid::int8), 8, '0') as sandbox
      from pg_locks
     where locktype = 'advisory' and classid = $2::int8::oid and objsubid = 2 and granted
  ), dead as (
    select * from marked where sandbox not in (select sandbox from living)
  )
  select dead.sandbox,
         array_agg(distinct datname::text order by datname::text)
           filter (where datname like 'queue\\_drill\\_' || dead.sandbox || '\\_%') as databases,
         array_agg(distinct rolname::text order by rolname::text) as roles
    from dead left join pg_database on datdba = dead.oid
   group by dead.sandbox
   order by dead.sandbox`

/**
 * Drops what dead sandboxes left. Returns one line for each sandbox; what cannot be dropped (made by another role, in
 * use) stays, and the line says why.
 */
export async function clearDeadSandboxes(maker: Maker): Promise<string[]> {
  const lock = await maker.query<{ locked: boolean }>(
    'select pg_try_advisory_lock($1::int4, 0) as locked',
    [CLEARING_LOCK],
  )
  if (!lock.rows[0]!.locked) return []
  const lines: string[] = []
  try {
    const { rows } = await maker.query<{
      sandbox: string
      databases: string[] | null
      roles: string[]
    }>(DEAD_ONES, [markComment('########'), SANDBOX_LOCK])
    for (const { sandbox, databases, roles } of rows) {
      try {
        for (const database of databases ?? []) await maker.dropDatabase(database)
        await maker.dropRoles(roles)
        lines.push(`cleared what an earlier run left (sandbox ${sandbox})`)
      } catch (error) {
        lines.push(`what an earlier run left (sandbox ${sandbox}) stays: ${messageOf(error)}`)
      }
    }
  } finally {
    await maker.query('select pg_advisory_unlock($1::int4, 0)', [CLEARING_LOCK])
  }
  return lines
}
