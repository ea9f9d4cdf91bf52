/** The generator: reproducible, careful with what is there, whole or nothing. */
import { execFile } from 'node:child_process'
import { mkdtemp, mkdir, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Manifest } from '../../src/snapshot/format.ts'
import { generateSnapshot } from '../../src/snapshot/generate/generate.ts'
import { openSnapshot } from '../../src/snapshot/open.ts'
import { COMPANIES } from './bundled.ts'

const GENERATE = fileURLToPath(new URL('../../dist/snapshot/generate/generate.js', import.meta.url))

let root: string
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'queue-drill-test-'))
})
afterAll(() => rm(root, { recursive: true, force: true }))

/** What must be equal on every machine: all but the bytes that zlib makes of the same text. */
function reproducible(manifest: Manifest): unknown {
  return JSON.parse(
    JSON.stringify(manifest, (key, value: unknown) =>
      key === 'bytes' || key === 'sha256' ? undefined : value,
    ),
  )
}

describe('generating', () => {
  test.each(COMPANIES)(
    '%s is made again byte for byte, in any time zone and locale',
    async (name) => {
      const directory = join(root, name)
      await promisify(execFile)(
        process.execPath,
        [
          '--input-type=module',
          '--eval',
          `import { generateSnapshot } from ${JSON.stringify(GENERATE)}
         await generateSnapshot({ company: '${name}', directory: ${JSON.stringify(directory)} })`,
        ],
        {
          env: {
            ...process.env,
            TZ: 'Pacific/Chatham',
            LANG: 'tr_TR.UTF-8',
            LC_ALL: 'tr_TR.UTF-8',
          },
        },
      )
      const made = await openSnapshot(directory)
      const snapshot = await openSnapshot(name)
      expect(reproducible(made.manifest)).toEqual(reproducible(snapshot.manifest))
      expect(made.manifest.workload.sha256).toBe(snapshot.manifest.workload.sha256)
      expect(made.operationsSha256).toBe(snapshot.operationsSha256)
    },
  )

  test('another seed makes another history and the same traffic', async () => {
    const make = (seed: string) =>
      generateSnapshot({ company: 'company-25k', seed, rows: 1000, directory: join(root, seed) })
    const [one, two] = [await make('one'), await make('two')]
    const contentOf = ({ tables }: Manifest) => tables.queue_job.files[0]!.content_sha256
    expect(contentOf(one)).not.toBe(contentOf(two))
    expect(one.workload).toEqual(two.workload)
  })

  test.each([
    ['an unknown company', { company: 'company-90k' }, /known are company-25k, company-60k/],
    ['too few rows', { rows: 10 }, /at least 1000/],
    ['a moment that is no full hour', { capturedAt: 1 }, /not a full hour/],
    ['no jobs at all', { jobsPerDay: 0 }, /above 0/],
  ])('%s is refused, and nothing is written', async (_, wrong, expected) => {
    const directory = join(root, 'refused')
    await expect(generateSnapshot({ company: 'company-25k', directory, ...wrong })).rejects.toThrow(
      expected,
    )
    expect(await readdir(root)).not.toContain('refused')
  })

  test('a foreign directory is never touched, a snapshot only when told so', async () => {
    const foreign = join(root, 'foreign')
    await mkdir(foreign)
    await writeFile(join(foreign, 'thesis.txt'), 'mine')
    const options = { company: 'company-25k', rows: 1000, overwrite: true }
    await expect(generateSnapshot({ ...options, directory: foreign })).rejects.toThrow(
      /neither empty nor a snapshot \(it holds thesis\.txt\)/,
    )
    expect(await readdir(foreign)).toEqual(['thesis.txt'])
    const own = join(root, 'own')
    await generateSnapshot({ ...options, directory: own })
    await expect(
      generateSnapshot({ ...options, overwrite: false, directory: own }),
    ).rejects.toThrow(/--force/)
    await generateSnapshot({ ...options, rows: 1100, directory: own })
    expect((await openSnapshot(own)).manifest.tables.queue_job.rows).toBe(1100)
  })

  test('an interrupted run leaves the old snapshot and nothing beside it', async () => {
    const directory = join(root, 'interrupted')
    await generateSnapshot({ company: 'company-25k', rows: 1000, directory })
    const before = await openSnapshot(directory)
    const controller = new AbortController()
    const interrupted = generateSnapshot({
      company: 'company-60k',
      rows: 5000,
      directory,
      overwrite: true,
      signal: controller.signal,
      onProgress: () => controller.abort(new Error('enough')),
    })
    await expect(interrupted).rejects.toThrow('enough')
    expect(await openSnapshot(directory)).toEqual(before)
    expect((await readdir(root)).filter((name) => name.includes('incomplete'))).toEqual([])
  })
})
