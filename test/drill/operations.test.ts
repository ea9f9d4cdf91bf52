/** The operations of the contract on a real table: what they read, what they write, what they refuse. */
import { afterAll, beforeAll, beforeEach, afterEach, describe, expect, it } from 'vitest'
import { formatPgTimestamp, HOUR, MINUTE, SECOND } from '../../src/foundation/time.ts'
import type { WriteEvent } from '../../src/journal/events.ts'
import type { BaselineFigures, Operations } from '../../src/recovery/contract.ts'
import { takeBaseline } from '../../src/recovery/runbook/baseline/baseline.ts'
import {
  CAPTURE,
  CONFIRM,
  type ControlledDrill,
  type DrillServer,
  FORGOTTEN,
  NOTIFY,
  openDrillServer,
  PUSH,
  START,
} from '../control/controlled-drill.ts'

let server: DrillServer
let drill: ControlledDrill
let queue: Operations['queue']

beforeAll(async () => {
  server = await openDrillServer()
})
afterAll(() => server?.[Symbol.asyncDispose]())
beforeEach(async () => {
  drill = await server.drill()
  queue = drill.incident.operations.queue
})
afterEach(() => drill[Symbol.asyncDispose]())

const states = (...ids: number[]) => drill.column<string>('state', ids)
const etas = (...ids: number[]) => drill.column<Date | null>('eta', ids)
const range = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, index) => from + index)

describe('shape', () => {
  it('counts what the table holds, the largest first', async () => {
    const shape = await queue.shape()
    expect(shape.byState).toEqual([
      { state: 'pending', jobs: 24 },
      { state: 'failed', jobs: 14 },
      { state: 'done', jobs: 1 },
    ])
    expect(shape.channels.slice(0, 3)).toEqual([
      {
        channel: 'root.webhook_sync',
        pending: 10,
        due: 7,
        started: 0,
        failed: 0,
        oldestDue: new Date(START - MINUTE + 40),
      },
      // Nobody said a channel: root.
      expect.objectContaining({ channel: 'root', pending: 1, due: 1 }),
      expect.objectContaining({ channel: 'root.own_0', pending: 1 }),
    ])
    expect(shape.channels.find(({ channel }) => channel === 'root.mixed')).toEqual({
      channel: 'root.mixed',
      pending: 0,
      due: 0,
      started: 0,
      failed: 4,
      oldestDue: null,
    })
  })

  it('holds the figures of the baseline that the runbook takes', async () => {
    const { byState, channels } = await queue.shape()
    const taken: BaselineFigures = await takeBaseline(
      drill.engine,
      { ...drill.incident.notes, baseline: async () => undefined },
      10,
    )
    expect(Object.fromEntries(byState.map(({ state, jobs }) => [state, jobs]))).toEqual(
      taken.byState,
    )
    expect(channels.slice(0, 10).map(({ channel, pending }) => [channel, pending])).toEqual(
      Object.entries(taken.pendingByChannel),
    )
  })
})

describe('blockers', () => {
  it('lists what is due and what failed in this incident, the oldest first', async () => {
    const blockers = await queue.blockers(1000)
    const created = blockers.map(({ dateCreated }) => dateCreated.getTime())
    expect(created).toEqual(created.toSorted((left, right) => left - right))
    const ids = blockers.map(({ id }) => id)
    expect(ids).toHaveLength(21 + 13)
    // 8 failed three hours ago; 47 to 49 wait for later and were never tried.
    for (const id of [8, 47, 48, 49]) expect(ids).not.toContain(id)
  })

  it('names the exception, and for a job that postponed itself the reason', async () => {
    await drill.engine.query(
      `update queue_job set exc_name = null, exc_message = null, exc_info = $1::text where id = 1`,
      ['Traceback (most recent call last):\n  File "x.py"\nValueError: ' + 'wide '.repeat(100)],
    )
    await drill.engine.query(
      `update queue_job set exc_name = null, exc_message = null where id = 10`,
    )
    const blockers = await queue.blockers(1000)
    const exception = (id: number) => blockers.find((each) => each.id === id)!.exception
    expect(exception(2)).toBe('requests.exceptions.ReadTimeout: Read timed out. (read timeout=30)')
    expect(exception(1)).toMatch(/^ValueError: wide wide/)
    expect(exception(1).length).toBeLessThanOrEqual(140)
    expect(exception(10)).toBe('later')
    expect(exception(40)).toBe('')
  })

  it('lists thirty unless told, and no fewer than one', async () => {
    expect(await queue.blockers()).toHaveLength(30)
    expect(await queue.blockers(2)).toHaveLength(2)
    await expect(queue.blockers(0)).rejects.toThrow(
      'queue blockers: the limit must be a whole number of at least 1, not 0',
    )
  })
})

describe('quarantine', () => {
  it('postpones what is pending of a channel, and nothing that waits longer already', async () => {
    const until = new Date(START + 8.5 * MINUTE)
    expect(await queue.quarantine({ channel: 'root.webhook_sync', forMs: 8.5 * MINUTE })).toEqual({
      postponed: 9,
      until,
    })
    expect(await etas(...range(40, 49))).toEqual([
      ...Array.from({ length: 9 }, () => until),
      new Date(START + 9 * MINUTE),
    ])
    expect(await etas(50)).toEqual([null])
  })

  it('postpones the jobs of a function in every channel, failed ones not', async () => {
    const { postponed } = await queue.quarantine({ jobFunction: PUSH, forMs: HOUR })
    expect(postponed).toBe(5 + 14)
    expect(await etas(1)).toEqual([null])
  })

  it('takes "root" for the channel of jobs that name none', async () => {
    expect(await queue.quarantine({ channel: 'root', forMs: HOUR })).toMatchObject({ postponed: 1 })
  })

  it('for less than a second or more than a day is refused', async () => {
    for (const forMs of [SECOND - 1, 24 * HOUR + 1, Number.NaN]) {
      await expect(queue.quarantine({ channel: 'root', forMs })).rejects.toThrow(
        'queue quarantine: say for how long, from 1 second to 24 hours',
      )
    }
  })

  it("is the engine's write in the journal", async () => {
    await queue.quarantine({ channel: 'root.webhook_sync', forMs: HOUR })
    await drill.advance(0)
    const [write] = drill.events.filter((event): event is WriteEvent => event.type === 'write')
    expect(write!.via).toBe('operation')
    expect(write!.rows.map(({ id, changed }) => [id, changed.eta![1]])).toEqual(
      range(40, 49).map((id) => [id, formatPgTimestamp(START + HOUR).replace(/\.000$/, '')]),
    )
    expect(drill.acts()).toEqual([
      expect.objectContaining({
        act: 'quarantine',
        channel: 'root.webhook_sync',
        forMs: HOUR,
        postponed: 10,
      }),
    ])
  })
})

describe('release', () => {
  beforeEach(() => queue.quarantine({ channel: 'root.webhook_sync', forMs: HOUR }))

  it('lets the oldest go first, a few of them', async () => {
    expect(await queue.release({ channel: 'root.webhook_sync', limit: 3 })).toEqual({
      released: [40, 41, 42],
    })
    expect(await etas(42, 43)).toEqual([null, new Date(START + HOUR)])
  })

  it('lets all jobs of a function go, and those only', async () => {
    expect(await queue.release({ jobFunction: NOTIFY })).toEqual({ released: [41, 43, 45, 47, 49] })
    expect(await queue.release({ jobFunction: NOTIFY })).toEqual({ released: [] })
  })

  it('leaves an eta alone that is over', async () => {
    await drill.advance(2 * HOUR)
    expect(await queue.release({ channel: 'root.webhook_sync' })).toEqual({ released: [] })
  })

  it('of no job, or a part of one, is refused', async () => {
    for (const limit of [0, -1, 1.5]) {
      await expect(queue.release({ channel: 'root', limit })).rejects.toThrow(
        `queue release: the limit must be a whole number of at least 1, not ${limit}`,
      )
    }
  })
})

describe('retry', () => {
  const stock = { channel: 'root.stock_sync', olderThanMs: 20 * MINUTE }

  it('brings back what failed in this incident and long enough ago, the oldest first', async () => {
    expect(await queue.retry({ ...stock, limit: 4 })).toEqual({
      requeued: [6, 5, 4, 3],
      refused: [],
    })
    expect(await states(1, 2, 3, 4, 5, 6)).toEqual([
      'failed',
      'failed',
      'pending',
      'pending',
      'pending',
      'pending',
    ])
    // 7 is too young, 8 is not of this incident.
    expect(await queue.retry({ ...stock, limit: 200 })).toEqual({ requeued: [2, 1], refused: [] })
    expect(await states(7, 8)).toEqual(['failed', 'failed'])
  })

  it('leaves the counters as transition T10 does', async () => {
    await queue.retry({ ...stock, limit: 1 })
    const { rows } = await drill.engine.query(
      `select retry, date_started, exc_name, exc_info from queue_job where id = 6`,
    )
    expect(rows).toEqual([
      {
        retry: 0,
        date_started: null,
        exc_name: null,
        exc_info: 'Traceback (most recent call last):\nReadTimeout',
      },
    ])
  })

  it('refuses what is not documented safe, with the reason, and counts no refusal as a retry', async () => {
    const mixed = { channel: 'root.mixed', olderThanMs: 20 * MINUTE, limit: 10 }
    expect(await queue.retry(mixed)).toEqual({
      requeued: [],
      refused: [
        { id: 20, reason: `${CAPTURE} is documented as unsafe to repeat` },
        { id: 21, reason: `${CAPTURE} is documented as unsafe to repeat` },
        { id: 30, reason: `${FORGOTTEN} is not in the catalogue` },
        { id: 31, reason: `nothing is documented about repeating ${CONFIRM}` },
      ],
    })
    expect(new Set(await states(20, 21, 30, 31))).toEqual(new Set(['failed']))
    await drill.advance(0)
    expect(drill.events.filter(({ type }) => type === 'write')).toEqual([])
    expect(drill.acts()).toEqual([
      expect.objectContaining({ act: 'retry', requeued: 0, refused: 4, limit: 10 }),
    ])
    expect(drill.acts()[0]).not.toHaveProperty('forced')
  })

  it('believes a key for as long as the partner remembers it', async () => {
    const mail = { channel: 'root.mail', olderThanMs: 20 * MINUTE }
    await drill.incident.open(['business-lag'])
    expect(await queue.retry({ ...mail, limit: 1 })).toEqual({ requeued: [10], refused: [] })
    await drill.advance(11 * MINUTE)
    expect(await queue.retry({ ...mail, limit: 10 })).toEqual({
      requeued: [],
      refused: [
        { id: 11, reason: `${NOTIFY} is protected by a key for a limited time, which is over` },
      ],
    })
  })

  it('by force brings back everything, without a limit too, and says so in the journal', async () => {
    const report = await queue.retry({
      channel: 'root.mixed',
      olderThanMs: 0,
      limit: null,
      force: true,
    })
    expect(report).toEqual({ requeued: [20, 21, 30, 31], refused: [] })
    expect(new Set(await states(20, 21, 30, 31))).toEqual(new Set(['pending']))
    expect(drill.acts()).toEqual([
      expect.objectContaining({ act: 'retry', forced: true, limit: null, requeued: 4 }),
    ])
  })

  it('even by force leaves what failed before the incident', async () => {
    await queue.retry({ ...stock, limit: null, force: true })
    expect(await states(8)).toEqual(['failed'])
  })

  it('without a limit, or with one that is none, is refused', async () => {
    await expect(queue.retry({ ...stock, limit: null })).rejects.toThrow(
      'queue retry: a limit is required: without one everything that failed would run at once',
    )
    for (const limit of [0, 2.5]) {
      await expect(queue.retry({ ...stock, limit })).rejects.toThrow(
        `queue retry: the limit must be a whole number of at least 1, not ${limit}`,
      )
    }
    expect(drill.acts()).toEqual([])
  })
})

describe('an operation that meets a lock of the engine itself', () => {
  it('gives up with a sentence and leaves nothing behind', async () => {
    await drill.engine.query('begin')
    await drill.engine.query('update queue_job set priority = 1 where id = 40')
    await expect(queue.quarantine({ channel: 'root.webhook_sync', forMs: HOUR })).rejects.toThrow(
      'queue quarantine: an open transaction of the engine holds these jobs: end it first',
    )
    await drill.engine.query('rollback')
    expect(await queue.quarantine({ channel: 'root.webhook_sync', forMs: HOUR })).toMatchObject({
      postponed: 10,
    })
  })
})
