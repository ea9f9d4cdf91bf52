import { readFile } from 'node:fs/promises'
import { describe, expect, test } from 'vitest'
import { bundledScenarios } from '../../src/scenario/bundled.ts'
import { weeklyJsonSchema } from '../../src/drill/weekly/config-schema.ts'
import { operationsJsonSchema } from '../../src/scenario/operations-schema.ts'
import { parseScenario } from '../../src/scenario/scenario-file.ts'
import { scenarioJsonSchema } from '../../src/scenario/scenario-schema.ts'

const bundled = await bundledScenarios()

test('five scenarios are bundled', () => {
  expect(bundled.map(({ name }) => name)).toEqual([
    'dead-webhook',
    'missing-credential',
    'quiet-day',
    'restart-leftovers',
    'timeout-after-effect',
  ])
})

describe.each(bundled)('$name', ({ name, path }) => {
  test('is valid', async () => {
    expect(parseScenario(await readFile(path, 'utf8'), path).name).toBe(name)
  })

  test('opens with its schema and a story for an operator', async () => {
    const lines = (await readFile(path, 'utf8')).split('\n')
    expect(lines[0]).toBe('# yaml-language-server: $schema=./scenario.schema.json')
    const story = lines.slice(
      1,
      lines.findIndex((line) => !line.startsWith('#')),
    )
    expect(story.join(' ').length).toBeGreaterThan(300)
  })

  test('has two or three hints for a game day', async () => {
    const { hints } = parseScenario(await readFile(path, 'utf8'), path)
    expect([2, 3]).toContain(hints.length)
    expect(hints.filter((hint) => !/[.?]$/.test(hint))).toEqual([])
  })

  test('lets the queue run undisturbed for five minutes first', async () => {
    const { faults } = parseScenario(await readFile(path, 'utf8'), path)
    for (const fault of faults) expect(fault.fromMs).toBeGreaterThanOrEqual(300_000)
  })
})

describe('the committed JSON Schema is current (else: npm run schemas)', () => {
  test.each([
    ['scenario', scenarioJsonSchema()],
    ['operations', operationsJsonSchema()],
    ['queue-drill', weeklyJsonSchema()],
  ])('%s', async (kind, schema) => {
    const path = new URL(`../../scenarios/${kind}.schema.json`, import.meta.url)
    expect(JSON.parse(await readFile(path, 'utf8'))).toEqual(schema)
  })

  test('keeps to draft 7, which editors understand', () => {
    expect(scenarioJsonSchema()).toMatchObject({
      $schema: 'http://json-schema.org/draft-07/schema#',
      additionalProperties: false,
      required: ['title', 'summary', 'snapshot'],
    })
  })
})
