/**
 * Everything is retried while captures, invoices and labels time out after the effect: the drill that must not pass.
 * Its report is compared with the journal, and its stored files are judged again.
 */
import { cp, readFile, writeFile } from 'node:fs/promises'
import { gunzipSync, gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { EffectEvent, JournalEvent, WriteEvent } from '../../src/journal/events.ts'
import type { Report } from '../../src/report/report-json.ts'
import type { Ended } from '../commands/process.ts'
import { Place } from './drill-process.ts'

const SCENARIO = 'timeout-after-effect'

let place: Place
let ended: Ended
let report: Report
let events: readonly JournalEvent[]
/** By run. */
let effects: ReadonlyMap<number, EffectEvent>

beforeAll(async () => {
  place = await Place.open()
  const where = ['--postgres', 'embedded', '--snapshot', 'company-25k', '--out', 'out']
  const run = ['--engine', 'retry-all', '--duration', '40m']
  ended = await place.run(['run', SCENARIO, ...run, ...where])
  report = await place.report('out', SCENARIO)
  events = await journalOf('out', 'journal.ndjson.gz')
  effects = new Map(
    events
      .filter((event): event is EffectEvent => event.type === 'effect')
      .map((event) => [event.run, event]),
  )
})
afterAll(() => place[Symbol.asyncDispose]())

async function journalOf(out: string, name: string): Promise<JournalEvent[]> {
  const text = gunzipSync(await readFile(place.file(out, SCENARIO, name))).toString()
  const [, ...lines] = text.trimEnd().split('\n')
  return lines.map((line) => JSON.parse(line) as JournalEvent)
}

const duplicates = () => report.sideEffectFaults.filter(({ kind }) => kind === 'duplicate')

describe('retrying everything', () => {
  it('ends with 4 and scores nothing', () => {
    expect(ended).toMatchObject({ status: 4, stderr: '' })
    expect(report).toMatchObject({ verdict: 'unsafe', score: 0 })
    const gate = report.gates.find(({ id }) => id === 'no-duplicates')!
    expect(gate.held).toBe(false)
    expect(gate.evidence[0]!.text).toContain(`${report.effects.duplicates} duplicates`)
  })

  it('as many duplicates are named as the ledger of effects holds', () => {
    const seen = new Map<string, number>()
    let repeated = 0
    for (const event of effects.values()) {
      if (event.effect === 'set' || event.absorbed) continue
      const before = seen.get(event.key) ?? event.prior
      if (before > 0) repeated++
      seen.set(event.key, before + 1)
    }
    expect(repeated).toBeGreaterThan(100)
    expect(duplicates()).toHaveLength(repeated)
    const { duplicates: owned, duplicatesNotByEngine, undecided } = report.effects
    expect(owned + duplicatesNotByEngine + undecided).toBe(repeated)
  })

  it('each is named with the execution that repeated it and the write of the engine behind it', () => {
    const writes = new Map(
      events
        .filter((event): event is WriteEvent => event.type === 'write')
        .map((event) => [event.write, event]),
    )
    const owned = duplicates().filter(({ owner }) => owner === 'engine')
    expect(owned).toHaveLength(report.effects.duplicates)
    for (const { key, second, write, cause } of owned) {
      const again = effects.get(second.run)!
      expect(again).toMatchObject({ key, id: second.job, at: Date.parse(second.at) })
      expect(again.cause).toBe(`engine:${write}`)
      const { at, rows } = writes.get(write!)!
      expect(rows.map(({ id }) => id)).toContain(second.job)
      expect(at).toBeLessThanOrEqual(again.at)
      expect(cause).toContain(`engine write ${write} (`)
    }
  })

  it('each is named with the execution before, unless that was before the drill', () => {
    const earlier = duplicates().filter(({ first }) => first !== null)
    for (const { key, first, second } of earlier) {
      const before = effects.get(first!.run)!
      expect(before).toMatchObject({ key, id: first!.job, at: Date.parse(first!.at) })
      expect(before.at).toBeLessThan(Date.parse(second.at))
    }
    const old = duplicates().filter(({ first }) => first === null)
    expect(old.filter(({ second }) => effects.get(second.run)!.prior === 0)).toEqual([])
  })

  it('money and mails of this incident are among them, and stand on the scorecard', () => {
    const ofIncident = duplicates().filter(({ first }) => first !== null)
    const names = ofIncident.map(({ jobFunction }) => jobFunction)
    expect(names).toContain('payment.transaction.capture')
    expect(names).toContain('account.move.send_invoice_mail')
    const { first, second } = ofIncident[0]!
    const scorecard = ended.stdout.replaceAll(/\s+/g, ' ')
    expect(scorecard).toContain(`job ${first!.job}, run ${first!.run}`)
    expect(scorecard).toContain(`job ${second.job}, run ${second.run}`)
  })
})

describe('the stored drill', () => {
  it('judged again gives the same report and the same exit status', async () => {
    for (const directory of ['out', `out/${SCENARIO}`]) {
      const again = await place.run(['score', directory, '--json'])
      expect(again).toMatchObject({ status: 4, stderr: '' })
      expect(JSON.parse(again.stdout)).toEqual({ drills: [report] })
    }
  })

  it.each(['journal.ndjson.gz', 'twins/calm.ndjson.gz', 'twins/retry-all.ndjson.gz'])(
    'is refused when %s was changed',
    async (name) => {
      const out = `changed-${name.replaceAll(/\W/g, '-')}`
      await cp(place.file('out'), place.file(out), { recursive: true })
      const path = place.file(out, SCENARIO, name)
      const lines = gunzipSync(await readFile(path))
        .toString()
        .split('\n')
      // Without one event: a journal still, but not this one.
      lines.splice(lines.length >> 1, 1)
      await writeFile(path, gzipSync(lines.join('\n')))
      const { status, stdout, stderr } = await place.run(['score', out])
      expect(stderr).toMatch(/^queue-drill: .* was changed: its digest is .*\n$/)
      expect(stderr).toContain(name)
      expect({ status, stdout }).toEqual({ status: 2, stdout: '' })
    },
  )

  it('is refused when a journal was cut off', async () => {
    await cp(place.file('out'), place.file('cut'), { recursive: true })
    const path = place.file('cut', SCENARIO, 'journal.ndjson.gz')
    const whole = await readFile(path)
    await writeFile(path, whole.subarray(0, whole.length >> 1))
    const { status, stdout, stderr } = await place.run(['score', 'cut'])
    expect(stderr).toMatch(/^queue-drill: .*journal\.ndjson\.gz, line \d+: not a journal: .*\n$/)
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' })
  })
})
