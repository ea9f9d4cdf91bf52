import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { random } from '../../src/foundation/random.ts'
import { createTables } from '../../src/queue-job/ddl.ts'
import { placesForDirectories } from '../../src/sandbox/embedded/directory.ts'
import { isRunning } from '../../src/foundation/owner.ts'
import { openServer } from '../../src/sandbox/server.ts'
import { killMoments } from './kill-moments.ts'
import { directoriesOf } from './marks.ts'
import { type Arm, armTitle, ARMS } from './server-arms.ts'

const HARNESS = fileURLToPath(new URL('harness-process.ts', import.meta.url))

/** Starts a harness and kills it outright so many ms after it has said `stage`; its mark. */
async function killedAt(choice: string, stage: string, afterMs: number): Promise<string> {
  const harness = startHarness(choice)
  let mark: string | null = null
  for await (const line of createInterface({ input: harness.stdout! })) {
    mark ??= line
    if (line === stage || (stage === 'start' && line === mark)) break
  }
  await delay(afterMs)
  harness.kill('SIGKILL')
  await once(harness, 'exit')
  expect(mark).not.toBeNull()
  return mark!
}

function startHarness(choice: string): ChildProcess {
  return spawn(process.execPath, ['--import', 'tsx', HARNESS, choice], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
}

/** A watchdog may be at it at this moment. */
async function eventually(count: () => number | Promise<number>): Promise<void> {
  for (let tries = 0; tries < 300 && (await count()) > 0; tries++) await delay(50)
}

const STAGES = ['start', 'open', 'loading', 'template', 'writing'] as const

/** One moment after each stage, then over again. Of `start` none is early: loading the program takes longer. */
const MOMENTS = Array.from({ length: killMoments() }, (_, index) => {
  const stage = STAGES[index % STAGES.length]!
  const afterMs = random('server-killed', index).int(0, index < STAGES.length ? 40 : 400)
  return [stage, stage === 'start' ? 250 + 2 * afterMs : afterMs] as const
})

for (const definition of ARMS.filter(({ name }) => name !== 'url, superuser')) {
  describe.skipIf(definition.missing !== null)(`sandbox: ${armTitle(definition)}`, () => {
    let arm: Arm
    beforeAll(async () => {
      arm = await definition.open()
    }, 120_000)
    afterAll(() => arm?.[Symbol.asyncDispose]())

    // Version 15 differs in who may drop a role: one moment shows it.
    const moments = definition.name.endsWith('15') ? MOMENTS.slice(-1) : MOMENTS
    it.each(moments)(
      'what a harness killed at "%s" (%i ms later) left is cleared by the next start',
      async (stage, afterMs) => {
        const mark = await killedAt(arm.choice, stage, afterMs)
        // Else this test would prove nothing. The watchdog of an embedded server needs no next start.
        const provable = arm.choice !== 'embedded' && (stage === 'template' || stage === 'writing')
        const left = await arm.leftOvers(mark)
        expect(provable && left.length === 0, 'nothing was left to be cleared').toBe(false)
        await arm.untilSessionsGone()
        await (await openServer(arm.choice))[Symbol.asyncDispose]()
        await eventually(async () => (await arm.leftOvers(mark)).length)
        expect(await arm.leftOvers(mark)).toEqual([])
      },
      120_000,
    )
  })
}

describe('embedded', () => {
  const serverOf = (mark: string) => {
    const [name] = directoriesOf(mark)
    const directory = placesForDirectories()
      .map((place) => join(place, name!))
      .find((path) => existsSync(path))!
    const lines = readFileSync(join(directory, 'data/postmaster.pid'), 'utf8').split('\n')
    return { pid: Number(lines[0]), segment: lines[6]!.trim().split(/\s+/)[1]! }
  }
  const segments = () =>
    readFileSync('/proc/sysvipc/shm', 'utf8')
      .split('\n')
      .map((line) => line.trim().split(/\s+/)[1])

  it('a killed harness takes its server with it, without a next start', async () => {
    const mark = await killedAt('embedded', 'writing', 0)
    await eventually(() => directoriesOf(mark).length)
    expect(directoriesOf(mark)).toEqual([])
  })

  it.runIf(process.platform === 'linux')(
    'a server whose watchdog was killed too is ended by the next start, with its shared memory',
    async () => {
      const harness = startHarness('embedded')
      let mark: string | null = null
      for await (const line of createInterface({ input: harness.stdout! })) {
        mark ??= line
        if (line === 'clone') break
      }
      const { pid, segment } = serverOf(mark!)
      const session = Number(
        readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ')[3],
      )
      // The script first, then its watcher; the server is in the same process group and is spared.
      for (const each of childrenOf(session).filter((child) => child !== pid)) {
        process.kill(each, 'SIGKILL')
      }
      process.kill(session, 'SIGKILL')
      harness.kill('SIGKILL')
      await once(harness, 'exit')
      expect(isRunning(pid)).toBe(true)
      expect(segments()).toContain(segment)
      {
        await using server = await openServer('embedded')
        expect(server.kind).toBe('embedded')
      }
      expect(directoriesOf(mark!)).toEqual([])
      expect(isRunning(pid)).toBe(false)
      expect(segments()).not.toContain(segment)
    },
  )

  it('a harness that is alive keeps its server when another starts', async () => {
    const harness = startHarness('embedded')
    let mark: string | null = null
    for await (const line of createInterface({ input: harness.stdout! })) {
      mark ??= line
      if (line === 'clone') break
    }
    {
      await using server = await openServer('embedded')
      expect(server.kind).toBe('embedded')
    }
    expect(directoriesOf(mark!)).toHaveLength(1)
    harness.kill('SIGKILL')
    await once(harness, 'exit')
    await eventually(() => directoriesOf(mark!).length)
    expect(directoriesOf(mark!)).toEqual([])
  })
})

/** Process ids whose parent is the given one (Linux). */
function childrenOf(pid: number): number[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
    .trim()
    .split(/\s+/)
    .filter((text) => text !== '')
    .map(Number)
}

for (const definition of ARMS) {
  describe.skipIf(definition.missing !== null)(`${armTitle(definition)}, server dies`, () => {
    it('a server that is killed in mid-drill is one clear error, and disposing still works', async () => {
      const arm = await definition.open()
      try {
        const server = await openServer(arm.choice)
        const template = await server.template(async (client) => {
          await client.query(createTables())
        })
        const clone = await template.clone({ timeZone: 'UTC' })
        const idle = await template.clone({ timeZone: 'UTC' })
        await arm.killServer(null)
        const failure = clone.world.query('select pg_sleep(60)')
        await expect(failure).rejects.toMatchObject({
          code: 'harness',
          message: expect.stringMatching(/PostgreSQL.*while it was in use/) as string,
        })
        await expect(template.clone({ timeZone: 'UTC' })).rejects.toMatchObject({ code: 'harness' })
        await clone[Symbol.asyncDispose]()
        await idle[Symbol.asyncDispose]()
        await template[Symbol.asyncDispose]()
        await server[Symbol.asyncDispose]()
        if (server.kind === 'url') await (await openServer(arm.choice))[Symbol.asyncDispose]()
        expect(await arm.leftOvers(null)).toEqual([])
      } finally {
        await arm[Symbol.asyncDispose]()
      }
    }, 120_000)
  })
}
