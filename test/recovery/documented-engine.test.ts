/** The engine that docs/engines.md shows is one that works. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { startExternalEngine } from '../../src/recovery/external/external-engine.ts'
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
} from './queue-database.ts'

let server: QueueServer
let queue: Queue
let directory: string

beforeAll(async () => {
  server = await openQueueServer()
  queue = await server.queue('America/New_York')
  directory = await mkdtemp(join(tmpdir(), 'queue-drill-test-'))
})
afterAll(async () => {
  await rm(directory, { recursive: true, force: true })
  await queue[Symbol.asyncDispose]()
  await server[Symbol.asyncDispose]()
})

it('the example isolates a dead target, brings back what is safe, and closes', async () => {
  const text = await readFile(new URL('../../docs/engines.md', import.meta.url), 'utf8')
  const path = join(directory, 'my-engine.mjs')
  await writeFile(path, /```js\n([^]*?)```/.exec(text)![1]!)

  const script = new Script()
  const started = { state: 'started' as const, dateStarted: START - MINUTE, workerPid: 500 }
  await queue.add(
    ...[1, 2, 3].map((id) => job(id, 'sale.order.push', started)),
    job(4, 'sale.order.push'),
    job(5, 'stock.quant.level'),
    failed(6, 'sale.order.push', START - 5 * MINUTE),
    failed(7, 'sale.order.push', START - 90 * 24 * HOUR),
    failed(8, 'sale.order.event', START - 5 * MINUTE),
  )
  await using engine = await startExternalEngine(path, { databaseUri: queue.engineUri })
  const check = async () => {
    await queue.setNow(script.now)
    await engine.check(script.incident(queue.engine, CATALOGUE))
    script.now += 5 * MINUTE
  }

  await check()
  expect(script.acts).toEqual(['probe shop'])
  script.broken.add('shop')
  await check()
  expect(script.acts.slice(1, 4)).toEqual([
    'probe shop',
    'open pending-grows-started-flat',
    'baseline',
  ])
  expect(script.baselines).toEqual([
    { byState: { pending: 2, failed: 3, started: 3 }, pendingByChannel: { root: 2 } },
  ])
  expect((await queue.job(4)).eta).toBe(START + 35 * MINUTE)
  expect((await queue.job(5)).eta).toBe(null)

  script.broken.delete('shop')
  await check()
  expect(await queue.job(4)).toMatchObject({ state: 'pending', eta: null })
  // What failed in the incident and is documented safe; not the old one, not the keyed one.
  const states = await Promise.all([6, 7, 8].map(async (id) => (await queue.job(id)).state))
  expect(states).toEqual(['pending', 'failed', 'failed'])
  await check()
  await check()
  await check()
  expect(script.acts.at(-1)).toBe('close')
})
