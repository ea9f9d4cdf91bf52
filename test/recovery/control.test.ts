import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createNoopEngine } from '../../src/recovery/control/noop.ts'
import { createRetryAllEngine } from '../../src/recovery/control/retry-all.ts'
import { openEngineDirectory } from '../../src/sandbox/engine-directory.ts'
import { checkEngine, openEngine } from '../../src/recovery/engines.ts'
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
} from './queue-database.ts'

let server: QueueServer
let queue: Queue

beforeAll(async () => void (server = await openQueueServer()))
afterAll(() => server[Symbol.asyncDispose]())
beforeEach(async () => void (queue = await server.queue()))
afterEach(() => queue[Symbol.asyncDispose]())

const PUSH = 'sale.order.push'

describe('retry-all', () => {
  it('opens when something is failed or stuck, and sets all of it back at once', async () => {
    await queue.add(
      failed(1, PUSH, START - 900 * 24 * HOUR, { eta: START + HOUR }),
      failed(2, 'payment.capture', START - MINUTE),
      job(3, PUSH, { state: 'started', dateStarted: START - 6 * MINUTE, workerPid: 500 }),
      job(4, PUSH, { state: 'started', dateStarted: START - 4 * MINUTE, workerPid: 501 }),
      job(5, PUSH, { state: 'enqueued', dateEnqueued: START - 6 * MINUTE }),
      job(6, PUSH, { state: 'done' }),
    )
    const script = new Script()
    await createRetryAllEngine().check(script.incident(queue.engine))
    expect(script.acts).toEqual(['open business-lag'])
    const rows = await queue.jobs()
    expect(rows.map(({ state }) => state)).toEqual([
      'pending',
      'pending',
      'pending',
      'started',
      'pending',
      'done',
    ])
    expect(rows.map(({ eta }) => eta).filter((eta) => eta !== null)).toEqual([])
  })

  it('leaves a queue alone in which nothing failed and nothing is stuck', async () => {
    await queue.add(job(1, PUSH))
    const script = new Script()
    await createRetryAllEngine().check(script.incident(queue.engine))
    expect(script.acts).toEqual([])
  })
})

it('noop does nothing', async () => {
  await queue.add(failed(1, PUSH, START - MINUTE))
  const script = new Script()
  await createNoopEngine().check(script.incident(queue.engine))
  expect(script.acts).toEqual([])
  expect((await queue.job(1)).state).toBe('failed')
})

describe('engines by name', () => {
  it.each(['runbook', 'noop', 'retry-all'])('%s is built in', async (name) => {
    await checkEngine(name)
    await using engine = await openEngine(name, {
      databaseUri: queue.engineUri,
      databaseBusy: () => false,
      directory: openEngineDirectory,
    })
    expect([engine.name, engine.output]).toEqual([name, null])
  })

  it('an unknown name is an input error that suggests the nearest', async () => {
    await expect(checkEngine('runbok')).rejects.toMatchObject({
      code: 'input',
      message: expect.stringContaining('did you mean "runbook"'),
    })
  })

  it('a module that is not there is an input error', async () => {
    await expect(checkEngine('./no-such.mjs')).rejects.toMatchObject({
      code: 'input',
      message: 'engine ./no-such.mjs: there is no such file',
    })
  })
})
