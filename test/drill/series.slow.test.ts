/** A queue of any series of Odoo is loaded as it stands and drilled to a verdict by the built-in engine. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { performDrill } from '../../src/drill/drill.ts'
import { drillInputs, loadInputs } from '../../src/drill/inputs.ts'
import { MINUTE } from '../../src/foundation/time.ts'
import type { JournalSet } from '../../src/journal/events.ts'
import { connectEngine } from '../../src/recovery/connection.ts'
import { renderScorecard } from '../../src/report/scorecard.ts'
import { buildReport } from '../../src/report/report-json.ts'
import type { Server } from '../../src/sandbox/sandbox.ts'
import { openServer } from '../../src/sandbox/server.ts'
import { bundledScenarios } from '../../src/scenario/bundled.ts'
import { parseScenario, readText } from '../../src/scenario/scenario-file.ts'
import { scoreDrill } from '../../src/scoring/score-drill.ts'
import { generateSnapshot } from '../../src/snapshot/generate/generate.ts'
import { loadSnapshot } from '../../src/snapshot/load.ts'
import { rewriteTable } from '../snapshot/rewrite-table.ts'

let root: string
let server: Server
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'queue-drill-test-'))
  server = await openServer('embedded')
})
afterAll(async () => {
  await server[Symbol.asyncDispose]()
  await rm(root, { recursive: true })
})

async function generated(series: string, profile: string): Promise<string> {
  const directory = join(root, `${series}-${profile}`)
  await generateSnapshot({ company: 'company-25k', rows: 2000, directory, series, profile })
  return directory
}

/** Every step of the runbook is taken: dead workers, a dead target, failed jobs that come back. */
async function drill(directory: string, scenarioName: string): Promise<JournalSet> {
  const loaded = await loadInputs(directory)
  const { path } = (await bundledScenarios()).find(({ name }) => name === scenarioName)!
  const scenario = { ...parseScenario(await readText(path), path), durationMs: 30 * MINUTE }
  await using template = await server.template((client, connect) =>
    loadSnapshot(loaded.snapshot, client, { connect, unlogged: true }),
  )
  const { journals } = await performDrill({
    inputs: drillInputs(loaded, scenario, 3, 'busiest'),
    engine: 'runbook',
    template,
    setting: {},
    signal: new AbortController().signal,
    onTraffic: () => undefined,
    onProgress: () => undefined,
  })
  return journals
}

const RUN = {
  postgres: { kind: 'embedded', version: '18', reason: 'test' },
  wall: { load: 1, simulate: 1, total: 2 },
  output: null,
  digest: '0',
}

describe.each([
  ['13.0', '12.0'],
  ['15.0', '2024'],
  ['18.0', '2025'],
  ['19.0', '2026'],
] as const)('Odoo %s, addon line %s', (series, line) => {
  test('a drill of its queue reaches a verdict, with every step of the engine performed', async () => {
    const set = await drill(await generated(series, line), 'restart-leftovers')
    const report = buildReport(scoreDrill(set), set.drill.header, RUN)
    expect(report.drill).toMatchObject({
      odooSeries: series,
      addonProfile: line,
      profile: '2024',
      mapping: null,
    })
    const { acts, codes } = {
      acts: set.drill.events.flatMap((event) => (event.type === 'act' ? [event.act] : [])),
      codes: report.findings.map(({ code }) => code),
    }
    expect(acts).toEqual(expect.arrayContaining(['open', 'baseline', 'decision']))
    expect(set.drill.events.filter(({ type }) => type === 'write').length).toBeGreaterThan(0)
    expect(report.verdict).not.toBe('error')
    expect(report.gates.map(({ held }) => held)).toEqual([true, true, true])

    const told = `the addon's version line is ${line}; this world plays it by the rules of 2024`
    const options = { color: false, width: 110, directory: '/runs', repeat: 'again' }
    expect(codes).toEqual(line === '2024' ? [] : ['rules-of-another-line'])
    expect(renderScorecard(report, options).includes(told)).toBe(line !== '2024')
  })
})

test('columns that differ from the series are mapped, and the report names them', async () => {
  const directory = await generated('17.0', '2024')
  const kept = (await loadInputs(directory)).snapshot.manifest.tables.queue_job.columns.filter(
    (name) => name !== 'company_id',
  )
  await rewriteTable(directory, 'queue_job', {
    columns: [...kept, 'db_txid', 'worker_hostname'],
    extra: { db_txid: 'int4', worker_hostname: 'varchar' },
    change: (row) => ({ ...row, db_txid: '7', worker_hostname: 'odoo-1' }),
  })
  const set = await drill(directory, 'quiet-day')
  const report = buildReport(scoreDrill(set), set.drill.header, RUN)
  expect(report.drill.mapping).toEqual({
    missing: { queue_job: ['company_id'] },
    added: { queue_job: { db_txid: 'int4', worker_hostname: 'varchar' } },
  })
  expect(report.findings).toEqual([])
})

test('the lock table of the addon is there for the engine to read, like the other small tables', async () => {
  const { snapshot } = await loadInputs(await generated('17.0', '2025'))
  const { rows: locks } = snapshot.manifest.tables.queue_job_lock!
  await using template = await server.template((client) => loadSnapshot(snapshot, client))
  await using clone = await template.clone({ timeZone: 'UTC' })
  const engine = await connectEngine(clone.engineUri)
  try {
    const found = await engine.query('select count(*)::int4 as locks from queue_job_lock')
    expect(found.rows).toEqual([{ locks }])
    await expect(engine.query('delete from queue_job_lock')).rejects.toMatchObject({
      code: '42501',
    })
  } finally {
    await engine.end()
  }
})
