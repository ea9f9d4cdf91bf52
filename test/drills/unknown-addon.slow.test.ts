/**
 * The traffic of an addon that no scenario and no rule was made for: mapped, two lines edited by hand, and
 * `dead-webhook` decides on it.
 */
import { createHash } from 'node:crypto'
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Manifest } from '../../src/snapshot/format.ts'
import type { Workload } from '../../src/queue-job/workload.ts'
import { queueDrill } from '../commands/process.ts'

const BUNDLED = fileURLToPath(new URL('../../snapshots/company-60k', import.meta.url))

let root: string
const place = (name: string) => join(root, 'queue', name)
const run = (...args: string[]) => queueDrill(args, { cwd: root })

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'queue-drill-test-'))
  await cp(BUNDLED, join(root, 'queue'), { recursive: true })
  await rm(place('operations.yaml'))
  // Names and channels tell nothing any more; times, errors and rates stay.
  const workload = JSON.parse(await readFile(place('workload.json'), 'utf8')) as Workload
  const functions = workload.functions.map((fn, index) => ({
    ...fn,
    name: `acme.gate.wobble_${index + 1}`,
    channel: fn.channel === 'root.webhook_sync' ? 'root.gate' : 'root.acme',
  }))
  const text = JSON.stringify({ ...workload, functions })
  await writeFile(place('workload.json'), text)
  const manifest = JSON.parse(await readFile(place('manifest.json'), 'utf8')) as Manifest
  const sha256 = createHash('sha256').update(text).digest('hex')
  await writeFile(
    place('manifest.json'),
    JSON.stringify({ ...manifest, workload: { ...manifest.workload, sha256 } }),
  )
})
afterAll(() => rm(root, { recursive: true, force: true }))

test('two edited lines let dead-webhook decide on a queue of unknown functions', async () => {
  const mapped = await run('snapshot', 'map', './queue', '--json')
  expect(mapped).toMatchObject({ status: 0, stderr: '' })
  const { added, unmapped } = JSON.parse(mapped.stdout) as Record<string, string[]>
  expect(unmapped).toEqual([...added!].sort())
  const proposed = await readFile(place('operations.yaml'), 'utf8')
  const edited = proposed.replace(
    'role: unmapped\n    effect: once',
    'role: webhook\n    effect: each',
  )
  expect(edited).not.toBe(proposed)
  await writeFile(place('operations.yaml'), edited)
  const drill =
    'run dead-webhook --snapshot ./queue --engine noop --postgres embedded --reporter json'
  const { stdout, stderr } = await run(...drill.split(' '))
  expect(stderr).toBe('')
  const { drills } = JSON.parse(stdout) as { drills: { verdict: string; touched: number }[] }
  expect(drills).toMatchObject([{ verdict: 'fail' }])
  expect(drills[0]!.touched).toBeGreaterThan(1000)
}, 120_000)
