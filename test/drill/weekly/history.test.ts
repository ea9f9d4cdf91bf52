/** The history file on disk. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { appendHistory, historyLine, type HistoryLine } from '../../../src/drill/weekly/history.ts'
import { inconclusive, passed, unsafe } from '../../report/sample.ts'

const LINE: HistoryLine = {
  week: '2026-W48',
  date: '2026-11-24T10:15:00.000Z',
  scenario: 'quiet-day',
  engine: 'runbook',
  seed: 1,
  verdict: 'pass',
  score: 100,
  failUnder: null,
  exitStatus: 0,
  gates: {},
  criteria: {},
  recoveredAfter: null,
  duplicates: 0,
  digest: 'd',
  snapshot: 's',
  snapshotSha256: 'h',
  version: '0.1.0',
}

let root: string
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'queue-drill-test-'))
})
afterAll(() => rm(root, { recursive: true, force: true }))

test('lines are appended to what is there, in a folder that is made', async () => {
  const path = join(root, 'deep', 'history.ndjson')
  await appendHistory(path, [LINE, { ...LINE, seed: 2 }])
  await appendHistory(path, [{ ...LINE, seed: 3 }])
  const lines = (await readFile(path, 'utf8')).trimEnd().split('\n')
  expect(lines.map((line) => (JSON.parse(line) as HistoryLine).seed)).toEqual([1, 2, 3])
})

test('a last line without an end does not swallow the next', async () => {
  const path = join(root, 'open.ndjson')
  await writeFile(path, JSON.stringify({ old: true }))
  await appendHistory(path, [LINE])
  const [old, line] = (await readFile(path, 'utf8')).trimEnd().split('\n')
  expect([JSON.parse(old!), JSON.parse(line!)]).toEqual([{ old: true }, LINE])
})

test('a place that cannot be written to is a clear error of the harness', async () => {
  await expect(appendHistory(root, [LINE])).rejects.toMatchObject({
    code: 'harness',
    message: `${root} cannot be appended to (EISDIR)`,
  })
})

test.each([
  ['passed', passed(), null, 0],
  ['passed with too few points', { ...passed(), score: 69.9 }, 70, 1],
  ['passed with enough points', { ...passed(), score: 70 }, 70, 0],
  ['unsafe, whatever the limit', unsafe(), 70, 4],
  ['inconclusive', inconclusive(), 70, 5],
] as const)(
  'a line says what its drill alone would have exited with: %s',
  (_, report, failUnder, exitStatus) => {
    const line = historyLine(report, {
      week: '2026-W48',
      startedAt: new Date(LINE.date),
      failUnder,
      version: LINE.version,
    })
    expect(line).toMatchObject({ verdict: report.verdict, failUnder, exitStatus })
    expect(Object.keys(line)).toEqual(Object.keys(LINE))
  },
)
