import { describe, expect, test } from 'vitest'
import { updatedBaseline } from '../../src/report/baseline.ts'
import { compareWithBaseline } from '../../src/report/compare.ts'
import { renderComparison } from '../../src/report/comparison-table.ts'
import type { Report } from '../../src/report/report-json.ts'
import { variant } from './variants.ts'

const ALL = { scenarios: null, seeds: null }
const OPTIONS = {
  color: false,
  path: 'baseline.json',
  updateCommand: 'queue-drill run --against baseline.json --update',
  updated: false,
}

function table(
  before: readonly Report[],
  now: readonly Report[],
  options: Partial<typeof OPTIONS> = {},
  asked: { scenarios: string[] | null; seeds: null } = ALL,
): string {
  const comparison = compareWithBaseline(now, updatedBaseline(null, before, ALL), asked)
  return renderComparison(comparison, { ...OPTIONS, ...options })
}

/** Cells of the rows below the head. */
function rows(text: string): string[][] {
  return text
    .split('\n')
    .filter((line) => line.startsWith('│'))
    .slice(1)
    .map((line) =>
      line
        .split('│')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    )
}

describe('the table of a comparison', () => {
  test('is one line where nothing is different', () => {
    expect(table([variant()], [variant()])).toBe(
      'against baseline.json: nothing is different in 1 drill',
    )
  })

  test('shows losses first, then gains, then changes, and how to accept them', () => {
    const text = table(
      [
        variant({ scenario: 'a', score: 90 }),
        variant({ scenario: 'b', speed: { recoveredAfter: 600 } }),
      ],
      [
        variant({ scenario: 'a', score: 95, digest: 'e'.repeat(64) }),
        variant({ scenario: 'b', speed: { recoveredAfter: 6000 } }),
      ],
    )
    expect(text.split('\n')[0]).toBe('against baseline.json: 1 loss, 1 gain, 1 change in 2 drills')
    expect(rows(text)).toEqual([
      ['loss', 'b', '1', 'recovered after', '10m', '1h 40m', 'at the latest 15m'],
      ['gain', 'a', '1', 'score', '90', '95', ''],
      [
        'change',
        'a',
        '1',
        'digest',
        'd'.repeat(12),
        'e'.repeat(12),
        'same inputs: the engine acts differently, or queue-drill is another',
      ],
    ])
    expect(text).toMatch(/\nif this is meant: queue-drill run --against baseline\.json --update$/)
  })

  test('a gain is told with the command that makes it the baseline', () => {
    const text = table([variant({ score: 90 })], [variant({ score: 95 })])
    expect(text).toMatch(
      /\nmake it the baseline: queue-drill run --against baseline\.json --update$/,
    )
  })

  test('counts the drills that were not asked for', () => {
    const before = [variant({ scenario: 'a' }), variant({ scenario: 'b' })]
    const asked = { scenarios: ['a'], seeds: null }
    expect(table(before, [variant({ scenario: 'a' })], {}, asked)).toBe(
      'against baseline.json: nothing is different in 1 drill; 1 more in it not asked for',
    )
  })

  test('a baseline that was written names the drills in it that did not pass', () => {
    const now = [variant(), variant({ scenario: 'b', verdict: 'unsafe' })]
    expect(table([], now, { updated: true })).toMatch(
      /\nbaseline\.json is written: it holds drills that did not pass: b \(seed 1\) unsafe$/,
    )
    expect(table([variant()], [variant()], { updated: true })).toMatch(
      /\nbaseline\.json is written: every drill of this run passed$/,
    )
  })

  test('names of engines cannot steer the terminal, colours come only where they are wanted', () => {
    const before = [variant({ engine: 'runbook' })]
    const now = [variant({ engine: '\u001B[2Jmine', digest: 'e'.repeat(64) })]
    expect(table(before, now)).not.toContain('\u001B')
    expect(table(before, now, { color: true })).toContain('\u001B[33m')
  })
})
