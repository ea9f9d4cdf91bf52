/** The engine's statements against a real table, through the gateway, in a session far from UTC. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { formatDependencies } from '../../../src/queue-job/dependencies.ts'
import type { JobRow } from '../../../src/queue-job/job.ts'
import { readBlockers } from '../../../src/recovery/runbook/blockers/observe.ts'
import { readCanaries, readPulses } from '../../../src/recovery/runbook/isolate/pulse.ts'
import {
  countPostponed,
  postpone,
  release,
} from '../../../src/recovery/runbook/isolate/quarantine.ts'
import type { IncidentMemory } from '../../../src/recovery/runbook/memory.ts'
import { readFailed, readReplaced } from '../../../src/recovery/runbook/retry/observe.ts'
import { observe, readRecentlyFailed } from '../../../src/recovery/runbook/signals/observe.ts'
import { requeue } from '../../../src/recovery/sql/requeue.ts'
import { setFailed, settle } from '../../../src/recovery/sql/settle.ts'
import {
  CATALOGUE,
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

let server: QueueServer
let queue: Queue

beforeAll(async () => void (server = await openQueueServer()))
afterAll(() => server[Symbol.asyncDispose]())
beforeEach(async () => void (queue = await server.queue('America/New_York')))
afterEach(() => queue[Symbol.asyncDispose]())

const PUSH = 'sale.order.push'
const EVENT = 'sale.order.event'
const LEVEL = 'stock.quant.level'

const memoryOf = (): IncidentMemory => ({
  openedAt: START,
  signals: [],
  from: START - 20 * MINUTE,
  createdFrom: START - 80 * MINUTE,
  idFloor: 0,
  normalDue: 0,
  httpWorkersAtStart: 12,
  notOurs: [],
  flows: new Map(),
  quarantineEtas: new Set(),
  ownEtas: new Map(),
  requeues: new Map(),
  handledJobs: new Set(),
  pausedAutomations: new Set(),
  scale: null,
  depths: [],
  lastReleaseAt: START,
})

const records = (id: number) =>
  `{"_type": "odoo_recordset", "model": "stock.quant", "ids": [${id}]}`

describe('a requeue', () => {
  it('writes T10: retry, dates and worker gone, exc_info and result stay', async () => {
    const before = failed(1, PUSH, START - MINUTE, { result: 'kept', eta: START - HOUR })
    await queue.add(before)
    expect(await requeue(queue.engine, [1], ['failed'], START)).toBe(1)
    expect(await queue.job(1)).toEqual({
      ...before,
      state: 'pending',
      retry: 0,
      dateEnqueued: null,
      dateStarted: null,
      workerPid: 0,
      excName: null,
      excMessage: null,
    })
  })

  it('clears an eta in the future, which the job would go on waiting for', async () => {
    await queue.add(failed(1, PUSH, START - MINUTE, { eta: START + MINUTE }))
    await requeue(queue.engine, [1], ['failed'], START)
    expect((await queue.job(1)).eta).toBe(null)
  })

  it('leaves a row alone that moved meanwhile', async () => {
    await queue.add(job(1, PUSH, { state: 'done' }))
    expect(await requeue(queue.engine, [1], ['failed'], START)).toBe(0)
  })

  it('waits for a parent that is not done', async () => {
    const graph = { graphUuid: 'graph' }
    const dependencies = formatDependencies({ dependsOn: ['uuid-1'], reverseDependsOn: [] })
    await queue.add(
      job(1, PUSH, graph),
      failed(2, PUSH, START - MINUTE, { ...graph, dependencies }),
    )
    await requeue(queue.engine, [2], ['failed'], START)
    expect((await queue.job(2)).state).toBe('wait_dependencies')
  })
})

describe('settling', () => {
  it('writes T11 with the reason', async () => {
    await queue.add(failed(1, PUSH, START - MINUTE))
    await settle(queue.engine, [{ id: 1, result: 'Reconciled: it happened' }], ['failed'], START)
    expect(await queue.job(1)).toMatchObject({
      state: 'done',
      dateDone: START,
      execTime: 60,
      result: 'Reconciled: it happened',
      excName: null,
      excMessage: null,
      excInfo: null,
    })
  })

  it('wakes the children all of whose parents are done, and no others', async () => {
    const child = (id: number, ...parents: number[]): JobRow =>
      job(id, PUSH, {
        state: 'wait_dependencies',
        graphUuid: 'graph',
        dependencies: formatDependencies({
          dependsOn: parents.map((parent) => `uuid-${parent}`),
          reverseDependsOn: [],
        }),
      })
    const parent = (...children: number[]): Partial<JobRow> => ({
      graphUuid: 'graph',
      dependencies: formatDependencies({
        dependsOn: [],
        reverseDependsOn: children.map((each) => `uuid-${each}`),
      }),
    })
    await queue.add(
      failed(1, PUSH, START - MINUTE, parent(3, 4, 5)),
      failed(2, PUSH, START - MINUTE, parent(4, 5)),
      child(3, 1),
      child(4, 1, 2),
      child(5, 1, 2, 6),
      job(6, PUSH, parent(5)),
    )
    const both = [1, 2].map((id) => ({ id, result: 'Reconciled' }))
    expect(await settle(queue.engine, both, ['failed'], START)).toEqual([1, 2])
    const states = (await queue.jobs()).map(({ state }) => state)
    expect(states.slice(2, 5)).toEqual(['pending', 'pending', 'wait_dependencies'])
  })

  it('as failed frees the slot and says why', async () => {
    await queue.add(job(1, PUSH, { state: 'started', dateStarted: START - HOUR, workerPid: 9 }))
    const exception = { name: 'WorkerGone', message: 'nobody knows' }
    await setFailed(queue.engine, [1], exception, ['started'])
    expect(await queue.job(1)).toMatchObject({
      state: 'failed',
      excName: 'WorkerGone',
      excMessage: 'nobody knows',
      workerPid: 9,
    })
  })
})

describe('a quarantine', () => {
  const until = START + 30 * MINUTE
  const push = (memory: IncidentMemory) =>
    postpone(queue.engine, [PUSH, EVENT], CATALOGUE, memory, {
      now: START,
      dueBefore: START + 10 * MINUTE,
      until,
    })
  const etas = async () =>
    (await queue.jobs()).map(({ eta }) => (eta === null ? null : eta - START))

  it('is in UTC whatever the session says, and takes pending jobs of the flow only', async () => {
    await queue.add(
      job(1, PUSH),
      job(2, PUSH, { eta: START - MINUTE }),
      job(3, LEVEL),
      job(4, PUSH, { state: 'started' }),
    )
    const memory = memoryOf()
    expect(await push(memory)).toBe(2)
    expect(await etas()).toEqual([30 * MINUTE, 30 * MINUTE, null, null])
    expect(await countPostponed(queue.engine, [PUSH, LEVEL], memory)).toEqual([
      { fn: PUSH, jobs: 2 },
    ])
  })

  it('renews what comes due soon, and what is new, and nothing else', async () => {
    const memory = memoryOf()
    await queue.add(job(1, PUSH))
    await push(memory)
    await queue.add(job(2, PUSH))
    const later = START + 21 * MINUTE
    const renewed = await postpone(queue.engine, [PUSH], CATALOGUE, memory, {
      now: later,
      dueBefore: later + 10 * MINUTE,
      until: later + 30 * MINUTE,
    })
    expect(renewed).toBe(2)
    const soon = START + 22 * MINUTE
    const options = { now: soon, dueBefore: soon + 10 * MINUTE, until: soon + 30 * MINUTE }
    expect(await postpone(queue.engine, [PUSH], CATALOGUE, memory, options)).toBe(0)
  })

  it('gives a job back the eta that it had of its own', async () => {
    const memory = memoryOf()
    await queue.add(
      job(1, PUSH, { eta: START + 8 * MINUTE }),
      job(2, PUSH, { eta: START + 50 * MINUTE }),
      job(3, PUSH),
    )
    await push(memory)
    expect(await etas()).toEqual([30 * MINUTE, 50 * MINUTE, 30 * MINUTE])
    const options = { now: START + MINUTE, askFirst: [], held: [], limit: 200 }
    expect(await release(queue.engine, [PUSH], memory, options)).toEqual([1, 3])
    expect(await etas()).toEqual([8 * MINUTE, 50 * MINUTE, null])
  })

  it('does not push a keyed job that was tried beyond its retention', async () => {
    const tried = { retry: 1, result: 'will be retried', dateCreated: START - 95 * MINUTE }
    await queue.add(
      job(1, EVENT, tried),
      job(2, EVENT, { ...tried, dateCreated: START - 80 * MINUTE }),
      job(3, EVENT, { dateCreated: START - 95 * MINUTE }),
    )
    await push(memoryOf())
    expect(await etas()).toEqual([null, 30 * MINUTE, 30 * MINUTE])
  })

  it('is released in batches, oldest first, without what is to be asked about or held', async () => {
    const memory = memoryOf()
    const created = (minutes: number) => ({ dateCreated: START - minutes * MINUTE })
    await queue.add(
      job(1, PUSH, created(1)),
      job(2, PUSH, created(5)),
      job(3, PUSH, created(3)),
      job(4, PUSH, { ...created(9), retry: 1 }),
      job(5, PUSH, created(8)),
    )
    await push(memory)
    const options = { now: START, askFirst: [PUSH], held: [5], limit: 2 }
    expect(await release(queue.engine, [PUSH], memory, options)).toEqual([2, 3])
    expect(await release(queue.engine, [PUSH], memory, options)).toEqual([1])
    expect(await release(queue.engine, [PUSH], memory, options)).toEqual([])
  })
})

describe('failed jobs of the incident', () => {
  it('are those that ran and were created in it, and that nobody has dealt with', async () => {
    const memory = { ...memoryOf(), notOurs: [4], handledJobs: new Set([5]) }
    await queue.add(
      failed(1, PUSH, START - 5 * MINUTE),
      failed(2, PUSH, START - 10 * MINUTE),
      failed(3, PUSH, START - 3 * HOUR),
      failed(4, PUSH, START - MINUTE),
      failed(5, PUSH, START - MINUTE),
      // Failed years ago and brought back by a script today.
      failed(6, PUSH, START - MINUTE, { dateCreated: START - 900 * 24 * HOUR }),
      failed(7, LEVEL, START - MINUTE),
    )
    const found = await readFailed(queue.engine, [PUSH], memory, 10)
    expect(found.map(({ id }) => id)).toEqual([2, 1])
  })

  it('are ranked for the blockers by the same rule, with their signature', async () => {
    await queue.add(
      failed(1, PUSH, START - 900 * 24 * HOUR),
      failed(2, PUSH, START - MINUTE),
      job(3, EVENT, { retry: 2, result: 'Partner call failed: timed out after 30 s' }),
    )
    const { from, createdFrom } = memoryOf()
    const options = { from, createdFrom, notOurs: [], rows: 30, messageLength: 140 }
    expect(await readBlockers(queue.engine, options)).toEqual([
      {
        id: 2,
        fn: PUSH,
        channel: 'root',
        state: 'failed',
        signature: `${PUSH} | requests.exceptions.ReadTimeout | Read timed out. (read timeout=<n>)`,
      },
      {
        id: 3,
        fn: EVENT,
        channel: 'root',
        state: 'pending',
        signature: `${EVENT} | - | Partner call failed: timed out after <n> s`,
      },
    ])
  })

  it('that were there before are remembered by id', async () => {
    await queue.add(failed(1, PUSH, START - HOUR), failed(2, PUSH, START - 9 * HOUR))
    expect(await readRecentlyFailed(queue.engine, START - 2 * HOUR)).toEqual([1])
  })
})

describe('jobs that carry a value', () => {
  it('are replaced by a newer one of the same records, however these are written', async () => {
    const memory = memoryOf()
    memory.quarantineEtas.add(START + 30 * MINUTE)
    const waits = { eta: START + 30 * MINUTE }
    const created = (minutes: number) => ({ dateCreated: START - minutes * MINUTE })
    await queue.add(
      job(1, LEVEL, { records: records(7), ...created(9), ...waits }),
      failed(2, LEVEL, START - 8 * MINUTE, { records: records(7) }),
      job(3, LEVEL, {
        // 18.0 encodes twice; the context differs from job to job.
        records: JSON.stringify('{"_type": "odoo_recordset", "context": {}, "ids": [7]}'),
        state: 'done',
        ...created(1),
      }),
      job(4, LEVEL, { records: records(8), ...created(9), ...waits }),
      failed(5, LEVEL, START - 2 * MINUTE, { records: records(8) }),
      job(6, LEVEL, { records: records(9), ...created(9), ...waits }),
      job(7, LEVEL, { records: records(9), ...created(1), state: 'cancelled' }),
      // Healthy: not postponed by us.
      job(8, LEVEL, { records: records(7), ...created(5) }),
    )
    expect(await readReplaced(queue.engine, [LEVEL], memory)).toEqual([
      { id: 1, state: 'pending', newestId: 3, newestState: 'done' },
      { id: 2, state: 'failed', newestId: 3, newestState: 'done' },
      { id: 4, state: 'pending', newestId: 5, newestState: 'failed' },
    ])
  })
})

describe('what a check looks at', () => {
  it('counts by function, and the workers that are alive', async () => {
    await queue.add(
      job(1, PUSH),
      job(2, PUSH, { dateCreated: START - 10 * MINUTE }),
      job(3, PUSH, { eta: START + MINUTE, retry: 1 }),
      job(4, PUSH, { eta: START + MINUTE }),
      job(5, PUSH, { dateCreated: START - HOUR, eta: START - MINUTE }),
      job(6, LEVEL, { state: 'started', dateStarted: START - MINUTE, workerPid: 501 }),
      job(7, LEVEL, { state: 'enqueued', dateEnqueued: START - 1000 }),
      failed(8, LEVEL, START - MINUTE),
      failed(9, LEVEL, START - 6 * MINUTE),
      failed(10, LEVEL, START - 24 * HOUR),
      job(11, LEVEL, { state: 'done' }),
    )
    const facts = await observe(new Script().incident(queue.engine), {
      lastAt: START - 5 * MINUTE,
      recentFrom: START - 20 * MINUTE,
      createdFrom: START - HOUR,
      slaShare: 0.5,
      dealtWith: [9],
    })
    const none = { due: 0, late: 0, postponed: 0, retrying: 0, started: 0, enqueued: 0 }
    expect(facts.byFunction).toEqual([
      {
        ...none,
        fn: PUSH,
        due: 3,
        late: 1,
        postponed: 2,
        retrying: 1,
        failed: 0,
        failedSettled: 0,
        failedRecently: 0,
        failedStanding: 0,
      },
      {
        ...none,
        fn: LEVEL,
        started: 1,
        enqueued: 1,
        failed: 3,
        failedSettled: 2,
        failedRecently: 2,
        failedStanding: 1,
      },
    ])
    expect(facts.running.map(({ id, workerPid }) => [id, workerPid])).toEqual([
      [6, 501],
      [7, 0],
    ])
    expect(facts.running[0]!.startedAt).toBe(START - MINUTE)
    expect(facts.idMax).toBe(11)
  })

  it('reads what really ran of a flow, but not what it set done itself', async () => {
    const done = (id: number, seconds: number, changes: Partial<JobRow> = {}) =>
      job(id, PUSH, {
        state: 'done',
        dateStarted: START - seconds * 1000,
        dateDone: START - seconds * 1000 + 500,
        execTime: 0.5,
        ...changes,
      })
    await queue.add(
      done(1, 600),
      done(2, 200),
      failed(3, EVENT, START - 150_000),
      done(4, 100),
      done(5, 50, { result: 'Reconciled: the partner confirms' }),
      done(6, 40, { result: 'True' }),
      failed(7, LEVEL, START - 10_000),
    )
    const flows = [
      { name: 'shop', functions: [PUSH, EVENT] },
      { name: 'warehouse', functions: [LEVEL] },
    ]
    const pulses = await readPulses(queue.engine, flows, 0, START - 5 * MINUTE)
    expect(Object.fromEntries(pulses)).toEqual({
      shop: { done: 3, failed: 1, doneSinceFailure: 2, meanMs: 500 },
      warehouse: { done: 0, failed: 1, doneSinceFailure: 0, meanMs: null },
    })
  })

  it('tells how the canaries fared', async () => {
    await queue.add(
      job(1, PUSH, { state: 'done' }),
      failed(2, PUSH, START),
      job(3, PUSH),
      job(4, PUSH, { retry: 1 }),
    )
    expect(await readCanaries(queue.engine, [])).toBe(null)
    expect(await readCanaries(queue.engine, [1, 2, 3, 4])).toEqual({ done: 1, failed: 2, open: 1 })
  })
})
