/**
 * The whole engine, check by check, over a real table; the test plays the world: what arrives, runs and fails between
 * two checks is written into the table, what partners answer is scripted.
 */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { JobRow } from '../../../src/queue-job/job.ts'
import type { RecoveryEngine } from '../../../src/recovery/contract.ts'
import { createRunbookEngine } from '../../../src/recovery/runbook/engine.ts'
import {
  failed,
  HOUR,
  job,
  MINUTE,
  openQueueServer,
  type Queue,
  type QueueServer,
  Script,
  START,
} from '../queue-database.ts'

const CHECK = 5 * MINUTE
const PUSH = 'sale.order.push'
const LEVEL = 'stock.quant.level'
const CAPTURE = 'payment.capture'

let server: QueueServer
let queue: Queue
let script: Script
let engine: RecoveryEngine

beforeAll(async () => void (server = await openQueueServer()))
afterAll(() => server[Symbol.asyncDispose]())
beforeEach(async () => {
  queue = await server.queue('Asia/Tokyo')
  script = new Script()
  engine = createRunbookEngine()
})
afterEach(() => queue[Symbol.asyncDispose]())

/** One check at the present moment; then five minutes pass. Returns the acts of the check. */
async function check(): Promise<string[]> {
  const before = script.acts.length
  await queue.setNow(script.now)
  await engine.check(script.incident(queue.engine))
  script.now += CHECK
  return script.acts.slice(before)
}

let nextId = 1
beforeEach(() => void (nextId = 1))

/** `count` rows made by `make`, with ids of their own. */
async function add(count: number, make: (id: number) => JobRow): Promise<number[]> {
  const ids = Array.from({ length: count }, () => nextId++)
  await queue.add(...ids.map(make))
  return ids
}

const waiting = (fn: string) => (id: number) => job(id, fn, { dateCreated: script.now - MINUTE })
const fails = (fn: string) => (id: number) => failed(id, fn, script.now - 4 * MINUTE)
const slots = (fn: string, pid: (id: number) => number) => (id: number) =>
  job(id, fn, {
    state: 'started',
    dateStarted: script.now - MINUTE,
    dateEnqueued: script.now - MINUTE,
    workerPid: pid(id),
  })
const doneNow = (fn: string) => (id: number) =>
  job(id, fn, {
    state: 'done',
    dateStarted: script.now - MINUTE,
    dateDone: script.now - MINUTE + 500,
    execTime: 0.5,
  })

const statesOf = async (ids: readonly number[]): Promise<string> => {
  const states = new Map<string, number>()
  for (const row of await queue.jobs()) {
    if (!ids.includes(row.id)) continue
    const state = row.state === 'pending' && row.eta !== null ? 'postponed' : row.state
    states.set(state, (states.get(state) ?? 0) + 1)
  }
  return [...states].map(([state, count]) => `${count} ${state}`).join(', ')
}

/** The shop hangs: its jobs hold all slots, wait and fail, and so do others behind them. */
async function shopHangs(): Promise<{ waits: number[]; failed: number[]; others: number[] }> {
  await check()
  script.broken.add('shop')
  await add(
    8,
    slots(PUSH, () => 500),
  )
  const found = { waits: [] as number[], failed: [] as number[], others: [] as number[] }
  for (let round = 0; round < 3; round++) {
    found.waits.push(...(await add(60, waiting(PUSH))))
    found.failed.push(...(await add(20, fails(PUSH))))
    found.others.push(...(await add(40, waiting('sale.order.margin'))))
    if (round < 2) await check()
  }
  return found
}

describe('a dead integration', () => {
  it('is opened when it lasts, with the true baseline before the first write', async () => {
    const { waits, others } = await shopHangs()
    expect(script.acts).toEqual([])
    const acts = await check()
    expect(acts.slice(0, 3)).toEqual([
      'open pending-grows-started-flat cpu-idle-queue-grows',
      'baseline',
      'probe shop',
    ])
    expect(script.baselines).toEqual([
      {
        byState: { pending: 300, failed: 60, started: 8 },
        pendingByChannel: { root: 300 },
      },
    ])
    expect(await statesOf(waits)).toBe('180 postponed')
    expect(await statesOf(others)).toBe('120 pending')
    expect(script.decisions).toContain('Postponed 180 jobs of shop by 30 minutes')
  })

  it('is isolated anew at every check, released only when jobs go through, then closed', async () => {
    const { waits, failed: broke, others } = await shopHangs()
    await check()
    await queue.world(`update queue_job set state = 'done' where id = any ($1)`, [others])
    waits.push(...(await add(30, waiting(PUSH))))
    await check()
    expect(await statesOf(waits)).toBe('210 postponed')

    // Back, but a healthy probe alone proves nothing: a few go ahead.
    script.broken.delete('shop')
    await queue.world(
      `update queue_job set state = 'done', date_started = null where state = 'started'`,
    )
    await check()
    expect(await statesOf(waits)).toBe('5 pending, 205 postponed')
    await queue.world(`update queue_job set state = 'done' where state = 'pending' and eta is null`)
    await check()
    expect(await statesOf(waits)).toBe('5 done, 205 pending')
    expect(await statesOf(broke)).toBe('60 pending')

    await queue.world(`update queue_job set state = 'done' where state = 'pending'`)
    const rest = [...(await check()), ...(await check()), ...(await check())]
    expect(rest.filter((act) => !act.startsWith('probe'))).toEqual(['close'])
    expect(script.fixes).toEqual([])
  })

  it('that breaks again under the canaries is isolated again', async () => {
    const { waits } = await shopHangs()
    await check()
    script.broken.delete('shop')
    await check()
    await queue.world(
      `update queue_job set state = 'failed', date_started = $1::timestamp where state = 'pending' and eta is null and id = any ($2)`,
      [new Date(script.now - MINUTE).toISOString().replace('Z', ''), waits],
    )
    await check()
    expect(await statesOf(waits)).toBe('5 failed, 175 postponed')
  })

  it('whose jobs are of years ago does not bring them back', async () => {
    const old = await add(50, (id) => failed(id, PUSH, START - 700 * 24 * HOUR))
    const { failed: broke } = await shopHangs()
    await check()
    script.broken.delete('shop')
    await add(20, doneNow(PUSH))
    await check()
    expect(await statesOf(broke)).toBe('60 pending')
    expect(await statesOf(old)).toBe('50 failed')
  })

  it('that stays dead is handed over with its jobs named and kept apart', async () => {
    const { waits, others } = await shopHangs()
    await check()
    await queue.world(`update queue_job set state = 'done' where id = any ($1)`, [others])
    await queue.world(`update queue_job set state = 'failed' where state = 'started'`)
    const [stray] = await add(1, fails('sale.order.margin'))
    const acts: string[] = []
    for (let round = 0; round < 24; round++) acts.push(...(await check()))
    expect(acts.filter((act) => !act.startsWith('probe'))).toEqual(['hand-over'])
    expect(script.fixes.map(({ subject }) => subject)).toEqual([
      { jobFunction: 'sale.order.event' },
      { jobFunction: PUSH },
      { jobs: [stray] },
    ])
    const etas = (await queue.jobs()).filter(({ id }) => waits.includes(id)).map(({ eta }) => eta!)
    expect(Math.min(...etas)).toBeGreaterThan(script.now + 11 * HOUR)
  })

  it('that was handed over is taken back when the target answers, and its jobs come free', async () => {
    const { waits, others } = await shopHangs()
    await check()
    await queue.world(`update queue_job set state = 'done' where id = any ($1)`, [others])
    await queue.world(`update queue_job set state = 'failed' where state = 'started'`)
    for (let round = 0; round < 24; round++) await check()
    await add(40, fails(PUSH))
    expect(await check()).toEqual(['probe shop'])
    expect(await statesOf(waits)).toBe('180 postponed')

    script.broken.delete('shop')
    await add(20, doneNow(PUSH))
    expect(await check()).toContain('open pending-grows-started-flat cpu-idle-queue-grows')
    expect(await statesOf(waits)).toBe('180 pending')
  })
})

describe('payments that time out', () => {
  async function captureFails(): Promise<number[]> {
    await check()
    await check()
    script.broken.add('acquirer')
    const broke: number[] = []
    for (let round = 0; round < 4; round++) {
      broke.push(...(await add(10, fails(CAPTURE))))
      if (round < 3) await check()
    }
    return broke
  }

  it('are asked about: reconciled, left, or handed over, never simply repeated', async () => {
    const broke = await captureFails()
    for (const id of broke.slice(0, 15)) script.answers.set(id, 'happened')
    for (const id of broke.slice(15, 30)) script.answers.set(id, 'absent')
    await check()
    expect(await statesOf(broke)).toBe('15 done, 25 failed')
    expect((await queue.job(broke[0]!)).result).toMatch(/^Reconciled/)
    expect(script.fixes).toEqual([])

    script.broken.delete('acquirer')
    await add(6, doneNow(CAPTURE))
    await check()
    expect(await statesOf(broke)).toBe('15 done, 15 pending, 10 failed')
    expect(script.fixes).toMatchObject([{ subject: { jobs: broke.slice(30) } }])
  })

  it('of a partner that says nothing are not asked about one by one for ever', async () => {
    await captureFails()
    const acts = await check()
    expect(acts.filter((act) => act.startsWith('lookup'))).toHaveLength(10)
  })
})

describe('workers that were killed', () => {
  it('leave slots that are freed by what is known of each job; live long jobs go on', async () => {
    await check()
    const dead = await add(
      6,
      slots(PUSH, () => 7),
    )
    const unsafe = await add(
      2,
      slots(CAPTURE, () => 7),
    )
    const unknown = await add(
      1,
      slots('sale.order.confirm', () => 7),
    )
    const live = await add(
      2,
      slots(PUSH, (id) => 500 + (id % 2)),
    )
    script.answers.set(unsafe[0]!, 'happened')
    for (let round = 0; round < 3; round++) {
      await add(15, waiting('sale.order.margin'))
      await check()
    }
    expect(script.acts).toContain('baseline')
    expect(await statesOf(dead)).toBe('6 pending')
    expect(await statesOf(live)).toBe('2 started')
    expect((await queue.job(unsafe[0]!)).state).toBe('done')
    expect(await queue.job(unsafe[1]!)).toMatchObject({ state: 'failed', excName: 'WorkerGone' })
    expect(script.fixes).toMatchObject([{ subject: { jobs: [unsafe[1]!, unknown[0]!] } }])
  })
})

describe('a script that requeues everything', () => {
  it('is paused for good, and named in a tracked fix', async () => {
    script.automations = [
      { name: 'again', description: 'requeues failed jobs', everyMs: 1, paused: false },
      { name: 'tidy', description: 'deletes old jobs', everyMs: 1, paused: false },
    ]
    await add(40, fails(LEVEL))
    script.broken.add('warehouse')
    await check()
    for (let round = 0; round < 4; round++) {
      // Set back, and failed anew before the next check.
      await queue.world(
        `update queue_job set date_started = $1::timestamp where state = 'failed'`,
        [new Date(script.now - MINUTE).toISOString().replace('Z', '')],
      )
      await check()
    }
    expect(script.acts.filter((act) => /^(open|pause|resume)/.test(act))).toEqual([
      'open failed-pending-loop business-lag',
      'pause again',
    ])
    expect(script.fixes).toMatchObject([{ subject: { signature: 'automation again' } }])
  })
})

describe('values that travel in the jobs', () => {
  it('come back newest only; the older ones are settled as superseded', async () => {
    const level = (id: number) =>
      failed(id, LEVEL, script.now - 4 * MINUTE, {
        records: `{"_type": "odoo_recordset", "model": "stock.quant", "ids": [${id % 10}]}`,
      })
    await check()
    await check()
    script.broken.add('warehouse')
    const broke: number[] = []
    for (let round = 0; round < 4; round++) {
      broke.push(...(await add(10, level)))
      await check()
    }
    script.broken.delete('warehouse')
    await add(6, doneNow(LEVEL))
    await check()
    expect(await statesOf(broke)).toBe('30 done, 10 pending')
    const newest = broke.slice(-10)
    expect(await statesOf(newest)).toBe('10 pending')
    expect((await queue.job(broke[0]!)).result).toBe(
      `Superseded by job ${broke[30]}, which carries a newer value`,
    )
  })
})

describe('an ordinary day', () => {
  it('is left alone: no act, no write', async () => {
    await add(300, (id) => failed(id, PUSH, START - id * 24 * HOUR))
    await add(5, waiting(PUSH))
    for (let round = 0; round < 12; round++) {
      await add(1, fails(PUSH))
      if (round % 4 === 0) await add(200, waiting('sale.order.margin'))
      const rows = await queue.jobs()
      const acts = (await check()).filter((act) => !act.startsWith('probe'))
      expect(acts).toEqual([])
      expect(await queue.jobs()).toEqual(rows)
      await queue.world(`update queue_job set state = 'done' where state = 'pending'`)
    }
  })
})
