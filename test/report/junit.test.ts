import { describe, expect, test } from 'vitest'
import { create } from 'xmlbuilder2'
import { renderJunit } from '../../src/report/junit.ts'
import fc from 'fast-check'
import { updatedBaseline } from '../../src/report/baseline.ts'
import { compareWithBaseline, type Comparison } from '../../src/report/compare.ts'
import type { Report } from '../../src/report/report-json.ts'
import { failed, inconclusive, passed, unsafe } from './sample.ts'
import { runs, variant, type Variant } from './variants.ts'

interface Case {
  readonly '@name': string
  readonly '@classname': string
  readonly failure?: { readonly '@message': string; readonly '#': string }
  readonly skipped?: { readonly '@message': string }
  readonly error?: { readonly '@message': string }
}
interface Suite {
  readonly '@name': string
  readonly '@tests': string
  readonly '@failures': string
  readonly '@errors': string
  readonly '@skipped': string
  readonly '@time': string
  readonly properties: { readonly property: readonly Record<'@name' | '@value', string>[] }
  readonly testcase: readonly Case[]
}

const ALL = { scenarios: null, seeds: null }

function suitesOf(...reports: readonly Report[]): readonly Suite[] {
  return parsed(reports, null)
}

function suitesAgainst(before: readonly Report[], now: readonly Report[]): readonly Suite[] {
  return parsed(now, compareWithBaseline(now, updatedBaseline(null, before, ALL), ALL))
}

function parsed(reports: readonly Report[], comparison: Comparison | null): readonly Suite[] {
  const parsed = create(renderJunit(reports, comparison)).end({ format: 'object' }) as unknown as {
    testsuites: { testsuite: Suite | readonly Suite[] }
  }
  return [parsed.testsuites.testsuite].flat()
}

describe('junit.xml', () => {
  test('has a suite a drill and a case a gate and criterion, under names that stay', () => {
    const [suite] = suitesOf(passed())
    expect(suite).toMatchObject({
      '@name': 'queue-drill.by-hand.seed-1',
      '@tests': '8',
      '@failures': '0',
      '@errors': '0',
      '@skipped': '0',
      '@time': '3.040',
    })
    expect(suite!.testcase.map((one) => one['@name'])).toEqual([
      'engine',
      'no-duplicates',
      'nothing-lost',
      'not-tampered',
      'E1',
      'E2',
      'E3',
      'E4',
    ])
  })

  test('carries seed, engine, snapshot hash and score as properties', () => {
    const [suite] = suitesOf(passed())
    const properties = Object.fromEntries(
      suite!.properties.property.map((one) => [one['@name'], one['@value']]),
    )
    expect(properties).toMatchObject({
      verdict: 'pass',
      score: '100',
      engine: 'by-hand',
      seed: '1',
      snapshotSha256: 'a'.repeat(64),
      postgres: 'embedded 18.4',
    })
  })

  test('a broken gate is a failure with its evidence', () => {
    const [suite] = suitesOf(unsafe())
    expect(suite!['@failures']).toBe('1')
    const [broken] = suite!.testcase.filter(({ failure }) => failure !== undefined)
    expect(broken!['@name']).toBe('no-duplicates')
    expect(broken!.failure!['#']).toContain('engine write 6')
  })

  test('an engine that threw is a failure, and what it printed cannot break the file', () => {
    const [suite] = suitesOf(failed())
    const [engine] = suite!.testcase
    expect(engine!.failure!['#']).toContain('engine-threw: Error: \uFFFD[31mno')
    expect(suite!['@failures']).toBe('1')
  })

  test('an inconclusive drill is skipped with its reason, one that was not finished is an error', () => {
    const [skipped, broken] = suitesOf(inconclusive(), {
      ...passed(),
      verdict: 'error',
      reasons: ['disk full'],
    })
    expect(skipped).toMatchObject({ '@failures': '0', '@skipped': '8' })
    expect(skipped!.testcase[0]!.skipped!['@message']).toContain('The fault never bit')
    expect(broken).toMatchObject({ '@errors': '8', '@skipped': '0' })
    expect(broken!.testcase[0]!.error!['@message']).toBe('disk full')
  })
})

describe('junit.xml against a baseline', () => {
  const only = (before: Variant, now: Variant): Suite =>
    suitesAgainst([variant(before)], [variant(now)])[0]!
  const caseOf = ({ testcase }: Suite, name: string): Case =>
    testcase.find((one) => one['@name'] === name)!

  test('has the figures as further cases, which pass where nothing was lost', () => {
    const suite = only({}, {})
    expect(suite).toMatchObject({ '@tests': '19', '@failures': '0', '@skipped': '0' })
    expect(suite.testcase.map((one) => one['@name']).slice(8)).toEqual([
      'baseline.verdict',
      'baseline.score',
      'baseline.duplicates',
      'baseline.staleOverwrites',
      'baseline.lost',
      'baseline.undecided',
      'baseline.duplicatesNotByEngine',
      'baseline.detectedAfter',
      'baseline.mitigatedAfter',
      'baseline.recoveredAfter',
      'baseline.slaShare',
    ])
  })

  test('a loss is a failure with the figure of the baseline and that of now', () => {
    const suite = only({ speed: { recoveredAfter: 5040 } }, { speed: { recoveredAfter: 7500 } })
    expect(suite['@failures']).toBe('1')
    expect(caseOf(suite, 'baseline.recoveredAfter').failure).toEqual({
      '@message': 'recoveredAfter: 1h 24m in the baseline, now 2h 5m (at the latest 1h 32m)',
      '#': 'baseline: 1h 24m\nnow: 2h 5m',
    })
  })

  test('a criterion that is lost fails, one that was not met before either is skipped', () => {
    const suite = only(
      { verdict: 'fail', broken: ['E1'] },
      { verdict: 'fail', broken: ['E1', 'E2'] },
    )
    expect(caseOf(suite, 'E1').skipped!['@message']).toMatch(/: not met, as in the baseline$/)
    expect(caseOf(suite, 'E2').failure!['@message']).toMatch(/: not met \(baseline: held\)$/)
    expect(suite).toMatchObject({ '@failures': '1', '@skipped': '1' })
  })

  test('a gate that was broken before fails all the same', () => {
    const broken = { verdict: 'unsafe', broken: ['no-duplicates'] } as const
    const suite = only(broken, broken)
    expect(caseOf(suite, 'no-duplicates').failure!['@message']).toMatch(/: not met$/)
  })

  test('a drill that decides nothing any more is skipped but for its verdict', () => {
    const suite = suitesAgainst([passed()], [inconclusive()])[0]!
    expect(suite).toMatchObject({ '@tests': '9', '@failures': '1', '@skipped': '8' })
    expect(caseOf(suite, 'baseline.verdict').failure!['@message']).toBe(
      'verdict: pass in the baseline, now inconclusive (nothing is proven any more)',
    )
  })

  test('a drill that is missing fails under its name', () => {
    const [, missing] = suitesAgainst(
      [variant(), variant({ scenario: 'gone', seed: 7 })],
      [variant()],
    )
    expect(missing).toMatchObject({ '@name': 'queue-drill.gone.seed-7', '@failures': '1' })
    expect([missing!.testcase].flat()[0]!['@name']).toBe('baseline.drill')
  })

  test('whatever comes out, names hold nothing but scenario, seed and what was judged', () => {
    const name = /^(engine|no-duplicates|nothing-lost|not-tampered|E[1-4]|baseline\.[a-zA-Z]+)$/
    fc.assert(
      fc.property(runs, runs, (before, now) => {
        const reports = now.map(variant)
        const baseline = updatedBaseline(null, before.map(variant), ALL)
        const comparison = compareWithBaseline(reports, baseline, ALL)
        const xml = renderJunit(reports, comparison)
        for (const [, classname, caseName] of xml.matchAll(
          /<testcase classname="([^"]*)" name="([^"]*)"/g,
        )) {
          expect(classname).toMatch(
            /^queue-drill\.(dead-webhook|missing-credential|quiet-day)\.seed-[123]$/,
          )
          expect(caseName).toMatch(name)
        }
        const failures = Number(/failures="(\d+)"/.exec(xml)![1])
        expect(comparison.losses > 0 && failures === 0).toBe(false)
      }),
      { numRuns: 40 },
    )
  })
})
