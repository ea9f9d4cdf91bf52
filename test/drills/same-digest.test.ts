/** The same drill is the same everywhere: in two processes at once, in another country, on another PostgreSQL. */
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { gunzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Report } from '../../src/report/report-json.ts'
import { armTitle, ARMS } from '../sandbox/server-arms.ts'
import { Place } from './drill-process.ts'

/** Its engine asks, postpones and releases; its queries sort, compare and compute with times. */
const DRILL = ['run', 'incident.yaml', '--engine', 'runbook']

const SCENARIO = `title: The shop hangs
summary: It does so for a quarter of an hour.
snapshot: company-25k
duration: 40m
faults:
  - { kind: target-down, roles: [webhook], from: 2m, until: 15m, answer: hang }
thresholds:
  touchedMin: 20
`

const container = ARMS.find(({ name }) => name === 'container')!

let place: Place

beforeAll(async () => {
  place = await Place.open()
  await place.write('incident.yaml', SCENARIO)
})
afterAll(() => place[Symbol.asyncDispose]())

interface Outcome {
  readonly report: Report
  /** Text without wall times and the name of the directory. */
  readonly scorecard: string
  readonly notes: string
  /** Of the journal without its header. */
  readonly events: string
}

interface DrillOptions {
  readonly postgres?: string
  readonly seed?: number
  readonly environment?: Readonly<Record<string, string>>
}

async function drill(
  out: string,
  { postgres = 'embedded', seed = 1, environment = {} }: DrillOptions = {},
): Promise<Outcome> {
  const flags = ['--postgres', postgres, '--seed', String(seed), '--out', out]
  const { stderr, stdout } = await place.run([...DRILL, ...flags], environment)
  expect(stderr).toBe('')
  const file = (name: string) => readFile(place.file(out, 'incident', name))
  const journal = gunzipSync(await file('journal.ndjson.gz'))
  return {
    report: await place.report(out, 'incident'),
    scorecard: stdout.replaceAll(place.file(out), 'OUT').replaceAll(/; [\d.]+ s$/gm, ''),
    notes: String(await file('notes.md')),
    events: createHash('sha256')
      .update(journal.subarray(journal.indexOf('\n')))
      .digest('hex'),
  }
}

/** A report without what was measured. */
function judged(report: Report): object {
  return { ...report, wall: null, drill: { ...report.drill, postgres: null } }
}

describe('the same drill', () => {
  let first: Outcome

  beforeAll(async () => {
    first = await drill('first')
  })

  it('is one in which the engine wrote', () => {
    const kinds = first.report.actions.map(({ kind }) => kind)
    expect(kinds).toEqual(expect.arrayContaining(['open', 'baseline', 'probe', 'write']))
  })

  it('gives the same digest in two processes at once', async () => {
    const twice = await Promise.all([drill('second'), drill('third')])
    for (const { report, scorecard, notes } of twice) {
      expect(report.digest).toBe(first.report.digest)
      expect(judged(report)).toEqual(judged(first.report))
      expect({ scorecard, notes }).toEqual({ scorecard: first.scorecard, notes: first.notes })
    }
  })

  it('is no other in another time zone and another language', async () => {
    const elsewhere = { TZ: 'Pacific/Chatham', LC_ALL: 'tr_TR.UTF-8', LANG: 'tr_TR.UTF-8' }
    const abroad = await drill('abroad', {
      environment: { ...elsewhere, PGTZ: 'Pacific/Chatham', PGDATESTYLE: 'German' },
    })
    expect(abroad.report.digest).toBe(first.report.digest)
    expect(judged(abroad.report)).toEqual(judged(first.report))
    expect(abroad.scorecard).toBe(first.scorecard)
    expect(abroad.notes).toBe(first.notes)
  })

  it('is another with another seed, not in its header only', async () => {
    const other = await drill('other', { seed: 2 })
    expect(other.report.digest).not.toBe(first.report.digest)
    expect(other.events).not.toBe(first.events)
  })

  it.skipIf(container.missing !== null)(`is the same in a ${armTitle(container)}`, async () => {
    const { report, scorecard, notes } = await drill('container', { postgres: 'container' })
    expect(report.drill.postgres.kind).toBe('container')
    expect(report.drill.postgres.version).not.toBe(first.report.drill.postgres.version)
    expect(report.digest).toBe(first.report.digest)
    expect(judged(report)).toEqual(judged(first.report))
    const withoutServer = (text: string) => text.replaceAll(/PostgreSQL [^;,\n]*/g, 'PostgreSQL')
    expect(withoutServer(scorecard)).toBe(withoutServer(first.scorecard))
    expect(withoutServer(notes)).toBe(withoutServer(first.notes))
  })
})
