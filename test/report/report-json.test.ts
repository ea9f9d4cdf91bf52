import { expect, test } from 'vitest'
import { renderSummary } from '../../src/report/summary.ts'
import { inconclusive, passed, unsafe } from './sample.ts'

test('report.json holds what programs are promised', () => {
  const report = JSON.parse(JSON.stringify(passed())) as Record<string, unknown>
  expect(report['format']).toBe('queue-drill-report/1')
  const promised = [
    'drill',
    'verdict',
    'end',
    'score',
    'gates',
    'criteria',
    'speed',
    'effects',
    'counts',
    'counterfactuals',
    'timeline',
    'actions',
    'findings',
    'digest',
    'wall',
  ]
  expect(Object.keys(report)).toEqual(expect.arrayContaining(promised))
  expect(report['drill']).toEqual({
    scenario: 'by-hand',
    title: 'A journal by hand',
    summary: 'The shop refuses for half an hour.',
    control: false,
    snapshot: 'none',
    snapshotSha256: 'a'.repeat(64),
    operationsSha256: 'c'.repeat(64),
    extraSqlSha256: null,
    scenarioSha256: expect.stringMatching(/^[0-9a-f]{64}$/),
    engine: 'by-hand',
    seed: 1,
    postgres: { kind: 'embedded', version: '18.4', reason: 'docker does not answer' },
    odooSeries: '16.0',
    addonProfile: '2024',
    profile: '2024',
    mapping: null,
    startedAt: '2026-11-02T09:00:00.000Z',
    startHourOfWeek: 9,
  })
  expect(report['wall']).toEqual({ load: 0.41, simulate: 2.5, total: 3.04 })
})

test('effects.duplicates counts those that the engine owns, each of which is named', () => {
  const { effects, sideEffectFaults } = unsafe()
  expect(effects).toMatchObject({ duplicates: 3, duplicatesNotByEngine: 0 })
  expect(sideEffectFaults).toHaveLength(3)
  for (const fault of sideEffectFaults) {
    expect(fault).toMatchObject({ owner: 'engine', first: { job: fault.second.job }, write: 6 })
  }
})

test('the summary has one entry a drill with its verdict and what was unsafe', () => {
  const summary = JSON.parse(renderSummary([passed(), unsafe(), inconclusive()], 12.345)) as {
    drills: Record<string, unknown>[]
  }
  expect(summary).toMatchObject({ format: 'queue-drill-summary/1', wall: { total: 12.3 } })
  expect(
    summary.drills.map(({ verdict, duplicates, score }) => [verdict, duplicates, score]),
  ).toEqual([
    ['pass', 0, 100],
    ['unsafe', 3, 0],
    ['inconclusive', 0, expect.any(Number)],
  ])
})
