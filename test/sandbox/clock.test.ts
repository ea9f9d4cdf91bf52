import type { Client } from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { takeSleeps } from '../../src/sandbox/audit.ts'
import { runClock, setClock } from '../../src/sandbox/clock.ts'
import { type Drill, openWorkbench, type Workbench } from './drill-database.ts'
import { findPsql, runPsql } from './psql.ts'

const MONDAY_TEN = Date.UTC(2026, 2, 2, 10, 0, 0, 123)

let workbench: Workbench
let drill: Drill
let engine: Client

beforeAll(async () => {
  workbench = await openWorkbench()
  drill = await workbench.drill()
  engine = await drill.connect()
  await setClock(drill.world, MONDAY_TEN)
})
afterAll(async () => {
  await drill[Symbol.asyncDispose]()
  await workbench[Symbol.asyncDispose]()
})

async function value(client: Client, sql: string): Promise<unknown> {
  const result = await client.query<unknown[]>({ text: `select ${sql}`, rowMode: 'array' })
  return result.rows[0]![0]
}

describe('the virtual clock', () => {
  it.each(['now()', 'clock_timestamp()', 'statement_timestamp()', 'transaction_timestamp()'])(
    '%s shows the virtual time to the engine',
    async (call) => {
      expect(await value(engine, `(${call} at time zone 'utc')::text`)).toBe(
        '2026-03-02 10:00:00.123',
      )
    },
  )

  it('has the types of the functions that it replaces', async () => {
    const types = await value(
      engine,
      `array[pg_typeof(now()), pg_typeof(now() at time zone 'utc'), pg_typeof(timeofday()),
             pg_typeof(age(timestamp '2026-03-01')), pg_typeof(now() - now())]::text`,
    )
    expect(types).toBe(
      '{"timestamp with time zone","timestamp without time zone",text,interval,interval}',
    )
  })

  it('prints timeofday() as PostgreSQL does', async () => {
    expect(await value(engine, 'timeofday()')).toBe('Mon Mar 02 10:00:00.123000 2026 UTC')
    const real = await value(drill.world, 'timeofday()')
    expect(real).toMatch(/^[A-Z][a-z]{2} [A-Z][a-z]{2} \d\d \d\d:\d\d:\d\d\.\d{6} \d{4} UTC$/)
  })

  it('measures age() from the midnight of the virtual day, and leaves age() of two moments alone', async () => {
    expect(await value(engine, `age(timestamp '2026-01-31 12:00')::text`)).toBe(
      '1 mon 1 day 12:00:00',
    )
    expect(await value(engine, `age(timestamptz '2026-03-01 00:00+00')::text`)).toBe('1 day')
    expect(await value(engine, `age(timestamp '2020-01-02', timestamp '2020-01-01')::text`)).toBe(
      '1 day',
    )
  })

  it('leaves the real clock to the world', async () => {
    expect(await value(drill.world, `now() > timestamptz '2026-03-03'`)).toBe(true)
  })

  it('stands still in a drill and moves with the next call, at commit', async () => {
    const client = await drill.connect()
    const later = MONDAY_TEN + 300_000
    await drill.world.query('begin')
    await setClock(drill.world, later)
    expect(await value(client, 'extract(epoch from now())::float8')).toBe(MONDAY_TEN / 1000)
    await drill.world.query('commit')
    expect(await value(client, 'extract(epoch from now())::float8')).toBe(later / 1000)
    await setClock(drill.world, MONDAY_TEN)
  })

  it('runs on at its speed in live mode, the same for one whole transaction', async () => {
    // A million virtual seconds for a real one: what a round trip takes is minutes.
    await runClock(drill.world, { at: MONDAY_TEN, speed: 1_000_000, aheadMs: Infinity })
    await engine.query('begin')
    const [first, second] = [
      (await value(engine, 'array[now()::text, clock_timestamp()::text]')) as string[],
      (await value(engine, 'array[now()::text, clock_timestamp()::text]')) as string[],
    ]
    await engine.query('commit')
    expect(second[0]).toBe(first[0])
    expect(second[1]! > first[1]!).toBe(true)
    expect(first[0]! > '2026-03-02 10:00:01').toBe(true)
    await setClock(drill.world, MONDAY_TEN)
  })

  it('adds exact seconds across a change to summer time', async () => {
    const berlin = await drill.connect()
    await berlin.query(`set time zone 'Europe/Berlin'`)
    // Anchor 36 real hours ago at speed 1: exactly 36 hours later, although one of them was skipped in Berlin.
    await drill.world.query(`
      update drill_clock.clock set at = timestamptz '2026-03-28 00:00+00', speed = 1,
             anchor = pg_catalog.now() - interval '36 hours'`)
    const hours = (await value(
      berlin,
      `extract(epoch from now() - timestamptz '2026-03-28 00:00+00')::float8 / 3600`,
    )) as number
    expect(hours).toBeGreaterThan(36)
    expect(hours).toBeLessThan(36.05)
    await setClock(drill.world, MONDAY_TEN)
  })

  it('can be used by an index like the real one', async () => {
    await drill.world.query('create index on queue_job (date_created)')
    await drill.world.query('set enable_seqscan = off')
    const plan = await drill.world.query<{ 'QUERY PLAN': string }>(
      `explain select id from queue_job where date_created < drill_clock.now() - interval '20 min'`,
    )
    const text = plan.rows.map((row) => row['QUERY PLAN']).join('\n')
    expect(text).toContain('Index Cond: (date_created < (drill_clock.now()')
    await drill.world.query('reset enable_seqscan')
  })

  it('is the default of columns that the engine creates', async () => {
    await engine.query('create table notes (at timestamptz default now())')
    await engine.query('insert into notes default values')
    expect(await value(engine, '(select at::text from notes)')).toBe('2026-03-02 10:00:00.123+00')
    expect(
      await value(engine, `(select schemaname from pg_tables where tablename = 'notes')`),
    ).toBe('workspace')
  })
})

describe('a client that changes its settings', () => {
  it.each([
    [
      'settings of its role',
      `alter role current_user set search_path = 'public'; alter role current_user set timezone = 'Asia/Tokyo'`,
    ],
    ['reset', 'reset all'],
    ['discard', 'discard all'],
    ['default', 'set search_path to default; set time zone default'],
  ])('sees the virtual time in UTC after %s', async (_, sql) => {
    const first = await drill.connect()
    await first.query(sql)
    for (const client of [first, await drill.connect()]) {
      expect(await value(client, 'now()::text')).toBe('2026-03-02 10:00:00.123+00')
    }
    await first.query('alter role current_user reset all')
  })

  it('cannot bring another path or zone in its start-up packet', async () => {
    const client = await drill.connect({
      options: '-c search_path=public -c TimeZone=Asia/Tokyo -c statement_timeout=7s',
    })
    expect(await value(client, 'now()::text')).toBe('2026-03-02 10:00:00.123+00')
    expect(await value(client, `current_setting('statement_timeout')`)).toBe('7s')
    expect(await value(client, `current_setting('search_path')`)).toBe(
      '"workspace", drill_clock, pg_catalog, public',
    )
  })

  it('gets the time zone of the scenario', async () => {
    await using tokyo = await workbench.drill('Asia/Tokyo')
    await setClock(tokyo.world, MONDAY_TEN)
    const client = await tokyo.connect()
    expect(await value(client, 'now()::text')).toBe('2026-03-02 19:00:00.123+09')
    // The runbook's trap: an eta without zone, nine hours late.
    await client.query(`update queue_job set eta = now() + interval '30 minutes' where id = 1`)
    const eta = await value(tokyo.world, '(select eta::text from queue_job where id = 1)')
    expect(eta).toBe('2026-03-02 19:30:00.123')
  })
})

describe('sleeping in SQL', () => {
  it('returns at once and is counted', async () => {
    const started = performance.now()
    await engine.query('select pg_sleep(3600)')
    await engine.query(`select pg_sleep_for('2 hours')`)
    await engine.query(`select pg_sleep_until(now() + interval '1 day')`)
    await engine.query(`do $$ begin perform pg_sleep(5); end $$`)
    expect(performance.now() - started).toBeLessThan(5_000)
    expect(await takeSleeps(drill.world)).toBe(4)
    expect(await takeSleeps(drill.world)).toBe(0)
  })

  it('returns at once in a read-only transaction too', async () => {
    const client = await drill.connect({ options: '-c default_transaction_read_only=on' })
    await client.query('select pg_sleep(3600)')
    expect(await takeSleeps(drill.world)).toBe(0)
  })
})

/** The runbook's statements, word for word where it gives them. */
const RUNBOOK = [
  `select state, count(*) from queue_job group by state order by count(*) desc`,
  `select channel, count(*) from queue_job where state = 'pending' group by channel order by count(*) desc limit 10`,
  `select id, channel, eta, date_created, left(exc_info, 140) from queue_job where state in ('pending', 'failed') order by date_created asc limit 30`,
  `update queue_job set eta = now() + interval '30 minutes' where state = 'pending' and channel = 'root.webhook_sync'`,
  `select count(*) from queue_job where state = 'pending' and eta > now()`,
  `select max(age(now(), date_created)) from queue_job where date_created < now() - interval '20 minutes'`,
]

describe('the runbook', () => {
  it('runs unchanged through pg', async () => {
    await using clone = await workbench.drill()
    await setClock(clone.world, MONDAY_TEN)
    const client = await clone.connect()
    const results = []
    for (const sql of RUNBOOK) results.push(await client.query(sql))
    expect(results[3]!.rowCount).toBe(25)
    expect(results[4]!.rows[0]).toEqual({ count: '25' })
    const etas = await clone.world.query(
      `select distinct eta::text from queue_job where eta is not null`,
    )
    expect(etas.rows).toEqual([{ eta: '2026-03-02 10:30:00.123' }])
  })

  it.skipIf(findPsql() === null)('runs unchanged through psql', async () => {
    await using clone = await workbench.drill()
    await setClock(clone.world, MONDAY_TEN)
    for (const sql of RUNBOOK) {
      const { status, stderr } = await runPsql(clone.engineUri, ['-c', sql])
      expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    }
    const shown = await runPsql(clone.engineUri, ['-Atc', 'select now()'])
    expect(shown.stdout).toBe('2026-03-02 10:00:00.123+00\n')
    const eta = await runPsql(clone.engineUri, [
      '-Atc',
      'select distinct eta from queue_job where eta is not null',
    ])
    expect(eta.stdout).toBe('2026-03-02 10:30:00.123\n')
  })
})
