import { appendFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { inspectSnapshot } from '../../src/snapshot/inspect.ts'
import { openSnapshot } from '../../src/snapshot/open.ts'
import { verifySnapshot } from '../../src/snapshot/verify.ts'
import { editJobs, editManifest, JOBS_FILE, smallSnapshots } from './small-snapshot.ts'
import type { SnapshotCopies } from './small-snapshot.ts'

let snapshots: SnapshotCopies
beforeAll(async () => {
  snapshots = await smallSnapshots()
})
afterAll(() => snapshots[Symbol.asyncDispose]())

describe('inspecting', () => {
  test('states, channels and functions each count every row', async () => {
    const inspection = await inspectSnapshot(await openSnapshot(await snapshots.copy()))
    const sum = (list: readonly { rows: number }[]) => list.reduce((all, { rows }) => all + rows, 0)
    expect(inspection.rows).toBe(1200)
    expect(Object.values(inspection.byState).reduce((all, count) => all + count, 0)).toBe(1200)
    expect(sum(inspection.channels)).toBe(1200)
    expect(sum(inspection.functions)).toBe(1200)
    expect(inspection.channels[0]).toMatchObject({ channel: 'root.webhook_sync', listed: true })
    const unlisted = inspection.channels.filter(({ listed }) => !listed)
    expect(unlisted.map(({ channel }) => channel).sort((a, b) => a.localeCompare(b, 'en'))).toEqual(
      ['root.crm_import', 'root.pos_legacy'],
    )
  })

  test('due is pending whose eta has come; a removed function has no traffic', async () => {
    const inspection = await inspectSnapshot(await openSnapshot(await snapshots.copy()))
    const pending = inspection.channels.reduce((all, each) => all + each.pending, 0)
    const due = inspection.channels.reduce((all, each) => all + each.due, 0)
    expect(pending).toBe(inspection.byState.pending)
    expect(due).toBe(3)
    const legacy = inspection.functions.find((each) => each.jobFunction === 'pos.order.push_legacy')
    expect(legacy?.traffic).toBeNull()
  })

  test('the oldest pending come first, signatures by how often they occur', async () => {
    const inspection = await inspectSnapshot(await openSnapshot(await snapshots.copy()))
    const ages = inspection.oldestPending.map(({ createdAt }) => createdAt!)
    expect(ages).toHaveLength(10)
    expect(ages).toEqual([...ages].sort((a, b) => a - b))
    const counts = inspection.signatures.map(({ count }) => count)
    expect(counts.length).toBe(10)
    expect(counts).toEqual([...counts].sort((a, b) => b - a))
    expect(inspection.signatures[0]!.signature).toMatch(/^\S+ \| \S+ \| ./)
  })
})

describe('verifying', () => {
  async function problemsOf(damage: (directory: string) => Promise<void>) {
    const directory = await snapshots.copy()
    const snapshot = await openSnapshot(directory)
    await damage(directory)
    const { manifest } = await openSnapshot(directory)
    const { problems, problemCount } = await verifySnapshot({ ...snapshot, manifest })
    expect(problems.length).toBe(Math.min(problemCount, 20))
    return problems
  }

  test('a sound snapshot has no problem', async () => {
    expect(await problemsOf(async () => {})).toEqual([])
  })

  test('bytes behind the end of a file and a missing file are both told', async () => {
    const problems = await problemsOf(async (directory) => {
      await appendFile(join(directory, JOBS_FILE), 'x')
      await rm(join(directory, 'queue_job_function.copy.gz'))
    })
    expect(problems).toHaveLength(2)
    expect(problems.join('\n')).toMatch(
      /function\.copy\.gz cannot be read[^]*0001\.copy\.gz is damaged/,
    )
  })

  test('a checksum of the content that is not its own', async () => {
    const problems = await problemsOf((directory) =>
      editManifest(directory, ({ tables }) => {
        tables.queue_job.files[0]!.content_sha256 = '0'.repeat(64)
      }),
    )
    expect(problems).toEqual([
      expect.stringMatching(/the content's SHA-256 is \w{64}, the manifest/),
    ])
  })

  test.each([
    ['broken JSON', /\t\[\]\t/, '\t[\t', /^job \d+: args is not JSON$/],
    ['a uuid twice', /^(\d+\t)([^\t]+)(.*\n\d+\t)[^\t]+/, '$1$2$3$2', /the uuid \S+ appears twice/],
    ['an id twice', /^(\d+)(\t.*\n)\d+/, '$1$2$1', /the id appears twice/],
  ])('%s', async (_, pattern, wrong, expected) => {
    const problems = await problemsOf((directory) =>
      editJobs(directory, (content) => {
        expect(content).toMatch(pattern)
        return content.replace(pattern, wrong)
      }),
    )
    expect(problems).toEqual([expect.stringMatching(expected)])
  })

  test.each([
    ['an object where a list belongs', /\t\[\]\t/, '\t{}\t', /args is JSON of another shape/],
    ['records without a model', /"model": "[\w.]+", /, '', /records is JSON of another shape/],
    [
      'a done job without a date',
      /\tdone\t((?:[^\t]*\t){7})[^\t]*/,
      '\tdone\t$1\\N',
      /done, but date_done is NULL/,
    ],
    ['a NULL priority', /\tdone\t\d+\t/, '\tdone\t\\N\t', /priority or date_created is NULL/],
  ])('%s is odd, and no problem: production may hold it', async (_, pattern, odd, expected) => {
    const directory = await snapshots.copy()
    await editJobs(directory, (content) => {
      expect(content).toMatch(pattern)
      return content.replace(pattern, odd)
    })
    const { problems, oddities, oddityCount } = await verifySnapshot(await openSnapshot(directory))
    expect({ problems, oddities, oddityCount }).toEqual({
      problems: [],
      oddities: [expect.stringMatching(expected)],
      oddityCount: 1,
    })
  })

  test('many problems are counted, twenty are told', async () => {
    const directory = await snapshots.copy()
    await editJobs(directory, (content) => content.replaceAll(/\t\[\]\t/g, '\t[\t'))
    const verification = await verifySnapshot(await openSnapshot(directory))
    expect(verification.problems).toHaveLength(20)
    expect(verification.problemCount).toBeGreaterThan(500)
  })
})
