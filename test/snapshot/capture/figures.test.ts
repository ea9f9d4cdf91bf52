/** What is estimated is close to what was drawn. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { HOUR } from '../../../src/foundation/time.ts'
import { DURATION_PROBABILITIES } from '../../../src/queue-job/workload.ts'
import { durationQuantiles } from '../../../src/snapshot/capture/durations.ts'
import { valueMasks } from '../../../src/snapshot/capture/mask-values.ts'
import { failureMix } from '../../../src/snapshot/capture/failures.ts'
import { ratesOf } from '../../../src/snapshot/capture/rates.ts'
import { recordPool } from '../../../src/snapshot/capture/recent.ts'

/** The server's side of it: `durationBucketSql`. */
function histogramOf(runs: readonly number[]) {
  const buckets = new Map<number, number>()
  for (const ms of runs) {
    const step = Math.round(25 * Math.log(Math.max(ms, 1)))
    buckets.set(step, (buckets.get(step) ?? 0) + 1)
  }
  return { buckets, leastMs: Math.min(...runs), mostMs: Math.max(...runs) }
}

test('quantiles of a histogram never fall, keep both ends, and miss by no more than a step', () => {
  const runs = fc.array(fc.double({ min: 1, max: 4e6, noNaN: true }), {
    minLength: 1,
    maxLength: 300,
  })
  fc.assert(
    fc.property(runs, (list) => {
      const sorted = list.toSorted((left, right) => left - right)
      const quantiles = durationQuantiles(histogramOf(list))
      expect(quantiles).toEqual(quantiles.toSorted((left, right) => left - right))
      expect(quantiles[0]).toBe(Math.round(sorted[0]!))
      expect(quantiles.at(-1)).toBe(Math.round(sorted.at(-1)!))
      for (const [index, probability] of DURATION_PROBABILITIES.entries()) {
        if (probability === 0) continue
        const exact = sorted[Math.max(0, Math.ceil(probability * sorted.length - 1e-9) - 1)]!
        expect(Math.abs(quantiles[index]! - exact)).toBeLessThanOrEqual(0.045 * exact + 1)
      }
    }),
  )
})

describe('rates', () => {
  /** Tuesday, 10:00. */
  const now = Date.parse('2026-11-17T10:00Z')

  test('of whole weeks give back what was there', () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat(500), { minLength: 168, maxLength: 168 }),
        fc.integer({ min: 1, max: 13 }),
        (perHour, weeks) => {
          const start = now - weeks * 168 * HOUR
          const hours = new Map<number, number>()
          for (let at = start; at < now; at += HOUR) {
            const jobs = perHour[((at - start) / HOUR) % 168]!
            if (jobs > 0) hours.set(at / HOUR, jobs)
          }
          // A function that begins late counts from there; else the sum of a week is the sum of a week.
          const { ratePerHour, since } = ratesOf(hours, start, now)
          if (since > start) return
          const sum = (list: readonly number[]) => list.reduce((total, each) => total + each, 0)
          expect(Math.abs(sum(ratePerHour) - sum(perHour))).toBeLessThan(0.1)
        },
      ),
    )
  })

  test('of hours that no week covers are those of the same hour on other days', () => {
    const start = now - 48 * HOUR
    const hours = new Map<number, number>()
    for (let at = start; at < now; at += HOUR) hours.set(at / HOUR, new Date(at).getUTCHours())
    const { ratePerHour } = ratesOf(hours, start, now)
    expect(ratePerHour).toEqual(Array.from({ length: 168 }, (_, hour) => hour % 24))
  })

  test('of a function that is new count from its first job', () => {
    const hours = new Map<number, number>()
    for (let at = now - 7 * 24 * HOUR; at < now; at += HOUR) hours.set(at / HOUR, 5)
    const { ratePerHour } = ratesOf(hours, now - 60 * 24 * HOUR, now)
    expect(new Set(ratePerHour)).toEqual(new Set([5]))
  })
})

test('a pool of records is found from how often jobs meet the same one', () => {
  const pool = 400
  for (const jobs of [200, 1000, 20_000]) {
    const records = pool * (1 - Math.exp(-jobs / pool))
    expect(recordPool({ model: 'a', method: 'b', jobs, runs: jobs, spanMs: 1, records })).toBe(pool)
  }
  expect(recordPool({ model: 'a', method: 'b', jobs: 100, runs: 1, spanMs: 1, records: 100 })).toBe(
    null,
  )
})

describe('failures', () => {
  const mix = (groups: Parameters<typeof failureMix>[0], jobs = 100) =>
    failureMix(groups, { weeks: 2, jobs, masks: valueMasks(null) })

  test('of one cause are one line, whatever varies in them; older weeks do not count', () => {
    const group = { excName: 'odoo.exceptions.UserError', week: 0, rows: 3 }
    expect(
      mix([
        { ...group, sample: 'Order SO1 is locked' },
        { ...group, sample: 'Order SO2 is locked', week: 1 },
        { ...group, sample: 'Order SO3 is locked', week: 2 },
        {
          excName: null,
          sample: '  File "x.py"\n    f()\nValueError: no such thing',
          week: 0,
          rows: 1,
        },
      ]),
    ).toEqual([
      { excName: 'odoo.exceptions.UserError', excMessage: 'Order SO1 is locked', share: 0.06 },
      { excName: 'ValueError', excMessage: 'no such thing', share: 0.01 },
    ])
  })

  test('never sum to more than 1, even where jobs were deleted', () => {
    const groups = ['A', 'B', 'C'].map((excName) => ({ excName, sample: '', week: 0, rows: 7 }))
    const sum = mix(groups, 0).reduce((total, { share }) => total + share, 0)
    expect(sum).toBeLessThanOrEqual(1)
    expect(sum).toBeGreaterThan(0.99)
  })
})
