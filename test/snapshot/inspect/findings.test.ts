/** What an inspection finds in rows that were made wrong on purpose, and that it finds nothing where nothing is. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { HOUR } from '../../../src/foundation/time.ts'
import { functionName } from '../../../src/queue-job/job.ts'
import { encodeRow, decodeRow } from '../../../src/snapshot/copy-text.ts'
import type { Field } from '../../../src/snapshot/copy-text.ts'
import { inspectSnapshot } from '../../../src/snapshot/inspect.ts'
import type { Inspection } from '../../../src/snapshot/inspect.ts'
import { longestRunMs } from '../../../src/snapshot/inspect/stuck.ts'
import { trafficOf, wholeRhythm } from '../../../src/snapshot/inspect/traffic.ts'
import { openSnapshot } from '../../../src/snapshot/open.ts'
import { editJobs, editManifest, smallSnapshots } from '../small-snapshot.ts'
import type { SnapshotCopies } from '../small-snapshot.ts'

let snapshots: SnapshotCopies
beforeAll(async () => {
  snapshots = await smallSnapshots()
})
afterAll(() => snapshots[Symbol.asyncDispose]())

type Change = Readonly<Record<string, Field>>

/** Captured 2026-11-17T10:00Z. The first rows of the file get these values; all others are taken out of the way. */
async function inspected(
  changes: readonly Change[],
  edit: (directory: string) => Promise<void> = async () => {},
): Promise<Inspection> {
  const directory = await snapshots.copy()
  const { manifest } = await openSnapshot(directory)
  const { columns } = manifest.tables.queue_job
  const harmless: Change = {
    state: 'failed',
    channel: 'root',
    max_retries: '5',
    retry: '1',
    identity_key: null,
    date_cancelled: null,
    date_enqueued: '2026-11-17 09:00:00',
    date_started: '2026-11-17 09:00:01',
    exc_name: 'builtins.ValueError',
  }
  await editJobs(directory, (content) => {
    const lines = content.trimEnd().split('\n')
    const rows = lines.map((line, index) => {
      const fields = decodeRow(line)
      const values: Change = { ...harmless, ...changes[index] }
      return encodeRow(
        columns.map((column, at) => (column in values ? values[column]! : fields[at]!)),
      )
    })
    return rows.join('')
  })
  await edit(directory)
  return inspectSnapshot(await openSnapshot(directory))
}

const modesOf = ({ stuck }: Inspection) => stuck.map(({ mode, count }) => [mode, count])

describe('stuck rows', () => {
  test('where nothing is wrong nothing is found', async () => {
    const { stuck, waiting, duplicateKeys } = await inspected([
      { state: 'started', date_started: '2026-11-17 09:59:58' },
      { state: 'enqueued', date_enqueued: '2026-11-17 09:59:30', date_started: null },
      { state: 'pending', date_enqueued: null, date_started: null, identity_key: 'a' },
      { state: 'done', date_done: '2026-11-17 09:59:59', identity_key: 'a' },
      {
        state: 'cancelled',
        date_cancelled: '2026-11-17 09:30:00',
        date_enqueued: '2026-11-17 09:29:00',
        date_done: null,
      },
    ])
    expect(stuck).toEqual([])
    expect(waiting).toMatchObject({
      waiting: 0,
      parentsDone: { count: 0 },
      parentBroken: { count: 0 },
    })
    expect(duplicateKeys).toEqual({ keys: 0, jobs: 0, worst: [] })
  })

  test.each<[string, string, Change, string | null]>([
    [
      'F01',
      'a run that takes too long',
      { state: 'started', date_started: '2026-11-16 10:00:00' },
      '2026-11-16T10:00:00Z',
    ],
    [
      'F02',
      'enqueued, never started',
      { state: 'enqueued', date_started: null },
      '2026-11-17T09:00:00Z',
    ],
    [
      'F08',
      'cancelled, then enqueued',
      { state: 'cancelled', date_done: null, date_cancelled: '2026-11-17 08:00:00' },
      '2026-11-17T09:00:00Z',
    ],
    [
      'F09',
      'serialization errors',
      {
        state: 'pending',
        retry: '6',
        date_created: '2026-11-17 08:00:00',
        result: 'ERROR: could not serialize access',
      },
      '2026-11-17T08:00:00Z',
    ],
    [
      'F14',
      'enqueued after its start',
      { state: 'enqueued', date_started: '2026-11-17 08:59:59' },
      '2026-11-17T09:00:00Z',
    ],
    [
      'F18',
      'a NULL priority',
      { state: 'pending', priority: null, date_created: '2026-11-17 08:00:00' },
      '2026-11-17T08:00:00Z',
    ],
    ['F18', 'a NULL date', { state: 'wait_dependencies', date_created: null }, null],
    [
      'F23',
      'a channel that is not listed',
      { state: 'done', channel: 'root.nowhere', date_done: '2026-11-17 09:00:00' },
      '2026-11-17T09:00:00Z',
    ],
    [
      'F23',
      'kept for a year',
      { state: 'done', date_done: '2025-11-17 09:00:00' },
      '2025-11-17T09:00:00Z',
    ],
    [
      'F25',
      'dead at once',
      { max_retries: '0', exc_name: 'odoo.addons.queue_job.exception.JobFoundDead' },
      '2026-11-17T09:00:01Z',
    ],
  ])('%s: %s', async (mode, _, change, oldest) => {
    const inspection = await inspected([{}, { ...change, id: '7' }])
    expect(inspection.stuck).toEqual([
      {
        mode,
        what: expect.any(String),
        count: 1,
        oldestAt: oldest === null ? null : Date.parse(oldest),
        ids: [7],
      },
    ])
  })

  test('many are counted, some are named, and the oldest tells its age', async () => {
    const stuck = Array.from({ length: 9 }, (_, index) => ({
      state: 'enqueued',
      date_started: null,
      date_enqueued: `2026-11-17 08:0${9 - index}:00`,
      id: String(index + 1),
    }))
    const inspection = await inspected(stuck)
    expect(modesOf(inspection)).toEqual([['F02', 9]])
    expect(inspection.stuck[0]).toMatchObject({
      ids: [1, 2, 3, 4, 5],
      oldestAt: Date.parse('2026-11-17T08:01:00Z'),
    })
  })

  test('where the limit of Odoo is known it decides how long a run may take', async () => {
    const change = { state: 'started', date_started: '2026-11-17 09:50:00' }
    const withLimit = (seconds: number) =>
      inspected([change], (directory) =>
        editManifest(directory, (manifest) => {
          manifest.host = { limit_time_real: seconds }
        }),
      )
    const { workload } = await openSnapshot(await snapshots.copy())
    const seenMs = Math.max(...workload.functions.map(({ durationMs }) => durationMs.at(-1)!))
    expect(modesOf(await withLimit(Math.ceil(seenMs / 1000) + 3600))).toEqual([])
    const longest = longestRunMs(workload, { limit_time_real: 120 })
    const short = workload.functions.find(({ durationMs }) => durationMs.at(-1)! < 120_000)!
    expect(longest(short.name)).toBe(180_000)
    expect(longestRunMs(workload, undefined)(short.name)).toBe(
      Math.max(2 * short.durationMs.at(-1)!, 60_000),
    )
    expect(longestRunMs(workload, undefined)('no.such')).toBe(HOUR)
  })
})

describe('jobs that wait for others', () => {
  const waits = (...parents: string[]): Change => ({
    state: 'wait_dependencies',
    graph_uuid: 'graph',
    dependencies: JSON.stringify({ depends_on: parents, reverse_depends_on: [] }),
  })

  test('for parents that are done, for a broken one, for one that is under way', async () => {
    const { waiting } = await inspected([
      { ...waits('p-done', 'p-deleted'), id: '11' },
      { ...waits('p-done', 'p-failed'), id: '12' },
      { ...waits('p-pending', 'p-cancelled'), id: '13' },
      { ...waits('p-done', 'p-pending'), id: '14', graph_uuid: 'another' },
      { ...waits(), dependencies: '{', id: '15' },
      { uuid: 'p-failed' },
      { uuid: 'p-done', state: 'done', date_done: '2026-11-17 09:00:00' },
      { uuid: 'p-pending', state: 'pending' },
      {
        uuid: 'p-cancelled',
        state: 'cancelled',
        date_cancelled: '2026-11-17 09:10:00',
        date_done: null,
      },
    ])
    expect(waiting).toEqual({
      waiting: 5,
      graphs: 2,
      looked: 4,
      parentsDone: { count: 1, ids: [11] },
      parentBroken: { count: 2, ids: [12, 13] },
      unreadable: 1,
    })
  })
})

test('identity keys that several unfinished jobs have, most jobs first; finished jobs do not count', async () => {
  const live = ['pending', 'enqueued', 'started', 'wait_dependencies'].map((state) => ({
    state,
    identity_key: 'four',
  }))
  const { duplicateKeys } = await inspected([
    ...live,
    { state: 'pending', identity_key: 'two' },
    { state: 'pending', identity_key: 'two' },
    { state: 'pending', identity_key: 'one' },
    { state: 'failed', identity_key: 'one' },
  ])
  expect(duplicateKeys).toEqual({
    keys: 2,
    jobs: 6,
    worst: [
      { identityKey: 'four', jobs: 4 },
      { identityKey: 'two', jobs: 2 },
    ],
  })
})

describe('traffic', () => {
  test('hours and days are means of the week, and add up to the jobs of a day', async () => {
    const { workload } = await openSnapshot(await snapshots.copy())
    const rhythm = wholeRhythm(workload)
    const sum = (list: readonly number[]) => list.reduce((all, value) => all + value, 0)
    expect(sum(rhythm.hourOfDay)).toBeCloseTo(workload.jobsPerDay, -1)
    expect(sum(rhythm.dayOfWeek) * 24).toBeCloseTo(workload.jobsPerDay * 7, -2)
    const fn = workload.functions[0]!
    const ratePerHour = Array.from({ length: 168 }, (_, hour) => (hour === 30 ? 14 : 0))
    const traffic = trafficOf({ ...fn, ratePerHour })
    expect(traffic.jobsPerDay).toBe(2)
    expect(
      traffic.hourOfDay.map((rate, hour) => [hour, rate]).filter(([, rate]) => rate !== 0),
    ).toEqual([[6, 2]])
    expect(traffic.dayOfWeek).toEqual([0, 14 / 24, 0, 0, 0, 0, 0])
    expect(traffic.durationMs).toMatchObject({ p50: fn.durationMs[3], max: fn.durationMs[8] })
  })

  test('every function of the workload is listed, also one without a row', async () => {
    const directory = await snapshots.copy()
    const { workload } = await openSnapshot(directory)
    await editJobs(directory, (content) => content)
    const { functions } = await inspected(
      Array.from({ length: 1200 }, () => ({ model_name: 'one.model', method_name: 'call' })),
    )
    expect(
      functions.find(
        ({ jobFunction }) =>
          jobFunction === functionName({ modelName: 'one.model', methodName: 'call' }),
      ),
    ).toMatchObject({ rows: 1200, traffic: null })
    expect(functions).toHaveLength(workload.functions.length + 1)
    expect(functions[1]).toMatchObject({ rows: 0, traffic: expect.any(Object) })
  })
})
