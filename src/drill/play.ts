/** Plays one drill to its report. With a directory its files are written there; without one nothing is left. */
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { isoUtc } from '../foundation/time.ts'
import type { JournalSet } from '../journal/events.ts'
import { journalDigest } from '../journal/file.ts'
import type { ProgramSetting } from '../recovery/engines.ts'
import type { Output } from '../recovery/process/output-log.ts'
import { renderOutput } from '../report/engine-log.ts'
import { buildReport, type EngineOutput, type Report } from '../report/report-json.ts'
import { renderNotes } from '../report/notes.ts'
import type { Server, Template } from '../sandbox/sandbox.ts'
import { scoreDrill } from '../scoring/score-drill.ts'
import { loadSnapshot } from '../snapshot/load.ts'
import type { Snapshot } from '../snapshot/open.ts'
import { type DrillEngine, performDrill } from './drill.ts'
import { type ExtraSql, runExtraSql } from './extra-sql.ts'
import type { DrillInputs } from './inputs.ts'
import { REPORT_FILE, type RunFile, StatementLog, writeJournals } from './run-directory.ts'

/** A snapshot in the sandbox, and the wall seconds that this took. */
export interface LoadedTemplate {
  readonly template: Template
  readonly seconds: number
}

/** `extraSql`: SQL of the user's own, run after the load; null = none. */
export async function loadTemplate(
  server: Server,
  snapshot: Snapshot,
  extraSql: ExtraSql | null,
): Promise<LoadedTemplate> {
  const started = performance.now()
  const template = await server.template(async (client, connect) => {
    // Like the server, the tables are thrown away: a crash ends the drill anyway.
    await loadSnapshot(snapshot, client, { connect, unlogged: true })
    if (extraSql !== null) await runExtraSql(client, extraSql)
  })
  return { template, seconds: (performance.now() - started) / 1000 }
}

export interface PlayOptions {
  readonly inputs: DrillInputs
  readonly engine: DrillEngine
  readonly setting: ProgramSetting
  readonly server: Server
  readonly loaded: LoadedTemplate
  /** Made if it is not there; null = no files. */
  readonly directory: string | null
  readonly signal: AbortSignal
  /** `share` 0..1 of the phase; `at` in virtual ms. */
  readonly onProgress: (phase: 'simulate' | 'twins' | 'score', share: number, at?: number) => void
}

export interface Played {
  readonly report: Report
  readonly journals: JournalSet
}

export async function playDrill(options: PlayOptions): Promise<Played> {
  const { inputs, engine, setting, server, loaded, directory, signal, onProgress } = options
  const started = performance.now()
  if (directory !== null) await mkdir(directory, { recursive: true })
  await using statements = directory === null ? null : new StatementLog(directory)
  const { journals, simulateSeconds, output } = await performDrill({
    inputs,
    engine,
    setting,
    template: loaded.template,
    signal,
    onTraffic: (check, at, traffic) => statements?.add(check, at, traffic),
    onProgress,
  })
  onProgress('score', 0)
  const score = scoreDrill(journals)
  const total = (performance.now() - started) / 1000 + loaded.seconds
  const facts = {
    postgres: { kind: server.kind, version: server.version, reason: server.reason },
    wall: { load: loaded.seconds, simulate: simulateSeconds, total },
    output: output === null ? null : printed(output),
  }
  const { header } = journals.drill
  if (directory === null) {
    const digest = journalDigest(journals.drill)
    return { report: buildReport(score, header, { ...facts, digest }), journals }
  }
  const run: RunFile = { ...facts, ...(await writeJournals(directory, journals)) }
  const report = buildReport(score, header, run)
  await writeFile(join(directory, 'run.json'), `${JSON.stringify(run, null, 2)}\n`)
  await writeFile(join(directory, REPORT_FILE), `${JSON.stringify(report, null, 2)}\n`)
  await writeFile(join(directory, 'notes.md'), renderNotes(journals.drill, report))
  if (run.output !== null) {
    await writeFile(join(directory, 'engine.log'), renderOutput(run.output, header.startedAt))
  }
  return { report, journals }
}

function printed({ lines, cut }: Output): EngineOutput {
  return { lines: lines.map((line) => ({ ...line, at: isoUtc(line.at) })), cut }
}
