/** The exit status of a run against a baseline. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type RegressionGate, judgeAgainst } from '../../src/drill/gate.ts'
import { updatedBaseline } from '../../src/report/baseline.ts'
import { runs, type Variant, variant } from '../report/variants.ts'

const ALL = { scenarios: null, seeds: null }

function statusOf(
  before: readonly Variant[] | null,
  now: readonly Variant[],
  more: Partial<RegressionGate> & { failUnder?: number } = {},
): number {
  const baseline = before === null ? null : updatedBaseline(null, before.map(variant), ALL)
  const { failUnder = null, ...gate } = more
  return judgeAgainst(now.map(variant), { baseline, asked: ALL, update: false, ...gate }, failUnder)
    .exitStatus
}

const FAILED: Variant = { verdict: 'fail', broken: ['E1'], score: 60 }
const UNSAFE: Variant = { verdict: 'unsafe', broken: ['no-duplicates'], score: 0 }
const UNDECIDED: Variant = { verdict: 'inconclusive' }

describe('the exit status against a baseline', () => {
  test('is 0 where nothing was lost, also for a drill that fails as it did', () => {
    expect(statusOf([{}], [{}])).toBe(0)
    expect(statusOf([FAILED], [FAILED])).toBe(0)
    expect(statusOf([UNDECIDED], [UNDECIDED])).toBe(0)
    expect(statusOf([FAILED], [{}])).toBe(0)
    expect(statusOf([FAILED], [{ ...FAILED, digest: 'e'.repeat(64) }])).toBe(0)
  })

  test('is 1 where anything was lost', () => {
    expect(statusOf([{}], [FAILED])).toBe(1)
    expect(statusOf([{}], [UNDECIDED])).toBe(1)
    expect(statusOf([FAILED], [{ ...FAILED, score: 40 }])).toBe(1)
    expect(statusOf([{}, { seed: 2 }], [{}])).toBe(1)
  })

  test('is 4 where a drill is unsafe, also one that was unsafe before', () => {
    expect(statusOf([UNSAFE], [UNSAFE])).toBe(4)
    expect(statusOf([{}, { seed: 2, ...UNSAFE }], [FAILED, { seed: 2, ...UNSAFE }])).toBe(4)
    expect(statusOf([UNSAFE], [UNSAFE], { update: true })).toBe(4)
  })

  test('of a drill that is not in the baseline is that of its verdict, a loss counting before what decides nothing', () => {
    expect(statusOf([{}], [{}, { seed: 2 }])).toBe(0)
    expect(statusOf([{}], [{}, { seed: 2, ...FAILED }])).toBe(1)
    expect(statusOf([{}], [{}, { seed: 2, ...UNDECIDED }])).toBe(1)
  })

  test('is 0 for a run that becomes the baseline', () => {
    expect(statusOf(null, [{}, { seed: 2, ...FAILED }], { update: true })).toBe(0)
    expect(statusOf([{}], [FAILED], { update: true })).toBe(0)
  })

  test('keeps to --fail-under, whatever the baseline has', () => {
    expect(statusOf([{ score: 80 }], [{ score: 80 }], { failUnder: 90 })).toBe(1)
    expect(statusOf([{ score: 80 }], [{ score: 80 }], { failUnder: 80 })).toBe(0)
    expect(statusOf([FAILED], [FAILED], { failUnder: 90 })).toBe(0)
  })
})

test('whatever comes out: 4 where a drill is unsafe, else 1 where anything was lost, else 0', () => {
  const finished = runs.map((list) => list.filter(({ verdict }) => verdict !== 'error'))
  fc.assert(
    fc.property(finished, finished, (before, now) => {
      const baseline = updatedBaseline(null, before.map(variant), ALL)
      const gate = { baseline, asked: ALL, update: false }
      const { comparison, exitStatus } = judgeAgainst(now.map(variant), gate, null)
      const isUnsafe = now.some(({ verdict }) => verdict === 'unsafe')
      expect(exitStatus).toBe(isUnsafe ? 4 : comparison.losses > 0 ? 1 : 0)
      const updated = judgeAgainst(now.map(variant), { ...gate, update: true }, null)
      expect(updated.exitStatus).toBe(isUnsafe ? 4 : 0)
    }),
  )
})
