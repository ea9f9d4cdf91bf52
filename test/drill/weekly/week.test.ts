import { expect, test } from 'vitest'
import { isoWeek } from '../../../src/drill/weekly/week.ts'

test.each([
  ['2026-11-24T10:15:00Z', '2026-W48', 202_648],
  ['2026-11-29T23:59:59Z', '2026-W48', 202_648],
  ['2026-11-30T00:00:00Z', '2026-W49', 202_649],
  // A week belongs to the year of its Thursday.
  ['2027-01-03T12:00:00Z', '2026-W53', 202_653],
  ['2027-01-04T00:00:00Z', '2027-W01', 202_701],
  ['2024-12-30T00:00:00Z', '2025-W01', 202_501],
])('%s lies in %s', (at, name, seed) => {
  expect(isoWeek(new Date(at))).toEqual({ name, seed })
})
