/** Modules of users in a process of their own: the contract reaches them, and no end of theirs is the harness's. */
import { copyFile, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { DrilledEngine } from '../../src/recovery/drilled-engine.ts'
import { startExternalEngine } from '../../src/recovery/external/external-engine.ts'
import {
  job,
  openQueueServer,
  type Queue,
  type QueueServer,
  Script,
  START,
} from './queue-database.ts'

const MODULES = fileURLToPath(new URL('./modules/', import.meta.url))

let server: QueueServer
let queue: Queue
let links: string

beforeAll(async () => {
  server = await openQueueServer()
  queue = await server.queue('America/New_York')
  await queue.add(job(1, 'sale.order.push'))
  links = await mkdtemp(join(tmpdir(), 'queue-drill-test-'))
})
afterAll(async () => {
  await rm(links, { recursive: true, force: true })
  await queue[Symbol.asyncDispose]()
  await server[Symbol.asyncDispose]()
})

const start = (module: string): Promise<DrilledEngine> =>
  startExternalEngine(join(MODULES, module), { databaseUri: queue.engineUri })

/** The module `moods.mjs` under the name of a mood. */
async function startMood(
  mood: string,
  limits: { readonly timeoutMs?: number; readonly memoryMaxMb?: number } = {},
): Promise<DrilledEngine> {
  const path = join(links, `${mood}.mjs`)
  await copyFile(join(MODULES, 'moods.mjs'), path)
  return startExternalEngine(path, { databaseUri: queue.engineUri, ...limits })
}

/** All that it printed: it is complete when the process is gone. */
async function outputOf(engine: DrilledEngine): Promise<string> {
  await engine[Symbol.asyncDispose]()
  return printed(engine)
}

function printed(engine: DrilledEngine): string {
  return engine.output!.lines.map(({ text }) => text).join('\n')
}

describe('a module', () => {
  it('is given the whole contract, its own connection and UTC dates', async () => {
    await using engine = await start('operator.mjs')
    expect(engine.name).toBe('operator')
    const script = new Script()
    script.automations = [{ name: 'again', description: 'd', everyMs: 1, paused: false }]
    await engine.check(script.incident(queue.engine))
    const now = new Date(START).toISOString()
    expect(JSON.parse(await outputOf(engine))).toEqual({
      now,
      oldest: new Date(START - 60_000 + 1).toISOString(),
      given: now,
      functions: 6,
      doctor: true,
      probe: { integration: 'shop', healthy: true, answer: 'ok', latencyMs: 100 },
      lookup: 'unknown',
      workers: 14,
      retry: { requeued: [], refused: [] },
      automations: [{ name: 'again', description: 'd', everyMs: 1, paused: true }],
    })
    expect(script.acts).toEqual([
      'open business-lag',
      'baseline',
      'pause again',
      'scale 2',
      'probe shop',
      'lookup 1',
      'resume again',
      'close',
      'hand-over',
    ])
  })

  it('is told what is wrong with a call, and goes on', async () => {
    await using engine = await start('clumsy.mjs')
    const script = new Script()
    await engine.check(script.incident(queue.engine))
    expect((await outputOf(engine)).trim().split('\n')).toEqual([
      expect.stringContaining('open: signals: Invalid input: expected array, received string'),
      expect.stringContaining('open: signals.0: Invalid option: expected one of "pending-grows'),
      'operations.workers.scale: by: Invalid input: expected number, received string',
      expect.stringMatching(/^operations.queue.retry: olderThanMs: .*; limit: /),
      'operations.target.lookup: job: Invalid input: expected number, received string',
      'notes.decision: why: Invalid input: expected string, received undefined',
      'notes.baseline: byState.done: Invalid input: expected number, received string',
      'notes.trackedFix: subject: expected one of signature, jobFunction, channel and jobs',
      expect.stringContaining('could not be cloned'),
    ])
    expect(script.acts).toEqual([])
  })

  it('sees nothing of the drill in arguments, environment or time zone', async () => {
    process.env['QUEUE_DRILL_SCENARIO'] = 'dead-webhook'
    try {
      await using engine = await start('where-am-i.mjs')
      await engine.check(new Script().incident(queue.engine))
      const seen = JSON.parse(await outputOf(engine)) as Record<string, unknown>
      expect(seen).toMatchObject({ parameters: [], zone: 0 })
      expect(seen['environment']).not.toContain('QUEUE_DRILL_SCENARIO')
      expect(JSON.stringify(seen)).not.toContain('webhook')
    } finally {
      delete process.env['QUEUE_DRILL_SCENARIO']
    }
  })

  it.each([
    ['no-engine.mjs', 'it exports no engine'],
    ['not-there.mjs', 'there is no such file'],
  ])('%s is an input error', async (module, words) => {
    await expect(start(module)).rejects.toMatchObject({
      code: 'input',
      message: expect.stringContaining(words),
    })
  })
})

describe('a module that fails', () => {
  it.each([
    ['throws', 'engine-threw', 'cannot read the room'],
    ['rejects', 'engine-threw', 'a text'],
    ['throws-on-load', 'engine-threw', 'no mood for this'],
    ['exits', 'engine-exited', 'its process exited with status 3'],
    ['exits-on-load', 'engine-exited', 'its process exited with status 7'],
    ['forgets-a-promise', 'engine-exited', 'its process exited with status 1'],
    ['hangs', 'engine-timed-out', 'it took longer than 1 s for one check'],
    ['spins', 'engine-timed-out', 'it took longer than 1 s for one check'],
  ])('and %s ends as %s', async (mood, code, message) => {
    await using engine = await startMood(mood, { timeoutMs: 1000 })
    const check = () => engine.check(new Script().incident(queue.engine))
    await expect(check()).rejects.toMatchObject({ name: 'EngineFailure', code, message })
    // It has no second chance.
    await expect(check()).rejects.toMatchObject({ code, message })
  })

  it.each(['fills-the-heap', 'fills-buffers'])('and %s runs out of memory', async (mood) => {
    await using engine = await startMood(mood, { memoryMaxMb: 256 })
    await expect(engine.check(new Script().incident(queue.engine))).rejects.toMatchObject({
      code: 'engine-exited',
      message: 'its process ran out of memory',
    })
  })
})

describe('disposing', () => {
  it.each([
    ['ends what the module started', 'starts-a-child'],
    ['ends what the module started in a session of its own and let go of', 'leaves-a-child'],
  ])('%s', async (_, mood) => {
    const engine = await startMood(mood)
    await engine.check(new Script().incident(queue.engine))
    await until(() => printed(engine).includes('child '))
    const pid = Number(/child (\d+)/.exec(printed(engine))![1])
    expect(isAlive(pid)).toBe(true)
    await engine[Symbol.asyncDispose]()
    await until(() => !isAlive(pid))
  })

  it('ends an endless loop', async () => {
    const engine = await startMood('spins')
    const ended = engine.check(new Script().incident(queue.engine)).catch((error: unknown) => error)
    await engine[Symbol.asyncDispose]()
    expect(await ended).toMatchObject({ code: 'engine-exited' })
  })
})

it('keeps the beginning of what a module prints', async () => {
  await using engine = await startMood('talks')
  await engine.check(new Script().incident(queue.engine))
  const output = await outputOf(engine)
  expect(engine.output!.cut).toBe(true)
  expect(output.length).toBeLessThanOrEqual(256 * 1024)
  expect(output.startsWith('0 ...')).toBe(true)
})

it('gives a module whose transaction was ended a new connection', async () => {
  await using engine = await startMood('forgets-to-commit')
  for (let check = 1; check <= 2; check++) {
    await engine.check(new Script().incident(queue.engine))
    expect(await queue.endOpenTransactions()).toBe(1)
  }
  expect((await outputOf(engine)).trim().split('\n')).toEqual(['now true', 'now true'])
})

it('refuses a call that comes after its check', async () => {
  await using engine = await startMood('calls-late')
  const script = new Script()
  await engine.check(script.incident(queue.engine))
  await new Promise((resolve) => setTimeout(resolve, 200))
  await engine.check(script.incident(queue.engine))
  expect(script.decisions).toEqual([])
})

async function until(holds: () => boolean): Promise<void> {
  for (let turn = 0; turn < 200 && !holds(); turn++) {
    await new Promise((resolve) => setTimeout(resolve, 25))
  }
  expect(holds()).toBe(true)
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
