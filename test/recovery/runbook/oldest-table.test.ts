/** The engine's statements on the table of 13.0, which lacks graphs, cancelling, run times and the parts of a failure. */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { readBlockers } from '../../../src/recovery/runbook/blockers/observe.ts'
import { readPulses } from '../../../src/recovery/runbook/isolate/pulse.ts'
import type { IncidentMemory } from '../../../src/recovery/runbook/memory.ts'
import { readReplaced } from '../../../src/recovery/runbook/retry/observe.ts'
import { requeue, requeueEverything } from '../../../src/recovery/sql/requeue.ts'
import { setFailed, settle } from '../../../src/recovery/sql/settle.ts'
import {
  failed,
  HOUR,
  job,
  MINUTE,
  openQueueServer,
  type Queue,
  type QueueServer,
  START,
} from '../queue-database.ts'

let server: QueueServer
let queue: Queue

beforeAll(async () => {
  server = await openQueueServer('13.0')
  queue = await server.queue()
})
afterAll(async () => {
  await queue[Symbol.asyncDispose]()
  await server[Symbol.asyncDispose]()
})

const PUSH = 'sale.order.push'
const LEVEL = 'stock.quant.level'
const records = (id: number) =>
  `{"_type": "odoo_recordset", "model": "stock.quant", "ids": [${id}]}`

it('blockers are read from the traceback', async () => {
  const excInfo =
    'Traceback (most recent call last):\n  File "x.py", line 1, in push\n    call()\nrequests.exceptions.ReadTimeout: Read timed out.'
  await queue.add(failed(1, PUSH, START - MINUTE, { excInfo }))
  const [blocker] = await readBlockers(queue.engine, {
    from: START - HOUR,
    createdFrom: START - HOUR,
    notOurs: [],
    rows: 10,
    messageLength: 200,
  })
  expect(blocker).toMatchObject({
    id: 1,
    signature: `${PUSH} | requests.exceptions.ReadTimeout | Read timed out.`,
  })
})

it('a requeue and a retry of everything write the columns that are there', async () => {
  expect(await requeue(queue.engine, [1], ['failed'], START)).toBe(1)
  expect(await queue.job(1)).toMatchObject({ state: 'pending', retry: 0, dateStarted: null })
  await queue.add(failed(2, PUSH, START - MINUTE))
  expect(await requeueEverything(queue.engine, START)).toBe(1)
  expect(await queue.job(2)).toMatchObject({ state: 'pending', workerPid: 0 })
})

it('what is set done or failed says why in the columns that are there', async () => {
  const stuck = { state: 'started', dateStarted: START - MINUTE } as const
  await queue.add(job(3, PUSH, stuck), job(4, PUSH, stuck))
  expect(
    await settle(queue.engine, [{ id: 3, result: 'had happened' }], ['started'], START),
  ).toEqual([3])
  expect(await setFailed(queue.engine, [4], { name: 'Gone', message: 'who' }, ['started'])).toBe(1)
  expect(await queue.job(3)).toMatchObject({ state: 'done', result: 'had happened' })
  expect(await queue.job(4)).toMatchObject({ state: 'failed', excInfo: 'Gone: who' })
})

it('a newer job of the same record replaces an older one, found by record_ids', async () => {
  await queue.add(
    failed(11, LEVEL, START - 2 * MINUTE, { records: records(5) }),
    job(12, LEVEL, { records: records(5), dateCreated: START - MINUTE }),
    failed(13, LEVEL, START - 2 * MINUTE, { records: records(6) }),
  )
  const stored = await queue.engine.query('select record_ids from queue_job where id = 11')
  expect(stored.rows).toEqual([{ record_ids: '[5]' }])
  const memory: Partial<IncidentMemory> = {
    from: START - HOUR,
    createdFrom: START - HOUR,
    idFloor: 0,
    quarantineEtas: new Set<number>(),
  }
  const found = await readReplaced(queue.engine, [LEVEL], memory as IncidentMemory)
  expect(found).toEqual([{ id: 11, state: 'failed', newestId: 12, newestState: 'pending' }])
})

it('the mean run time of a flow comes from its dates', async () => {
  const times = { dateStarted: START - 10_000, dateDone: START - 8_000 }
  await queue.add(job(21, 'sale.order.event', { state: 'done', ...times }))
  const flows = [{ name: 'shop', functions: ['sale.order.event'] }]
  const pulses = await readPulses(queue.engine, flows, 20, START - HOUR)
  expect(pulses.get('shop')).toMatchObject({ done: 1, meanMs: 2000 })
})
