import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { DrillError } from '../../src/foundation/errors.ts'
import { bundledSnapshots, openSnapshot } from '../../src/snapshot/open.ts'
import { editManifest, sha256, smallSnapshots } from './small-snapshot.ts'
import type { SnapshotCopies } from './small-snapshot.ts'

let snapshots: SnapshotCopies
beforeAll(async () => {
  snapshots = await smallSnapshots()
})
afterAll(() => snapshots[Symbol.asyncDispose]())

/** The refusal of a damaged copy: always an input error. */
async function refusal(damage: (directory: string) => Promise<void>): Promise<string> {
  const directory = await snapshots.copy()
  await damage(directory)
  const error = await openSnapshot(directory).catch((caught: unknown) => caught)
  expect(error).toBeInstanceOf(DrillError)
  expect((error as DrillError).code).toBe('input')
  return (error as DrillError).message
}

describe('opening', () => {
  test('a bundled snapshot opens by its name, a directory by its path', async () => {
    expect(await bundledSnapshots()).toEqual(['company-25k', 'company-60k'])
    const bundled = await openSnapshot('company-60k')
    expect(bundled.name).toBe('company-60k')
    expect(bundled.workload.jobsPerDay).toBe(60_000)
    expect(new Date(bundled.capturedAt).toISOString()).toBe('2026-11-17T10:00:00.000Z')
    expect(await openSnapshot(bundled.directory)).toEqual(bundled)
  })

  test('the hashes are those of the bytes on the disk', async () => {
    const snapshot = await openSnapshot(await snapshots.copy())
    const hashOf = async (name: string) => sha256(await readFile(join(snapshot.directory, name)))
    expect(snapshot.manifestSha256).toBe(await hashOf('manifest.json'))
    expect(snapshot.operationsSha256).toBe(await hashOf('operations.yaml'))
    expect(snapshot.manifest.workload.sha256).toBe(await hashOf('workload.json'))
  })

  test('people may edit the operations file: only its own hash changes', async () => {
    const directory = await snapshots.copy()
    const before = await openSnapshot(directory)
    await writeFile(before.operationsPath, 'functions: {}\n')
    const after = await openSnapshot(directory)
    expect(after.manifestSha256).toBe(before.manifestSha256)
    expect(after.operationsSha256).not.toBe(before.operationsSha256)
  })

  test('an unknown name is answered with the bundled ones', async () => {
    await expect(openSnapshot('company-90k')).rejects.toThrow(/company-25k, company-60k/)
  })

  test('a directory without a manifest is no snapshot', async () => {
    expect(await refusal((directory) => rm(join(directory, 'manifest.json')))).toMatch(
      /is no snapshot: it has no manifest\.json/,
    )
  })
})

describe('a manifest is refused', () => {
  test.each(['../queue_job.copy.gz', '/etc/passwd', 'sub/file.gz', '..', 'C:\\file.gz', ''])(
    'when a file name leaves the directory: %j',
    async (name) => {
      const message = await refusal((directory) =>
        editManifest(directory, ({ tables }) => {
          tables.queue_job.files[0]!.name = name
        }),
      )
      expect(message).toMatch(
        /manifest\.json: tables\.queue_job\.files\[0\]\.name: must be the plain/,
      )
    },
  )

  test('when the workload lies outside the directory', async () => {
    const message = await refusal((directory) =>
      editManifest(directory, ({ workload }) => {
        workload.name = '../workload.json'
      }),
    )
    expect(message).toMatch(/workload\.name: must be the plain name/)
  })

  test('when its format is unknown, before anything else is said of it', async () => {
    const message = await refusal((directory) =>
      writeFile(join(directory, 'manifest.json'), '{"format": "queue-drill-snapshot/9"}'),
    )
    expect(message).toMatch(/format is "queue-drill-snapshot\/9", this queue-drill reads/)
  })

  test('when it is not JSON', async () => {
    const message = await refusal((directory) => writeFile(join(directory, 'manifest.json'), '{'))
    expect(message).toMatch(/manifest\.json is not JSON/)
  })

  test('when it lists a column that Odoo 16.0 does not have', async () => {
    const message = await refusal((directory) =>
      editManifest(directory, ({ tables }) => {
        tables.queue_job.columns[3] = 'db_txid'
      }),
    )
    expect(message).toMatch(/tables\.queue_job\.columns: "db_txid" is not a column/)
  })

  test('when a column is missing that cannot be NULL', async () => {
    const message = await refusal((directory) =>
      editManifest(directory, ({ tables }) => {
        tables.queue_job.columns.splice(1, 1)
      }),
    )
    expect(message).toMatch(/"uuid" is missing/)
  })

  test('when the rows of its files are not those of the table', async () => {
    const message = await refusal((directory) =>
      editManifest(directory, ({ tables }) => {
        tables.queue_job.rows += 1
      }),
    )
    expect(message).toMatch(/tables\.queue_job\.rows is 1201, but its files hold 1200 rows/)
  })

  test('when it holds a key that is not of this format', async () => {
    const message = await refusal((directory) =>
      editManifest(directory, (manifest) => {
        Object.assign(manifest, { captured_by: 'somebody' })
      }),
    )
    expect(message).toMatch(/captured_by/)
  })
})

describe('the workload is refused', () => {
  test('when it was changed', async () => {
    const message = await refusal(async (directory) => {
      const path = join(directory, 'workload.json')
      await writeFile(path, (await readFile(path, 'utf8')).replace('25000', '26000'))
    })
    expect(message).toMatch(/workload\.json was changed or damaged/)
  })

  test.each([
    [
      'a week of 167 hours',
      (text: string) => text.replace(/"ratePerHour": \[ [\d.]+, /, '"ratePerHour": [ '),
      /functions\[0\]\.ratePerHour/,
    ],
    [
      'falling quantiles',
      (text: string) => text.replace(/"durationMs": \[ \d+/, '"durationMs": [ 999999'),
      /functions\[0\]\.durationMs: must not fall/,
    ],
    [
      'a CPU share above 1',
      (text: string) => text.replace(/"cpuShare": 0\.2/, '"cpuShare": 1.2'),
      /functions\[0\]\.cpuShare/,
    ],
  ])('for %s', async (_, change, expected) => {
    const message = await refusal(async (directory) => {
      const path = join(directory, 'workload.json')
      const before = await readFile(path, 'utf8')
      const after = change(before)
      expect(after).not.toBe(before)
      await writeFile(path, after)
      await editManifest(directory, ({ workload }) => {
        workload.sha256 = sha256(after)
      })
    })
    expect(message).toMatch(expected)
  })

  test('when it is missing', async () => {
    expect(await refusal((directory) => rm(join(directory, 'workload.json')))).toMatch(
      /workload\.json cannot be read \(ENOENT\)/,
    )
  })
})
