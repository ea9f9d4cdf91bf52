/** World and table stay one, whatever an engine writes in between. */
import fc from 'fast-check'
import type { Client } from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { connectEngine } from '../../src/recovery/connection.ts'
import { MINUTE, SECOND } from '../../src/foundation/time.ts'
import type { WriteEvent } from '../../src/journal/events.ts'
import { createConstraints, createTables } from '../../src/queue-job/ddl.ts'
import { JOB_COLUMNS } from '../../src/queue-job/series.ts'
import type { DrillDatabase, Server, Template } from '../../src/sandbox/sandbox.ts'
import { openServer } from '../../src/sandbox/server.ts'
import { Sync, type SyncResult } from '../../src/simulation/sync.ts'
import { JobTable } from '../../src/simulation/table.ts'
import type { World } from '../../src/simulation/world.ts'
import { row, smallWorld, START, traffic } from './small-world.ts'

const PUSH = 'sale.order.push'
const NOTIFY = 'sale.order.notify'
const CAPTURE = 'payment.transaction.capture'

const TABLE = new JobTable(JOB_COLUMNS)

const ROWS = [
  ...Array.from({ length: 30 }, (_, index) => row(index + 1, [PUSH, NOTIFY, CAPTURE][index % 3]!)),
  row(50, PUSH, { state: 'done', dateDone: START - MINUTE, dateStarted: START - 2 * MINUTE }),
  row(51, CAPTURE, {
    state: 'failed',
    dateStarted: START - MINUTE,
    excName: 'requests.exceptions.ReadTimeout',
    excMessage: 'Read timed out.',
    excInfo: 'x'.repeat(5000),
  }),
]

const FUNCTIONS = [PUSH, NOTIFY, CAPTURE].map((name) =>
  traffic(name, { ratePerHour: Array.from({ length: 168 }, () => 400) }),
)

let server: Server
let template: Template

beforeAll(async () => {
  server = await openServer('embedded')
  template = await server.template(async (client) => {
    await client.query(createTables())
    await client.query(TABLE.insert, TABLE.insertParameters(ROWS))
    await client.query(createConstraints())
  })
})

afterAll(async () => {
  await template?.[Symbol.asyncDispose]()
  await server?.[Symbol.asyncDispose]()
})

/** Statements that an engine might send, wise or not; `$now` is virtual. */
const STATEMENTS = [
  `update queue_job set eta = (now() at time zone 'utc') + interval '30 minutes' where state = 'pending'`,
  `update queue_job set state = 'pending', retry = 0 where state = 'failed'`,
  `update queue_job set state = 'pending' where state in ('started', 'enqueued')`,
  `update queue_job set state = 'failed', exc_info = repeat('long ', 300) where id % 7 = 0`,
  `update queue_job set state = 'done', date_done = now() at time zone 'utc' where id % 11 = 0`,
  `update queue_job set state = 'cancelled', date_cancelled = now() at time zone 'utc' where id % 13 = 0`,
  `update queue_job set priority = 1, channel = 'root.other' where id % 3 = 0`,
  `delete from queue_job where id % 17 = 0`,
  `insert into queue_job (uuid, model_name, method_name, state, priority, max_retries, date_created, channel, records, args)
     select 'new-' || nextval('queue_job_id_seq'), 'sale.order', 'push', 'pending', 10, 5, now() at time zone 'utc', 'root', '{}', '[]'`,
  `update queue_job set max_retries = 9, retry = 1 where id % 5 = 0`,
]

async function expectSame(world: World, client: Client): Promise<void> {
  const ids = [...world.jobs.all()].map(({ id }) => id)
  const found = await client.query<Record<string, unknown>>(TABLE.select, [ids])
  const table = new Map(found.rows.map((entry) => [entry['id'] as number, TABLE.toJobRow(entry)]))
  expect([...table.keys()].sort((a, b) => a - b)).toEqual(ids.sort((a, b) => a - b))
  for (const job of world.jobs.all()) expect(job).toMatchObject(table.get(job.id)!)
  const live = await client.query<{ count: string }>(
    `select count(*) from queue_job where state not in ('done', 'cancelled')`,
  )
  const known = [...world.jobs.all()].filter(({ state }) => !['done', 'cancelled'].includes(state))
  expect(Number(live.rows[0]!.count)).toBe(known.length)
}

async function drill(
  database: DrillDatabase,
  plan: readonly (readonly number[])[],
): Promise<WriteEvent[]> {
  const { world, events } = smallWorld({
    rows: ROWS,
    functions: FUNCTIONS,
    faults: [
      {
        kind: 'target-down',
        answer: 'hang',
        roles: [],
        fromMs: 0,
        untilMs: 4 * MINUTE,
        integrations: ['shop'],
      },
    ],
  })
  const sync = await Sync.begin(world, database.world)
  const engine = await connectEngine(database.engineUri)
  try {
    for (const [index, statements] of plan.entries()) {
      sync.check = index + 1
      world.advance(START + (index + 1) * MINUTE + 7 * SECOND)
      await sync.run(false)
      await expectSame(world, database.world)
      for (const statement of statements) await engine.query(STATEMENTS[statement]!)
      const { tampering } = await sync.run(true)
      expect(tampering).toEqual([])
      await expectSame(world, database.world)
    }
  } finally {
    await engine.end()
  }
  return events.filter((event): event is WriteEvent => event.type === 'write')
}

describe('a sync', () => {
  it('keeps world and table one whatever an engine writes', async () => {
    expect.hasAssertions()
    const statement = fc.nat(STATEMENTS.length - 1)
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(statement, { maxLength: 4 }), { minLength: 2, maxLength: 8 }),
        async (plan) => {
          await using database = await template.clone({ timeZone: 'UTC' })
          await drill(database, plan)
        },
      ),
      { numRuns: 12, seed: 20261124 },
    )
  })

  it('numbers the writes of the engine, rows by id, with old and new values', async () => {
    await using database = await template.clone({ timeZone: 'America/New_York' })
    const writes = await drill(database, [[0], [], [1]])
    expect(writes.map(({ write, check, op, via }) => ({ write, check, op, via }))).toEqual([
      { write: 1, check: 1, op: 'update', via: 'sql' },
      { write: 2, check: 3, op: 'update', via: 'sql' },
    ])
    const ids = writes[0]!.rows.map(({ id }) => id)
    expect(ids).toEqual(ids.toSorted((a, b) => a - b))
    expect(writes[0]!.rows[0]!.changed.eta![1]).toBe('2026-11-03 10:31:07')
  })

  it('gives an engine the virtual time and what stands in the table, in its own zone', async () => {
    await using database = await template.clone({ timeZone: 'America/New_York' })
    const { world } = smallWorld({ rows: ROWS, functions: FUNCTIONS })
    const sync = await Sync.begin(world, database.world)
    world.advance(START + MINUTE)
    await sync.run(false)
    const engine = await connectEngine(database.engineUri)
    const { rows } = await engine.query<{ now: Date; local: Date }>(
      'select now(), now()::timestamp as local',
    )
    await engine.end()
    expect(rows[0]!.now.toISOString()).toBe('2026-11-03T10:01:00.000Z')
    // The trap of the runbook: a session west of Greenwich reads an earlier hour.
    expect(rows[0]!.local.toISOString()).toBe('2026-11-03T05:01:00.000Z')
  })
})

/** As a live drill calls it: `until` in virtual ms. Null = the table was held. */
function liveTick(sync: Sync, world: World, until: number): Promise<SyncResult | null> {
  return sync.runLive({
    compareRules: () => true,
    lockTimeoutMs: 20,
    goOn: () => world.advance(until),
    clock: () => ({ at: world.now, speed: 5, aheadMs: 1000 }),
  })
}

/** Either the table was held and the world stands, or both are one. */
async function expectTick(sync: Sync, world: World, client: Client, ms: number): Promise<void> {
  const before = world.now
  const result = await liveTick(sync, world, before + ms)
  expect(world.now).toBe(result === null ? before : before + ms)
  expect(result?.tampering ?? []).toEqual([])
  if (result !== null) await expectSame(world, client)
}

describe('in live mode', () => {
  it('keeps world and table one while people write in between, in transactions that end or do not', async () => {
    expect.hasAssertions()
    const act = fc.oneof(
      fc.record({ person: fc.nat(2), statement: fc.nat(STATEMENTS.length - 1) }),
      fc.record({ person: fc.nat(2), word: fc.constantFrom('begin', 'commit', 'rollback') }),
      fc.record({ tick: fc.integer({ min: 1, max: 90 }) }),
    )
    await fc.assert(
      fc.asyncProperty(fc.array(act, { minLength: 5, maxLength: 40 }), async (acts) => {
        await using database = await template.clone({ timeZone: 'UTC' })
        const { world } = smallWorld({ rows: ROWS, functions: FUNCTIONS })
        const sync = await Sync.begin(world, database.world)
        await sync.run(false)
        const people = await Promise.all([0, 1, 2].map(() => connectEngine(database.engineUri)))
        // Who waits for a lock of another person gives up: here nobody else lets go meanwhile.
        for (const person of people) await person.query(`set lock_timeout = '20ms'`)
        for (const each of acts) {
          if ('tick' in each) {
            await expectTick(sync, world, database.world, each.tick * SECOND)
          } else {
            const text = 'word' in each ? each.word : STATEMENTS[each.statement]!
            await people[each.person]!.query(text).catch(() => undefined)
          }
        }
        await database.gateway.endOpenTransactions()
        expect(await liveTick(sync, world, world.now + MINUTE)).not.toBeNull()
        await expectSame(world, database.world)
        await Promise.all(people.map((person) => person.end()))
      }),
      { numRuns: 8, seed: 20261125 },
    )
  })

  it('does nothing while a transaction holds the table, and lets other people through', async () => {
    await using database = await template.clone({ timeZone: 'UTC' })
    const { world } = smallWorld({ rows: ROWS, functions: FUNCTIONS })
    const sync = await Sync.begin(world, database.world)
    await sync.run(false)
    const [holder, other] = [
      await connectEngine(database.engineUri),
      await connectEngine(database.engineUri),
    ]
    await holder.query('begin; select from queue_job where id = 1 for update')
    expect(await liveTick(sync, world, START + MINUTE)).toBeNull()
    expect(world.now).toBe(START)
    // While the sync waits for its lock, whoever writes waits behind it, no longer than it does.
    const [held] = await Promise.all([
      liveTick(sync, world, START + MINUTE),
      other.query('update queue_job set priority = 3 where id = 2'),
    ])
    expect(held).toBeNull()
    // Who has written may go on writing, although the sync waits.
    const [stillHeld] = await Promise.all([
      liveTick(sync, world, START + MINUTE),
      holder.query('update queue_job set priority = 4 where id = 3'),
    ])
    expect(stillHeld).toBeNull()
    await holder.query('commit')
    const result = await liveTick(sync, world, START + MINUTE)
    expect(result?.statements.map(({ rows }) => rows[0]?.id)).toEqual([2, 3])
    expect(world.now).toBe(START + MINUTE)
    await expectSame(world, database.world)
    await Promise.all([holder.end(), other.end()])
  })

  it('lets virtual time run on by itself, and never back, whatever is set', async () => {
    await using database = await template.clone({ timeZone: 'UTC' })
    const { world } = smallWorld({ rows: ROWS, functions: FUNCTIONS })
    const sync = await Sync.begin(world, database.world)
    await sync.run(false)
    const person = await connectEngine(database.engineUri)
    const now = async () => {
      const { rows } = await person.query<{ now: Date }>('select clock_timestamp() as now')
      return rows[0]!.now.getTime()
    }
    expect(await now()).toBe(START)
    await liveTick(sync, world, START + SECOND)
    let last = START
    for (let tick = 0; tick < 30; tick++) {
      const at = await now()
      expect(at).toBeGreaterThanOrEqual(last)
      // No further ahead of the world than it may be.
      expect(at).toBeLessThanOrEqual(Math.max(last, world.now) + 1000)
      last = at
      // A clock that was set a moment late, as over a slow line.
      await liveTick(sync, world, world.now + 1)
    }
    await person.end()
  })
})
