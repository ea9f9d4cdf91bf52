/** What a facilitator does in a live drill, and how one ends. */
import { existsSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { dirname } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import type { JournalEvent } from '../../src/journal/events.ts'
import { findPsql } from '../sandbox/psql.ts'
import type { Place } from './drill-process.ts'
import { ask, journalOf, ofType, openLive, openLivePlace, shell } from './live-drill.ts'

const psql = findPsql()

let place: Place

beforeAll(async () => {
  place = await openLivePlace()
})
afterAll(() => place?.[Symbol.asyncDispose]())

const open = (args: readonly string[]) => openLive(place, args)
const journal = (...path: string[]) => journalOf(place, ...path)

describe('a facilitator', () => {
  it('injects faults that the twins meet at the same moments, and a control scenario is none then', async () => {
    const { drill } = await open(['quiet.yaml', '--speed', '600', '--out', 'injected'])
    await ask(drill, 'inject', /^ {2}inject workers-killed +COUNT$/m)
    await ask(drill, 'inject target-down nobody', /^no function has the role "nobody"/m)
    await ask(drill, 'inject target-down webhook refuse 10m', /^injected: target-down of webhook/m)
    drill.type('wait 5m')
    await ask(drill, 'inject arrivals-burst stock 3x 10m', /^injected: arrivals-burst/m)
    drill.type('wait 20m')
    drill.type('end')
    const { status, stdout } = await drill.ended
    expect(status).not.toBe(0)
    expect(stdout).toContain('Left clean')
    const [own, calm, noop, all] = await Promise.all(
      ['journal', 'twins/calm', 'twins/noop', 'twins/retry-all'].map((name) =>
        journal('injected', 'quiet', `${name}.ndjson.gz`),
      ),
    )
    const injected = ofType(own!, 'fault-injected')
    expect(injected.map(({ spec }) => spec.kind)).toEqual(['target-down', 'arrivals-burst'])
    expect(injected[1]!.at - injected[0]!.at).toBeGreaterThanOrEqual(5 * 60_000)
    expect(ofType(noop!, 'fault-injected')).toEqual(injected)
    expect(ofType(all!, 'fault-injected')).toEqual(injected)
    expect(ofType(calm!, 'fault-injected')).toEqual([])
    // Nobody acted: what happened is what happens when nobody acts, to the last event.
    const world = (events: readonly JournalEvent[]) =>
      events.filter(({ type }) => type !== 'check' && type !== 'end')
    expect(world(own!)).toEqual(world(noop!))
  })

  it('holds time: paused, nothing moves, by whatever clock', async () => {
    const { drill, envFile } = await open([
      'quiet.yaml',
      '--speed',
      '600',
      '--paused',
      '--out',
      'held',
    ])
    const time = async () => (await ask(drill, 'status', /^time {6}(.* UTC), (.*) after/m)).slice(1)
    const first = await time()
    expect(first[1]).toBe('0s')
    expect(await time()).toEqual(first)
    await ask(drill, 'wait 1m', /^time stands: resume first$/m)
    await ask(drill, 'resume', /goes on/)
    drill.type('wait 2m')
    await ask(drill, 'pause', /^paused$/m)
    const second = await time()
    expect(second[0]! > first[0]!).toBe(true)
    const inSql = () =>
      psql === null ? '' : shell(envFile, `psql -XAtc "select clock_timestamp()"`)
    // Time stands for others as soon as the tick after it is through.
    await vi.waitFor(async () => expect(await inSql()).toBe(await inSql()))
    expect(await time()).toEqual(second)
    await ask(drill, 'speed 0', /^speed must be a number from 0\.1 to 3600$/m)
    await ask(drill, 'sped 3', /did you mean "speed"/)
    drill.type('end')
    const { status } = await drill.ended
    expect(status).toBe(0)
    const events = await journal('held', 'quiet', 'journal.ndjson.gz')
    expect(ofType(events, 'facilitator').map(({ detail }) => detail)).toEqual(['600', '0'])
  })

  it('runs a drill to its end without a word, from an input that is closed', async () => {
    const drill = place.start(['live', 'quiet.yaml', '--speed', '3600', '--out', 'alone'])
    drill.closeInput()
    const { status } = await drill.ended
    expect(status).toBe(0)
    const events = await journal('alone', 'quiet', 'journal.ndjson.gz')
    const end = ofType(events, 'end')[0]!
    expect([end.reason, end.at - events[0]!.at]).toEqual(['duration', 40 * 60_000])
  })

  it('need not say `end` once a closing was watched for long enough and no fault is left', async () => {
    const { drill, envFile } = await open(['incident.yaml', '--speed', '600', '--out', 'closed'])
    await shell(
      envFile,
      'odoocli incident open --signal business-lag && odoocli incident close "it was nothing"',
    )
    await drill.ended
    const events = await journal('closed', 'incident', 'journal.ndjson.gz')
    const closedAt = ofType(events, 'act').find(({ act }) => act === 'close')!.at
    const { reason, at } = ofType(events, 'end')[0]!
    expect(reason).toBe('watch-window')
    expect(at - closedAt).toBeGreaterThanOrEqual(30 * 60_000)
    expect(at - events[0]!.at).toBeLessThan(3 * 3_600_000)
  })

  it('keeps the secret of a blind drill until it is over', async () => {
    const { drill } = await open(['incident.yaml', '--blind', '--speed', '600', '--out', 'blind'])
    await ask(drill, 'status', /^hints {5}2 left$/m)
    const [own] = await ask(drill, 'wait 3m\nhint', /^Look at the shop\.$/m)
    expect(own).toBeDefined()
    await ask(drill, 'status', /^hints {5}1 left$/m)
    const names = (await readdir(place.path, { recursive: true })).join('\n')
    expect(names.replaceAll('incident.yaml', '')).not.toMatch(/blind.*incident/)
    expect(drill.stdout + drill.stderr).not.toMatch(
      /hangs|quarter of an hour|incident\.yaml|target-down/,
    )
    drill.type('end')
    const { stdout } = await drill.ended
    expect(stdout).toContain('The shop hangs')
    expect((await place.report('blind', 'live')).drill.scenario).toBe('incident')
  })

  it('who stops with Ctrl-C has no verdict, and nothing is left', async () => {
    const { drill, envFile } = await open(['incident.yaml', '--out', 'stopped'])
    expect(await drill.traces()).not.toEqual([])
    drill.kill('SIGINT')
    const { status, stderr } = await drill.ended
    expect(stderr).toBe('queue-drill: interrupted, cleaning up; once more to stop at once\n')
    expect(status).toBe(130)
    expect(existsSync(dirname(envFile))).toBe(false)
    expect(existsSync(place.file('stopped'))).toBe(false)
    await vi.waitFor(async () => expect(await drill.traces()).toEqual([]), 10_000)
  })

  it('whose process is killed leaves nothing that the next one does not clear', async () => {
    const { drill, envFile } = await open(['incident.yaml', '--out', 'killed'])
    drill.kill('SIGKILL')
    await drill.ended
    const next = await open(['incident.yaml', '--out', 'killed'])
    expect(existsSync(dirname(envFile))).toBe(false)
    next.drill.type('end')
    expect((await next.drill.ended).status).toBe(5)
    await vi.waitFor(async () => expect(await drill.traces()).toEqual([]), 10_000)
  })
})

describe.skipIf(psql === null)('people in a live drill', () => {
  it('may be many: an open transaction of one is rolled back at the end, and found', async () => {
    const { drill, envFile } = await open(['incident.yaml', '--speed', '60', '--out', 'open'])
    const holder = shell(
      envFile,
      `(echo "begin; update queue_job set priority = 1 where id = 5;"; sleep 1d) | psql -X; true`,
    )
    await vi.waitFor(async () => {
      const [people] = await ask(drill, 'status', /^people .*/m)
      expect(people).toBe('people    psql (1 in a transaction)')
    }, 20_000)
    drill.type('end')
    expect((await drill.ended).stderr).toBe('')
    const events = await journal('open', 'incident', 'journal.ndjson.gz')
    expect(ofType(events, 'finding').map(({ code }) => code)).toContain('transaction-left-open')
    expect(ofType(events, 'write')).toEqual([])
    await holder
  })
})
