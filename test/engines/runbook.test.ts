/** The shell runbook in two short drills of one incident: as everybody writes it, and in sessions west of Greenwich. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Report } from '../../src/report/report-json.ts'
import type { Ended } from '../commands/process.ts'
import { Place } from '../drills/drill-process.ts'
import { SHELL, titleOf } from './subjects.ts'

const scenario = (timeZone: string) => `title: The shop hangs
summary: From the second minute on.
snapshot: company-25k
duration: 30m
timeZone: ${timeZone}
faults:
  - { kind: target-down, roles: [webhook], from: 2m, answer: hang }
thresholds:
  touchedMin: 20
`

describe.skipIf(SHELL.missing !== null)(`${titleOf(SHELL)} in two short drills`, () => {
  let place: Place
  let ended: Ended
  let left: readonly string[]
  let utc: Report
  let newYork: Report

  beforeAll(async () => {
    place = await Place.open()
    await place.write('utc.yaml', scenario('UTC'))
    await place.write('new-york.yaml', scenario('America/New_York'))
    const process = place.start([
      'run',
      'utc.yaml',
      'new-york.yaml',
      ...SHELL.flags,
      '--out',
      'out',
    ])
    ended = await process.ended
    left = await process.traces()
    utc = await place.report('out', 'utc')
    newYork = await place.report('out', 'new-york')
  })
  afterAll(() => place[Symbol.asyncDispose]())

  const of = ({ actions }: Report, kind: string) =>
    actions
      .filter((action) => action.kind === kind)
      .map(({ at, text }) => `${at.slice(11, 16)} ${text}`)

  it('notices, notes the baseline, and acts by its first write', () => {
    expect(of(utc, 'baseline')).toEqual([expect.stringContaining('10:20 noted the baseline')])
    expect(of(utc, 'open')).toEqual([
      '10:20 acted without opening an incident: its first write counts as the opening',
    ])
    expect(of(utc, 'write')[0]).toMatch(/^10:20 write 1: update of \d+ rows: eta \+30m$/)
    expect(of(utc, 'scale')[0]).toBe('10:20 workers +2, now 14 wanted')
  })

  it('is still at work when the drill ends, and has done nothing twice', () => {
    expect(ended.status).toBe(1)
    expect(left).toEqual([])
    expect(utc).toMatchObject({ verdict: 'fail', end: 'not closed', effects: { duplicates: 0 } })
    expect(utc.findings).toEqual([])
  })

  it('west of Greenwich is caught in the trap of the time zone', () => {
    expect(newYork.findings).toEqual([
      {
        at: '2026-11-17T10:20:00.000Z',
        code: 'eta-in-session-time',
        detail: expect.stringMatching(
          /^eta of \d+ jobs was set to 4h 30m ago, which is 30m from now in America\/New_York/,
        ),
      },
    ])
    expect(ended.stdout).toContain('found: eta-in-session-time')
  })

  it('has what it printed in the report, with the virtual time', () => {
    expect(utc.output!.lines[0]).toEqual({
      at: '2026-11-17T10:00:00.000Z',
      stream: 'stdout',
      text: '10:00 watching',
    })
    const texts = utc.output!.lines.map(({ text }) => text.replace(/^\d\d:\d\d /, ''))
    expect(texts.filter((text) => text.startsWith('STEP'))).toEqual([
      'STEP 1 baseline',
      'STEP 2 blockers',
      'STEP 3 isolate root.webhook_sync, then retry safe subsets',
      'STEP 4 throughput',
    ])
  })
})
