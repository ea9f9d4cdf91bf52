/** Bugs that drills have found, each with its seed. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { drillInputs, loadInputs, type LoadedSnapshot } from '../../src/drill/inputs.ts'
import { runDrill } from '../../src/drill/run-drill.ts'
import { MINUTE } from '../../src/foundation/time.ts'
import type { EffectEvent, Journal } from '../../src/journal/events.ts'
import { inProcess } from '../../src/recovery/engines.ts'
import { createRunbookEngine } from '../../src/recovery/runbook/engine.ts'
import type { Server, Template } from '../../src/sandbox/sandbox.ts'
import { openServer } from '../../src/sandbox/server.ts'
import { bundledScenarios } from '../../src/scenario/bundled.ts'
import { parseScenario, readText } from '../../src/scenario/scenario-file.ts'
import { loadSnapshot } from '../../src/snapshot/load.ts'

let loaded: LoadedSnapshot
let server: Server
let template: Template

beforeAll(async () => {
  loaded = await loadInputs('company-25k')
  server = await openServer('embedded')
  template = await server.template((client) => loadSnapshot(loaded.snapshot, client))
})

afterAll(async () => {
  await template?.[Symbol.asyncDispose]()
  await server?.[Symbol.asyncDispose]()
})

async function drill(name: string, seed: number, durationMs: number): Promise<Journal> {
  const { path } = (await bundledScenarios()).find((each) => each.name === name)!
  const scenario = { ...parseScenario(await readText(path), path), durationMs }
  await using database = await template.clone({ timeZone: 'UTC' })
  await using engine = inProcess(createRunbookEngine())
  return await runDrill({
    inputs: drillInputs(loaded, scenario, seed, 'busiest'),
    run: 'drill',
    engine,
    database,
    until: null,
    signal: new AbortController().signal,
    onTraffic: () => undefined,
    onProgress: () => undefined,
  })
}

test('seed 10: a dead job that carries a value does not write it over a newer one', async () => {
  const { events } = await drill('restart-leftovers', 10, 40 * MINUTE)
  const newest = new Map<string, number>()
  const stale: EffectEvent[] = []
  for (const event of events) {
    if (event.type !== 'effect' || event.effect !== 'set') continue
    const before = newest.get(event.key) ?? -Infinity
    if (event.valueAt < before && event.cause.startsWith('engine:')) stale.push(event)
    newest.set(event.key, Math.max(before, event.valueAt))
  }
  expect(events.some(({ type }) => type === 'write')).toBe(true)
  expect(stale).toEqual([])
})
