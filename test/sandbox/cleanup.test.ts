import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { setTimeout as delay } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { closeEverything, noteOpen } from '../../src/sandbox/cleanup.ts'
import { openServer } from '../../src/sandbox/server.ts'
import { directoriesOf } from './marks.ts'
import { armTitle, ARMS } from './server-arms.ts'

describe('closing everything', () => {
  it('closes open servers, each also when another fails', async () => {
    const closed: string[] = []
    const failing = noteOpen({
      closeNow: () => undefined,
      [Symbol.asyncDispose]: () => Promise.reject(new Error('stuck')),
    })
    noteOpen({
      closeNow: () => undefined,
      [Symbol.asyncDispose]: async () => void closed.push('first'),
    })
    const server = await openServer('embedded')
    expect(directoriesOf()).toHaveLength(1)
    await expect(closeEverything()).rejects.toMatchObject({
      errors: [expect.objectContaining({ message: 'stuck' })],
    })
    expect(closed).toEqual(['first'])
    expect(directoriesOf()).toEqual([])
    failing()
    await server[Symbol.asyncDispose]()
  })
})

for (const definition of ARMS) {
  describe.skipIf(definition.missing !== null)(`sandbox: ${armTitle(definition)}`, () => {
    it('closing the server while a template is being loaded leaves nothing', async () => {
      await using arm = await definition.open()
      const server = await openServer(arm.choice)
      let loading = () => undefined as void
      const started = new Promise<void>((resolve) => (loading = resolve))
      const template = server
        .template(async (client) => {
          loading()
          await client.query('select pg_sleep(60)')
        })
        .then(
          () => 'loaded',
          (error: unknown) => (error instanceof Error ? 'failed' : error),
        )
      await started
      await server[Symbol.asyncDispose]()
      expect(await template).toBe('failed')
      expect(await arm.leftOvers(null)).toEqual([])
    })
  })
}

for (const definition of ARMS.slice(0, 2)) {
  describe.skipIf(definition.missing !== null)(`sandbox: ${armTitle(definition)}`, () => {
    it('closing everything while a server starts leaves nothing', async () => {
      await using arm = await definition.open()
      const opening = openServer(arm.choice).then(
        (server) => server[Symbol.asyncDispose](),
        (error: unknown) => error,
      )
      for (let tries = 0; tries < 200 && (await arm.leftOvers(null)).length === 0; tries++) {
        await delay(10)
      }
      expect(await arm.leftOvers(null)).toHaveLength(1)
      await closeEverything()
      await opening
      expect(await arm.leftOvers(null)).toEqual([])
    })

    it('a process that exits without closing leaves nothing, by its exit handler', async () => {
      await using arm = await definition.open()
      const source = fileURLToPath(new URL('../../src/sandbox', import.meta.url))
      const program = `
        import { openServer } from '${source}/server.ts'
        import { closeEverythingNow } from '${source}/cleanup.ts'
        import { ownerMark } from '${source}/../foundation/owner.ts'
        process.on('exit', closeEverythingNow)
        await openServer('${arm.choice}')
        process.stdout.write(ownerMark())
        process.exit(0)`
      const result = spawnSync(
        process.execPath,
        ['--import', 'tsx', '--input-type=module', '-e', program],
        { encoding: 'utf8', cwd: fileURLToPath(new URL('../..', import.meta.url)) },
      )
      expect(result.stderr).toBe('')
      for (let tries = 0; tries < 100; tries++) {
        if ((await arm.leftOvers(result.stdout)).length === 0) break
        await delay(50)
      }
      expect(await arm.leftOvers(result.stdout)).toEqual([])
    })
  })
}
