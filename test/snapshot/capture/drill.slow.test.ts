/** From a database that no scenario was written for to the verdict of a drill. */
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { captureSnapshot } from '../../../src/snapshot/capture/capture.ts'
import { connectSource } from '../../../src/snapshot/capture/connect.ts'
import { Masker, NO_POLICY, randomKey } from '../../../src/snapshot/mask/masker.ts'
import { queueDrill } from '../../commands/process.ts'
import { fillBusyQueue, NOW, PUSH } from './busy-queue.ts'
import { openProduction } from './production.ts'

test('a captured and masked queue of another addon runs dead-webhook to a verdict, after two edited lines', async () => {
  await using production = await openProduction()
  const owner = await production.database('odoo')
  await fillBusyQueue(owner, { days: 2, pushes: 1300 })
  const client = await connectSource(production.url('odoo'))
  const directory = join(production.root, 'parcels')
  const { manifest } = await captureSnapshot({
    client,
    directory,
    overwrite: false,
    source: 'postgresql',
    capturedAt: NOW,
    masker: new Masker(randomKey(), NO_POLICY),
    limits: { doneDays: 1 },
  })
  await client.end()
  expect(manifest.masking).toBe('masked')
  const run = (...args: string[]) => queueDrill(args, { cwd: production.root })
  expect(await run('snapshot', 'verify', directory)).toMatchObject({ status: 0 })
  const path = join(directory, 'operations.yaml')
  const proposed = await readFile(path, 'utf8')
  const at = proposed.indexOf(`  ${PUSH}:`)
  const edited = proposed
    .slice(at)
    .replace(/role: \w+/, 'role: webhook')
    .replace(/effect: \w+/, 'effect: each')
  await writeFile(path, proposed.slice(0, at) + edited)
  const changed = proposed
    .split('\n')
    .filter((line, index) => line !== `${proposed.slice(0, at)}${edited}`.split('\n')[index])
  expect(changed).toHaveLength(2)
  const drill = await run(
    'run',
    'dead-webhook',
    '--snapshot',
    directory,
    '--postgres',
    'embedded',
    '--duration',
    '100m',
    '--out',
    'out',
  )
  expect(drill.stderr).toBe('')
  // Nobody knows whether a push may be repeated: whatever the engine makes of it, it is a verdict on a drill that was one.
  expect([0, 1, 4]).toContain(drill.status)
  expect(drill.stdout).toMatch(/ (PASS|FAIL|UNSAFE) +dead-webhook/)
  expect(drill.stdout).toContain('parcels')
}, 120_000)
