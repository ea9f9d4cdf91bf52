import type { Client } from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { AUDITED_COLUMNS } from '../../src/queue-job/columns.ts'
import { JOB_COLUMNS } from '../../src/queue-job/series.ts'
import { type Drill, openWorkbench, sqlstateOf, type Workbench } from './drill-database.ts'

let workbench: Workbench
let drill: Drill
let engine: Client

beforeAll(async () => {
  workbench = await openWorkbench(4)
  drill = await workbench.drill()
  engine = await drill.connect()
})
afterAll(() => workbench[Symbol.asyncDispose]())

/** SQLSTATE of a statement that is taken back whatever comes of it. */
async function tried(sql: string): Promise<string | null> {
  await engine.query('begin')
  const sqlstate = await sqlstateOf(engine.query(sql))
  await engine.query('rollback')
  return sqlstate
}

const DENIED = '42501'

describe('an operator', () => {
  it.each(AUDITED_COLUMNS.map((column) => [column]))('may change %s', async (column) => {
    const sql = `update queue_job set ${column} = ${column} where id = 1`
    expect(await tried(sql)).toBe(null)
  })

  it.each(
    Object.keys(JOB_COLUMNS)
      .filter((column) => !(AUDITED_COLUMNS as readonly string[]).includes(column))
      .map((column) => [column]),
  )('may not change %s', async (column) => {
    const sql = `update queue_job set ${column} = ${column} where id = 1`
    expect(await tried(sql)).toBe(DENIED)
  })

  it.each([
    [
      'reads all tables of the queue',
      'select * from queue_job, queue_job_channel, queue_job_function',
    ],
    ['inserts with the sequence', `insert into queue_job (uuid, state) values ('a', 'pending')`],
    ['deletes', 'delete from queue_job where id = 1'],
    ['truncates', 'truncate queue_job'],
    ['reads the clock', 'select * from drill_clock.clock'],
    [
      'creates what it needs in a schema of its own',
      'create table scratch (id int); drop table scratch',
    ],
    ['has temporary tables', 'create temporary table scratch (id int)'],
    ['locks rows', 'select id from queue_job for update skip locked'],
    ['listens', 'listen queue_job'],
  ])('%s', async (_, sql) => {
    expect(await tried(sql)).toBe(null)
  })

  it.each([
    ['write to the channels', `update queue_job_channel set name = name`],
    ['write to the functions', `delete from queue_job_function`],
    ['set the sequence', `select setval('queue_job_id_seq', 1)`],
    ['create in public', 'create table public.mine ()'],
    ['create a schema', 'create schema mine'],
    [
      'create in the schema of the clock',
      'create function drill_clock.mine() returns int language sql return 1',
    ],
    ['change the clock', 'update drill_clock.clock set speed = 1'],
    ['read the audit', 'select * from drill_audit.touched'],
    ['write to the audit', 'delete from drill_audit.touched'],
    ['read the record of sleeps', 'select * from drill_audit.slept'],
    [
      'call a trigger function',
      'create trigger mine after update on queue_job execute function drill_audit.note_update()',
    ],
    [
      'use the audit for a table of its own',
      'create table mine (id int); create trigger t after insert on mine execute function drill_audit.note_truncate()',
    ],
    ['disable a trigger', 'alter table queue_job disable trigger all'],
    ['drop a trigger', 'drop trigger drill_audit_update on queue_job'],
    [
      'replace a virtual function',
      'create or replace function drill_clock.now() returns timestamptz language sql return pg_catalog.now()',
    ],
    ['alter the table', 'alter table queue_job add column mine int'],
    ['own the table', 'alter table queue_job owner to current_user'],
    ['drop the table', 'drop table queue_job'],
    ['create an index', 'create index on queue_job (eta)'],
    ['switch triggers off', `set session_replication_role = 'replica'`],
    ['create roles', 'create role mine'],
    ['read files', `select pg_read_file('PG_VERSION')`],
    ['run programs', `copy queue_job to program 'cat'`],
  ])('may not %s', async (_, sql) => {
    expect(await tried(sql)).toBe(DENIED)
  })

  it('gives itself no right by granting it', async () => {
    await engine.query('grant all on queue_job to current_user with grant option')
    expect(await tried('update queue_job set args = null')).toBe(DENIED)
  })

  it('may not become the world or the owner', async () => {
    const roles = await drill.world.query<{ owner: string; world: string }>(
      `select tableowner as owner, session_user as world from pg_tables where tablename = 'queue_job'`,
    )
    const { owner, world } = roles.rows[0]!
    expect(await tried(`set role ${owner}`)).toBe(DENIED)
    expect(await tried(`set role ${world}`)).toBe(DENIED)
    expect(await tried(`set session authorization ${world}`)).toBe(DENIED)
  })

  it('may not connect to a database of another drill, not even past its own gateway', async () => {
    await using other = await workbench.drill()
    const [mine, theirs] = [new URL(drill.engineUri), new URL(other.engineUri)]
    mine.port = theirs.port
    mine.pathname = theirs.pathname
    expect(await tried(`select 1`)).toBe(null)
    expect(await sqlstateOf(drill.connect({ connectionString: mine.toString() }))).toBe('28000')
    const granted = await other.world.query<{ may: boolean }>(
      `select has_database_privilege($1::text, current_database(), 'connect') as may`,
      [mine.username],
    )
    expect(granted.rows).toEqual([{ may: false }])
  })

  it('cannot hide a write behind objects of its own that carry the names of real ones', async () => {
    await engine.query(`
      create function nextval(text) returns bigint language sql as 'select 0::bigint';
      create function json_build_array(varchar, varchar) returns text language sql as $$ select 'nothing' $$;
      create table queue_job (id int, state text);
      create temporary table touched (id int);
      insert into queue_job values (1, 'mine')`)
    await engine.query(`update public.queue_job set state = 'done' where id = 1`)
    const touched = await drill.world.query('select id, changed from drill_audit.touched')
    expect(touched.rows).toEqual([{ id: 1, changed: '{"state":["pending", "done"]}' }])
  })
})

describe('the world', () => {
  it('writes without notifying anybody, the engine as Odoo does', async () => {
    await drill.reset()
    const heard: string[] = []
    const writer = await drill.connect()
    const listener = await drill.connect()
    listener.on('notification', ({ payload }) => heard.push(payload ?? ''))
    await listener.query('listen queue_job')
    await drill.world.query(`update queue_job set retry = 1 where id = 1`)
    await writer.query(`update queue_job set retry = 1 where id in (2, 3)`)
    await writer.query(`delete from queue_job where state = 'done'`)
    await listener.query('select 1')
    expect(heard.sort()).toEqual(['uuid-2', 'uuid-3'])
  })

  it('has the trigger that a runner looks for: three rows in information_schema', async () => {
    const rows = await drill.world.query(
      `select event_manipulation from information_schema.triggers
        where trigger_name = 'queue_job_notify' order by 1`,
    )
    expect(rows.rows.map((row) => row.event_manipulation)).toEqual(['DELETE', 'INSERT', 'UPDATE'])
  })
})
