import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { takeAudit } from '../../src/sandbox/audit.ts'
import { findTampering, type Installed, recordInstalled } from '../../src/sandbox/tampering.ts'
import { type Drill, openWorkbench, sqlstateOf, type Workbench } from './drill-database.ts'

let workbench: Workbench
let drill: Drill
let installed: Installed
let engineRole: string

beforeAll(async () => {
  workbench = await openWorkbench(4)
  drill = await workbench.drill()
  engineRole = new URL(drill.engineUri).username
})
afterAll(() => workbench[Symbol.asyncDispose]())
beforeEach(async () => {
  await drill.reset()
  installed = await recordInstalled(drill.world)
})

async function find(): Promise<string[]> {
  await drill.world.query('begin')
  const sentences = await findTampering(drill.world, installed)
  await drill.world.query('commit')
  return sentences
}

describe('a drill in which nobody tampers', () => {
  it('shows nothing, whatever an operator does within its rights', async () => {
    const engine = await drill.connect()
    await engine.query(`
      create table mine (id int); create view v as select * from queue_job;
      create function now() returns int language sql return 1;
      update queue_job set retry = 1; truncate queue_job;
      alter role current_user set statement_timeout = '5s'`)
    expect(await find()).toEqual([])
  })
})

describe('what was changed behind the back of the harness', () => {
  it.each([
    [
      'alter table queue_job disable trigger drill_audit_update',
      ['the trigger drill_audit_update on queue_job was changed'],
    ],
    [
      'alter table queue_job disable trigger queue_job_notify',
      ['the trigger queue_job_notify on queue_job was changed'],
    ],
    [
      'drop trigger drill_audit_delete on queue_job',
      ['the trigger drill_audit_delete on queue_job was taken away'],
    ],
    [
      `create or replace function drill_clock.now() returns timestamptz language sql stable return pg_catalog.now()`,
      ['the function drill_clock.now() was changed'],
    ],
    [
      `create or replace function drill_audit.note_update() returns trigger language plpgsql as 'begin return null; end'`,
      ['the function drill_audit.note_update() was changed'],
    ],
    [
      'grant update on queue_job to ENGINE',
      ['the right of the engine to update on table queue_job was added'],
    ],
    [
      'grant update (payload) on queue_job to ENGINE'.replace('payload', 'args'),
      ['the right of the engine to update on table queue_job.args was added'],
    ],
    [
      'grant select on drill_audit.touched to public',
      ['the right of everybody to select on table drill_audit.touched was added'],
    ],
    [
      'grant usage, create on schema drill_audit to ENGINE',
      [
        'the right of the engine to create on schema drill_audit was added',
        'the right of the engine to usage on schema drill_audit was added',
      ],
    ],
    [
      'alter table queue_job enable row level security',
      ['row security of table queue_job was changed'],
    ],
    [
      `create rule r as on delete to queue_job do instead nothing`,
      ['the rule r on queue_job was added'],
    ],
    [
      `create function drill_clock.mine() returns int language sql return 1`,
      [
        'the function drill_clock.mine() was added',
        'the owner of function drill_clock.mine() was added',
        'the right of everybody to execute on function drill_clock.mine() was added',
        'the right of the owner to execute on function drill_clock.mine() was added',
      ],
    ],
  ])('%s', async (sql, expected) => {
    await drill.world.query('begin')
    await drill.world.query(
      `set local role ${(await drill.world.query(`select tableowner from pg_tables where tablename = 'queue_job'`)).rows[0].tableowner}`,
    )
    await drill.world.query(sql.replaceAll('ENGINE', engineRole))
    await drill.world.query('commit')
    const sentences = await find()
    expect(sentences.map((sentence) => sentence.replace(/, and .*/, ''))).toEqual(expected)
    expect(await find()).toEqual([])
    const engine = await drill.connect()
    await engine.query(`update queue_job set retry = 7 where id = 1`)
    expect((await takeAudit(drill.world)).length).toBe(1)
  })

  it('a search path or time zone that the role gave itself is reset', async () => {
    const engine = await drill.connect()
    await engine.query(`alter role current_user set search_path = public, "Odd"`)
    await engine.query(
      `alter role current_user in database ${new URL(drill.engineUri).pathname.slice(1)} set timezone = 'Asia/Tokyo'`,
    )
    expect(await find()).toEqual([
      'the setting search_path of the engine was added, and was taken away again',
      'the setting timezone of the engine was added, and was taken away again',
    ])
    expect(await find()).toEqual([])
  })

  it('of the database is put back', async () => {
    const name = new URL(drill.engineUri).pathname.slice(1)
    await drill.world.query(`alter database ${name} set search_path = public, "Odd"`)
    installed = await recordInstalled(drill.world)
    await drill.world.query(`alter database ${name} set search_path = pg_catalog`)
    expect(await find()).toEqual([
      'the setting search_path of the database was changed, and was put back',
    ])
    await drill.world.query(`alter database ${name} reset search_path`)
    expect(await find()).toEqual([
      'the setting search_path of the database was taken away, and was put back',
    ])
    expect(await find()).toEqual([])
  })

  it('cannot be put back where the world lacks the right, and says so at every call', async () => {
    const fact = [...installed.facts.values()].find(
      ({ label }) => label === 'the attributes of the owner',
    )!
    const facts = new Map(installed.facts)
    facts.set(fact.key, { ...fact, value: 't', restore: 'alter role current_user superuser' })
    await drill.world.query('begin')
    for (let call = 0; call < 2; call++) {
      expect(await findTampering(drill.world, { facts, digest: 'another' })).toEqual([
        'the attributes of the owner was changed, and could not be put back',
      ])
    }
    expect(await sqlstateOf(drill.world.query('commit'))).toBe(null)
  })
})
