/** The exit statuses of a drill and what the report says with them. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Report } from '../../src/report/report-json.ts'
import type { Ended } from '../commands/process.ts'
import { Place } from './drill-process.ts'
import { makeSmallCompany } from './small-company.ts'

let place: Place

beforeAll(async () => {
  place = await Place.open()
  await makeSmallCompany(place.file('small'))
})
afterAll(() => place[Symbol.asyncDispose]())

const drill = (scenario: string, ...more: string[]) =>
  place.run(['run', scenario, '--postgres', 'embedded', ...more])

describe('nobody acts while the webhook target hangs', () => {
  let ended: Ended
  let report: Report

  beforeAll(async () => {
    const run = ['--engine', 'noop', '--duration', '35m', '--out', 'hangs']
    ended = await drill('dead-webhook', ...run)
    report = await place.report('hangs', 'dead-webhook')
  })

  it('ends with 1, on its exit criteria and on no gate', () => {
    expect(ended).toMatchObject({ status: 1, stderr: '' })
    expect(report.verdict).toBe('fail')
    expect(report.gates.map(({ held }) => held)).toEqual([true, true, true])
    expect(report.criteria.filter(({ met }) => !met).map(({ id }) => id)).toEqual(
      expect.arrayContaining(['E1', 'E2']),
    )
    for (const reason of report.reasons) expect(reason).toMatch(/^Not met: /)
  })

  it('gathers a thousand due jobs and more', () => {
    expect(Math.max(...report.timeline.map(({ dueBacklog }) => dueBacklog))).toBeGreaterThan(1000)
    expect(report.counterfactuals.noop.dueBacklogPeak).toBe(
      report.counterfactuals.engine.dueBacklogPeak,
    )
    expect(report.touched).toBeGreaterThanOrEqual(1000)
  })

  it('shows the signs of the runbook', () => {
    const { signals } = report
    expect(signals['pending-grows-started-flat']).not.toBeNull()
    expect(signals['cpu-idle-queue-grows']).not.toBeNull()
  })
})

it('a quiet day on which nobody acts passes', async () => {
  const run = ['--engine', 'noop', '--duration', '30m', '--snapshot', './small']
  const ended = await drill('quiet-day', ...run, '--out', 'quiet')
  expect(ended).toMatchObject({ status: 0, stderr: '' })
  expect(await place.report('quiet', 'quiet-day')).toMatchObject({
    verdict: 'pass',
    score: 100,
    end: 'not opened',
    effects: { duplicates: 0, staleOverwrites: 0, lost: 0 },
  })
})

it('a fault after the end of the drill is no drill: inconclusive, 5', async () => {
  await place.write(
    'late.yaml',
    `title: The shop hangs
summary: Too late to be seen.
snapshot: ./small
duration: 10m
faults:
  - { kind: target-down, roles: [webhook], from: 11m, answer: hang }
`,
  )
  const ended = await drill('late.yaml', '--engine', 'noop', '--out', 'late')
  expect(ended).toMatchObject({ status: 5, stderr: '' })
  const { verdict, reasons, touched } = await place.report('late', 'late')
  expect({ verdict, touched }).toEqual({ verdict: 'inconclusive', touched: 0 })
  expect(reasons.join('\n')).toMatch(/fault/)
  expect(ended.stdout).toContain(reasons[0]!.slice(0, 40))
})
