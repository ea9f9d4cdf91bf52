import type { Client } from 'pg'
import { from as copyFrom } from 'pg-copy-streams'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { AUDITED_COLUMNS } from '../../src/queue-job/columns.ts'
import { takeAudit } from '../../src/sandbox/audit.ts'
import type { AuditedStatement } from '../../src/sandbox/sandbox.ts'
import { type Drill, openWorkbench, sqlstateOf, type Workbench } from './drill-database.ts'

let workbench: Workbench
let drill: Drill
let engine: Client

beforeAll(async () => {
  workbench = await openWorkbench(12)
  drill = await workbench.drill()
})
afterAll(() => workbench[Symbol.asyncDispose]())
beforeEach(async () => {
  await drill.reset()
  engine = await drill.connect()
})

/** `op id,id` of each statement. */
function brief(statements: readonly AuditedStatement[]): string[] {
  return statements.map(({ op, rows }) => `${op} ${rows.map(({ id }) => id).join(',')}`)
}

async function audited(sql: string): Promise<string[]> {
  await engine.query(sql)
  return brief(await takeAudit(drill.world))
}

const NEW_ROW = `(uuid, state) values ('new', 'pending')`

describe('what a statement changed', () => {
  it('is told by column with the old and the new value', async () => {
    await engine.query(
      `update queue_job set state = 'pending', retry = 0, exc_info = null, priority = priority,
              eta = timestamp '2026-03-02 10:00:00.5', exec_time = 0.1
        where id in (6, 2)`,
    )
    const changed = {
      state: ['failed', 'pending'],
      eta: [null, '2026-03-02 10:00:00.5'],
      exec_time: ['0', '0.1'],
      exc_info: ['ReadTimeout: partner did not answer', null],
    }
    expect(await takeAudit(drill.world)).toEqual([
      {
        op: 'update',
        viaOperation: false,
        rows: [
          { id: 2, changed },
          { id: 6, changed },
        ],
      },
    ])
  })

  it('names every column that operators may change, in the fixed order', async () => {
    await engine.query(
      `update queue_job set ${AUDITED_COLUMNS.map((column) => `${column} = null`)
        .join(', ')
        .replace('state = null', `state = 'done'`)} where id = 1`,
    )
    await engine.query(`
      update queue_job set state = 'failed', priority = 1, retry = 2, max_retries = 3, channel = 'root',
             eta = '2026-01-01', date_created = '2026-01-02', date_enqueued = '2026-01-03',
             date_started = '2026-01-04', date_done = '2026-01-05', date_cancelled = '2026-01-06',
             exec_time = 1.5, exc_name = 'a', exc_message = 'b', exc_info = 'c', result = 'd', worker_pid = 7
       where id = 1`)
    const [, second] = await takeAudit(drill.world)
    const changed = second!.rows[0]!.changed
    expect(Object.keys(changed)).toEqual([...AUDITED_COLUMNS])
    expect(changed.worker_pid).toEqual([null, '7'])
    expect(changed.exec_time).toEqual([null, '1.5'])
  })

  it('is empty for a row that was written with what it held', async () => {
    await engine.query(`update queue_job set state = state where id = 3`)
    expect(await takeAudit(drill.world)).toEqual([
      { op: 'update', viaOperation: false, rows: [{ id: 3, changed: {} }] },
    ])
  })

  it('names the state of rows that came or went', async () => {
    await engine.query(`insert into queue_job ${NEW_ROW}`)
    await engine.query('delete from queue_job where id = 2')
    const [inserted, deleted] = await takeAudit(drill.world)
    expect(inserted!.rows).toEqual([{ id: 13, changed: { state: [null, 'pending'] } }])
    expect(deleted!.rows).toEqual([{ id: 2, changed: { state: ['failed', null] } }])
  })

  it('keeps the beginning and a digest of a long text, and tells two long texts apart', async () => {
    await engine.query(`update queue_job set exc_info = repeat('ä', 200) where id = 1`)
    await engine.query(`update queue_job set exc_info = repeat('ä', 5000) || 'x' where id = 1`)
    await engine.query(`update queue_job set exc_info = repeat('ä', 5000) || 'y' where id = 1`)
    const statements = await takeAudit(drill.world)
    const news = statements.map(({ rows }) => rows[0]!.changed.exc_info![1]!)
    expect(news[0]).toBe('ä'.repeat(200))
    expect(news[1]).toMatch(/^ä{200}…[0-9a-f]{8}$/)
    expect(news[2]).toMatch(/^ä{200}…[0-9a-f]{8}$/)
    expect(news[2]).not.toBe(news[1])
  })

  it('holds any text as it was', async () => {
    const text = `"quoted" \\ back\tand\nlines 🦆 {"a": [1]}`
    await engine.query('update queue_job set result = $1 where id = 1', [text])
    const [statement] = await takeAudit(drill.world)
    expect(statement!.rows[0]!.changed.result).toEqual([null, text])
  })

  it('does not depend on the settings of the session', async () => {
    const write = `update queue_job set eta = timestamp '2026-11-02 09:08:07.123456', exec_time = 0.1::float8 + 0.2::float8 where id = 1`
    await engine.query(write)
    const [plain] = await takeAudit(drill.world)
    await drill.world.query('update queue_job set eta = null, exec_time = 0 where id = 1')
    await engine.query(`
      set datestyle = 'German, DMY'; set intervalstyle = 'iso_8601'; set extra_float_digits = -10;
      set timezone = 'Asia/Tokyo'; set work_mem = '64kB'; set standard_conforming_strings = off;
      set bytea_output = 'escape'; set lc_numeric = 'C'; set search_path = pg_temp`)
    await engine.query(write.replace('queue_job', 'public.queue_job'))
    const [odd] = await takeAudit(drill.world)
    expect(odd).toEqual(plain)
    expect(plain!.rows[0]!.changed.eta).toEqual([null, '2026-11-02 09:08:07.123456'])
    expect(plain!.rows[0]!.changed.exec_time).toEqual(['0', '0.30000000000000004'])
  })

  it('is marked where an operation wrote it in the name of the engine', async () => {
    const operation = await drill.connect({ application_name: 'odoocli' })
    await operation.query(`update queue_job set retry = 1 where id = 1`)
    await engine.query(`update queue_job set retry = 2 where id = 1`)
    const statements = await takeAudit(drill.world)
    expect(statements.map(({ viaOperation }) => viaOperation)).toEqual([true, false])
  })
})

describe('every way to write', () => {
  it.each([
    ['insert', `insert into queue_job ${NEW_ROW}`, ['insert 13']],
    ['delete', `delete from queue_job where id <= 2`, ['delete 1,2']],
    ['truncate', 'truncate queue_job', ['truncate 1,2,3,4,5,6,7,8,9,10,11,12']],
    [
      'truncate of several tables',
      'create table mine (); truncate mine, queue_job',
      ['truncate 1,2,3,4,5,6,7,8,9,10,11,12'],
    ],
    [
      'an update in a CTE',
      `with w as (update queue_job set retry = 9 where id = 4 returning id) select id from w`,
      ['update 4'],
    ],
    [
      'two writes in one statement',
      `with d as (delete from queue_job where id = 1) update queue_job set retry = 9 where id = 4`,
      ['delete 1', 'update 4'],
    ],
    [
      'a DO block',
      `do $$ begin update queue_job set retry = 9 where id = 4; delete from queue_job where id = 5; end $$`,
      ['update 4', 'delete 5'],
    ],
    [
      'a function',
      `create function mine() returns void language sql as 'update public.queue_job set retry = 9 where id = 4'; select mine()`,
      ['update 4'],
    ],
    [
      'a function that runs as its owner with a path of its own',
      `create function mine() returns void language sql security definer set search_path = public as 'update queue_job set retry = 9 where id = 4'; select mine()`,
      ['update 4'],
    ],
    [
      'a view',
      `create view mine as select * from queue_job; update mine set retry = 9 where id = 4`,
      ['update 4'],
    ],
    [
      'a rule on a view',
      `create view mine as select id from queue_job;
       create rule r as on delete to mine do instead delete from queue_job where id = old.id;
       delete from mine where id = 4`,
      ['delete 4'],
    ],
    [
      'a trigger on a table of its own',
      `create table mine (id int);
       create function f() returns trigger language plpgsql as $$ begin update public.queue_job set retry = 9 where id = new.id; return null; end $$;
       create trigger t after insert on mine for each row execute function f();
       insert into mine values (4), (5)`,
      ['update 4', 'update 5'],
    ],
    [
      'insert … on conflict do update',
      `insert into queue_job (id, uuid, state) values (4, 'x', 'pending'), (20, 'y', 'pending')
         on conflict (id) do update set state = 'cancelled'`,
      ['update 4', 'insert 20'],
    ],
    [
      'merge',
      `merge into queue_job using (values (3, 'a'), (4, 'b'), (20, 'c')) as v (id, uuid) on queue_job.id = v.id
         when matched and v.id = 3 then delete
         when matched then update set retry = 9
         when not matched then insert (id, uuid, state) values (v.id, v.uuid, 'pending')`,
      ['update 4', 'delete 3', 'insert 20'],
    ],
    [
      'a prepared statement',
      `prepare p (int) as update queue_job set retry = 9 where id = $1; execute p (4); execute p (5)`,
      ['update 4', 'update 5'],
    ],
    [
      'a cursor',
      `begin; declare c cursor for select * from queue_job order by id for update; move 4 in c; update queue_job set retry = 9 where current of c; commit`,
      ['update 4'],
    ],
  ])('%s', async (_, sql, expected) => {
    const statements = await audited(sql)
    expect([...statements].sort()).toEqual([...expected].sort())
  })

  it('COPY FROM', async () => {
    const copy = engine.query(copyFrom(`copy queue_job (id, uuid, state) from stdin`))
    await pipeline(Readable.from(['31\ta\tpending\n30\tb\tpending\n']), copy)
    expect(brief(await takeAudit(drill.world))).toEqual(['insert 30,31'])
  })

  it('leaves nothing when it is rolled back, wholly or to a savepoint', async () => {
    await engine.query('begin; update queue_job set retry = 1; rollback')
    await engine.query(`
      begin; update queue_job set retry = 1 where id = 1; savepoint s;
      update queue_job set retry = 1 where id = 2; rollback to s; commit`)
    await sqlstateOf(engine.query(`update queue_job set retry = 1 where id = 3; select 1/0`))
    expect(brief(await takeAudit(drill.world))).toEqual(['update 1'])
  })

  it('leaves nothing when it touches no row', async () => {
    expect(await audited(`update queue_job set retry = 1 where id = 999`)).toEqual([])
  })

  it('of the world leaves nothing', async () => {
    await drill.world.query(`update queue_job set retry = 1`)
    await drill.world.query(`insert into queue_job ${NEW_ROW}`)
    await drill.world.query(`delete from queue_job where id = 1`)
    await drill.world.query('truncate queue_job')
    expect(await takeAudit(drill.world)).toEqual([])
  })
})

describe('taking the audit', () => {
  it('gives statements in their order, once', async () => {
    const other = await drill.connect()
    await engine.query('update queue_job set retry = 1 where id = 3')
    await other.query('update queue_job set retry = 2 where id = 3')
    await engine.query('delete from queue_job where id in (3, 1)')
    expect(brief(await takeAudit(drill.world))).toEqual(['update 3', 'update 3', 'delete 1,3'])
    expect(await takeAudit(drill.world)).toEqual([])
  })

  it('belongs to the transaction of the caller', async () => {
    await engine.query('update queue_job set retry = 1 where id = 3')
    await drill.world.query('begin')
    expect(brief(await takeAudit(drill.world))).toEqual(['update 3'])
    await drill.world.query('rollback')
    expect(brief(await takeAudit(drill.world))).toEqual(['update 3'])
  })

  it('waits for what is not committed yet', async () => {
    await engine.query('begin')
    await engine.query('update queue_job set retry = 1 where id = 3')
    expect(await takeAudit(drill.world)).toEqual([])
    await engine.query('commit')
    expect(brief(await takeAudit(drill.world))).toEqual(['update 3'])
  })

  it('pairs many rows fast although the first statement of the session wrote one', async () => {
    await drill.world.query(`
      insert into queue_job (id, uuid, state)
      select i, 'u' || i, 'pending' from generate_series(1001, 21000) as i order by i`)
    await engine.query('update queue_job set retry = 1 where id = 3')
    const started = performance.now()
    await engine.query('update queue_job set retry = 1')
    // Each with each would be 400 million comparisons: half a minute.
    expect(performance.now() - started).toBeLessThan(5_000)
    const [, second] = await takeAudit(drill.world)
    expect(second!.rows.length).toBe(20_012)
  })
})
