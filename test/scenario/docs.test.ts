/** What docs/scenarios.md shows is true. */
import { readFile } from 'node:fs/promises'
import { describe, expect, test } from 'vitest'
import { parseOperations } from '../../src/scenario/operations-file.ts'
import { operationsJsonSchema } from '../../src/scenario/operations-schema.ts'
import { parseScenario } from '../../src/scenario/scenario-file.ts'
import { scenarioJsonSchema } from '../../src/scenario/scenario-schema.ts'

const guide = await readFile(new URL('../../docs/scenarios.md', import.meta.url), 'utf8')
const [first, automations, operations] = [...guide.matchAll(/```yaml\n([^]*?)```/g)].map(
  ([, block]) => block!,
)

test('the first scenario of the guide is valid, and so is its automation', () => {
  expect(parseScenario(`${first}${automations}`, 'guide.yaml')).toMatchObject({
    name: 'guide',
    faults: [{ kind: 'target-slow', roles: ['label'], factor: 8 }],
    automations: [{ name: 'requeue-failed', newerThanMs: 86_400_000 }],
  })
})

test('the operations file of the guide is valid', () => {
  expect(parseOperations(operations!, 'operations.yaml').functions).toHaveProperty([
    'sale.order.push_status',
  ])
})

test('the error that the guide shows is the one that comes', () => {
  const [, shown] = /```\n(mine\.yaml:.*)\n```/.exec(guide)!
  expect(() => parseScenario(first!.replace('until:', 'untill:'), 'mine.yaml')).toThrow(shown!)
})

/** Every key that a schema allows, at any depth. */
function keysOf(schema: unknown): string[] {
  if (typeof schema !== 'object' || schema === null) return []
  return Object.entries(schema).flatMap(([name, part]: [string, unknown]) => [
    ...(name === 'properties' ? Object.keys(part as object) : []),
    ...keysOf(part),
  ])
}

describe('the guide names every key that there is', () => {
  test.each([
    ['scenario', scenarioJsonSchema(), 'scaleDelay'],
    ['operations', operationsJsonSchema(), 'retention'],
  ])('of the %s file', (_kind, schema, deepest) => {
    const keys = new Set(keysOf(schema))
    expect(keys).toContain(deepest)
    const unnamed = [...keys].filter((key) => !new RegExp(`\\b${key}\\b`).test(guide))
    expect(unnamed).toEqual([])
  })
})
