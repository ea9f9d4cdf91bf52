import { describe, expect, test } from 'vitest'
import { create } from 'xmlbuilder2'
import { renderJunit } from '../../src/report/junit.ts'
import type { Report } from '../../src/report/report-json.ts'
import { failed, inconclusive, passed, unsafe } from './sample.ts'

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

function suitesOf(...reports: readonly Report[]): readonly Suite[] {
  const parsed = create(renderJunit(reports)).end({ format: 'object' }) as unknown as {
    testsuites: { testsuite: Suite | readonly Suite[] }
  }
  return [parsed.testsuites.testsuite].flat()
}

describe('junit.xml', () => {
  test('has a suite a drill and a case a gate and criterion, under names that stay', () => {
    const [suite] = suitesOf(passed())
    expect(suite).toMatchObject({
      '@name': 'queue-drill.by-hand',
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
