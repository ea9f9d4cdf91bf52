/** A load in several streams that dies in the middle, by its harness or by its server, leaves nothing, and runs again. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openServer } from '../../src/sandbox/server.ts'
import { loadSnapshot } from '../../src/snapshot/load.ts'
import { openSnapshot, type Snapshot } from '../../src/snapshot/open.ts'
import { rewriteTable } from '../snapshot/rewrite-table.ts'
import { smallSnapshots, type SnapshotCopies } from '../snapshot/small-snapshot.ts'
import { type Arm, armTitle, ARMS } from './server-arms.ts'

const LOADING = fileURLToPath(new URL('loading-process.ts', import.meta.url))
const ROWS = 12_000

let snapshots: SnapshotCopies
let snapshot: Snapshot
beforeAll(async () => {
  snapshots = await smallSnapshots(ROWS)
  const directory = await snapshots.copy()
  await rewriteTable(directory, 'queue_job', { parts: 12 })
  snapshot = await openSnapshot(directory)
})
afterAll(() => snapshots[Symbol.asyncDispose]())

/** Loads, and shows that all rows are there. */
async function loadsAgain(choice: string): Promise<void> {
  await using server = await openServer(choice)
  await using template = await server.template((client, connect) =>
    loadSnapshot(snapshot, client, { connect, unlogged: true }),
  )
  await using clone = await template.clone({ timeZone: 'UTC' })
  const { rows } = await clone.world.query('select count(*)::int4 as jobs from queue_job')
  expect(rows).toEqual([{ jobs: ROWS }])
}

for (const definition of ARMS.filter(({ name }) => !name.startsWith('url, createdb'))) {
  describe.skipIf(definition.missing !== null)(`loading: ${armTitle(definition)}`, () => {
    let arm: Arm
    beforeAll(async () => {
      arm = await definition.open()
    }, 120_000)
    afterAll(() => arm?.[Symbol.asyncDispose]())

    it('the harness is killed', async () => {
      const harness = spawn(
        process.execPath,
        ['--import', 'tsx', LOADING, arm.choice, snapshot.directory],
        { stdio: ['ignore', 'pipe', 'inherit'] },
      )
      const lines: string[] = []
      for await (const line of createInterface({ input: harness.stdout })) {
        lines.push(line)
        if (line === 'loading') break
      }
      harness.kill('SIGKILL')
      await once(harness, 'exit')
      expect(lines[1]).toBe('loading')
      await arm.untilSessionsGone()
      await loadsAgain(arm.choice)
      for (let tries = 0; tries < 300; tries++) {
        if ((await arm.leftOvers(lines[0]!)).length === 0) break
        await delay(50)
      }
      expect(await arm.leftOvers(lines[0]!)).toEqual([])
    })

    it('the server is killed', async () => {
      const server = await openServer(arm.choice)
      const killings: Promise<void>[] = []
      const load = server.template((client, connect) =>
        loadSnapshot(snapshot, client, {
          connect,
          unlogged: true,
          onProgress: () => {
            if (killings.length === 0) killings.push(arm.killServer(null))
          },
        }),
      )
      await expect(load).rejects.toMatchObject({ name: 'DrillError', code: 'harness' })
      expect(killings).toHaveLength(1)
      await killings[0]
      // A given server that went away is told by whoever clears up, unless the load has told it.
      const [closed] = await Promise.allSettled([server[Symbol.asyncDispose]()])
      const told = closed.status === 'rejected' ? (closed.reason as { code: string }).code : null
      expect([null, 'harness']).toContain(told)
      await loadsAgain(arm.choice)
      expect(await arm.leftOvers(null)).toEqual([])
    })
  })
}
