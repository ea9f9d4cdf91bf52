import { readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { DrillError } from '../../src/foundation/errors.ts'
import type { JobRow } from '../../src/queue-job/job.ts'
import { openSnapshot } from '../../src/snapshot/open.ts'
import { readJobs, readTable } from '../../src/snapshot/rows.ts'
import { editJobs, editManifest, JOBS_FILE, promiseRows, smallSnapshots } from './small-snapshot.ts'
import type { SnapshotCopies } from './small-snapshot.ts'

let snapshots: SnapshotCopies
beforeAll(async () => {
  snapshots = await smallSnapshots()
})
afterAll(() => snapshots[Symbol.asyncDispose]())

async function jobsOf(directory: string): Promise<JobRow[]> {
  const jobs: JobRow[] = []
  for await (const job of readJobs(await openSnapshot(directory))) jobs.push(job)
  return jobs
}

async function refusal(damage: (directory: string) => Promise<void>): Promise<string> {
  const directory = await snapshots.copy()
  await damage(directory)
  const error = await jobsOf(directory).catch((caught: unknown) => caught)
  expect(error).toBeInstanceOf(DrillError)
  expect((error as DrillError).code).toBe('input')
  return (error as DrillError).message
}

describe('reading the jobs', () => {
  test('all rows come in the order of their ids, with times in ms and microseconds cut', async () => {
    const directory = await snapshots.copy()
    await editJobs(directory, (content) => {
      const [first, ...rest] = content.split('\n')
      const fields = first!.split('\t')
      fields[18] = '2026-02-28 23:59:59.98765'
      fields[19] = '2026-03-01 00:00:00'
      fields[20] = '2026-03-01 00:00:00.000999'
      return [fields.join('\t'), ...rest].join('\n')
    })
    const jobs = await jobsOf(directory)
    expect(jobs).toHaveLength(1200)
    expect(jobs.map(({ id }) => id)).toEqual(jobs.map(({ id }) => id).sort((a, b) => a - b))
    expect(jobs[0]).toMatchObject({
      dateCreated: Date.UTC(2026, 1, 28, 23, 59, 59, 987),
      dateEnqueued: Date.UTC(2026, 2, 1),
      dateStarted: Date.UTC(2026, 2, 1),
    })
  })

  test('a column that the snapshot lacks reads as NULL, counters as 0', async () => {
    const directory = await snapshots.copy()
    const [job] = await jobsOf(directory)
    await editJobs(directory, (content) =>
      content.replaceAll(/^((?:[^\t\n]*\t){31}[^\t\n]*)\t[^\t\n]*\t[^\t\n]*$/gm, '$1'),
    )
    await editManifest(directory, ({ tables }) => {
      tables.queue_job.columns.splice(32)
    })
    const [shortened] = await jobsOf(directory)
    expect(shortened).toEqual({ ...job, workerPid: 0 })
  })

  test('the small tables come as text by column', async () => {
    const snapshot = await openSnapshot(await snapshots.copy())
    const channels = []
    for await (const channel of readTable(snapshot, 'queue_job_channel')) channels.push(channel)
    expect(channels[1]).toMatchObject({
      complete_name: 'root.webhook_sync',
      parent_id: '1',
      removal_interval: '60',
    })
  })

  test('leaving the loop early closes the file without an error', async () => {
    const directory = await snapshots.copy()
    for await (const job of readJobs(await openSnapshot(directory))) {
      expect(job.id).toBeGreaterThan(0)
      break
    }
    await rm(directory, { recursive: true })
  })
})

describe('damage is an input error that names the file', () => {
  test('a file that is cut off anywhere', async () => {
    const whole = (await readFile(join(await snapshots.copy(), JOBS_FILE))).length
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: whole - 1 }), async (bytes) => {
        const message = await refusal((directory) => truncate(join(directory, JOBS_FILE), bytes))
        expect(message).toContain(`${JOBS_FILE} is cut off: ${bytes} of ${whole} bytes are there`)
      }),
      { numRuns: 25 },
    )
  })

  test('one flipped bit, wherever it is, also in the parts that gzip ignores', async () => {
    const original = await readFile(join(await snapshots.copy(), JOBS_FILE))
    const place = fc.oneof(
      fc.integer({ min: 0, max: 9 }),
      fc.integer({ min: original.length - 8, max: original.length - 1 }),
      fc.nat(original.length - 1),
    )
    await fc.assert(
      fc.asyncProperty(place, fc.nat(7), async (at, bit) => {
        const message = await refusal(async (directory) => {
          const bytes = Buffer.from(original)
          bytes[at]! ^= 1 << bit
          await writeFile(join(directory, JOBS_FILE), bytes)
        })
        expect(message).toContain(`${JOBS_FILE} is damaged: its SHA-256 is`)
      }),
      { numRuns: 40 },
    )
  })

  test.each([1, -1])('a wrong number of rows (%i)', async (change) => {
    expect(await refusal((directory) => promiseRows(directory, change))).toContain(
      `${JOBS_FILE} holds 1200 rows, the manifest says ${1200 + change}`,
    )
  })

  test('a missing file', async () => {
    expect(await refusal((directory) => rm(join(directory, JOBS_FILE)))).toContain(
      `${JOBS_FILE} cannot be read (ENOENT). The manifest lists it`,
    )
  })

  test('a last row without its end', async () => {
    const message = await refusal((directory) =>
      editJobs(directory, (content) => content.slice(0, -1)),
    )
    expect(message).toContain(`${JOBS_FILE} ends inside row 1200`)
  })

  test.each([
    ['a state that the addon does not know', /\tdone\t/, '\tdozing\t', /state is "dozing"/],
    ['a time that is none', /\t\d{4}-\d\d-\d\d /, '\ttomorrow at ', /is not a timestamp/],
    ['an id that is no number', /^\d+/, 'one', /id is "one", not a number/],
  ])('%s', async (_, pattern, wrong, expected) => {
    const message = await refusal((directory) =>
      editJobs(directory, (content) => content.replace(pattern, wrong)),
    )
    expect(message).toMatch(expected)
    expect(message).toContain(`${JOBS_FILE}, row `)
  })
})
