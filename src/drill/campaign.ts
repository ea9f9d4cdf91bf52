/**
 * Many drills on one server: each snapshot is loaded once into a template, each drill gets clones of it. Scores and
 * reports are made of the journals alone, and stand in the run directory as soon as the drill is finished.
 */
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { DrillError } from '../foundation/errors.ts'
import { checkEngine, type EngineChoice, type ProgramSetting } from '../recovery/engines.ts'
import type { Comparison } from '../report/compare.ts'
import type { Report } from '../report/report-json.ts'
import { renderJunit } from '../report/junit.ts'
import { renderSummary } from '../report/summary.ts'
import type { Server } from '../sandbox/sandbox.ts'
import { openServer } from '../sandbox/server.ts'
import type { Scenario } from '../scenario/scenario.ts'
import type { ExtraSql } from './extra-sql.ts'
import { judgeAgainst, type RegressionGate } from './gate.ts'
import { type DrillInputs, drillInputs, type LoadedSnapshot, loadInputs } from './inputs.ts'
import { type LoadedTemplate, loadTemplate, playDrill } from './play.ts'
import { RunDirectory } from './run-directory.ts'
import { statusOf, worstStatus } from './status.ts'

/** A scenario of a campaign. */
export interface CampaignScenario {
  readonly scenario: Scenario
  readonly path: string
  /** Named on the command line: a role that is bound to nothing is then an input error, else `inconclusive`. */
  readonly namedExplicitly: boolean
}

/** Everything is said: a campaign has no defaults of its own. `drill()` has. */
export interface CampaignOptions {
  readonly scenarios: readonly CampaignScenario[]
  /** Overrides the snapshot that each scenario names; null = theirs. */
  readonly snapshot: string | null
  readonly engine: EngineChoice
  readonly setting: ProgramSetting
  /** SQL text that is run in the sandbox after the snapshot is loaded; null = none. */
  readonly extraSql: ExtraSql | null
  /** `auto`, `embedded`, `container`, or a URL. */
  readonly postgres: string
  readonly image: string | null
  /** Each scenario is played with each of them; at least one, none twice. */
  readonly seeds: readonly number[]
  /** `captured`, `busiest`, or `Mon 10:00`. */
  readonly start: string
  /** Run directory; null = `.queue-drill/runs/<time>-<name>`. */
  readonly out: string | null
  /** A drill that passes with a lower score counts as failed; null = no such limit. */
  readonly failUnder: number | null
  /** What the run is compared with; null = its verdicts alone count. */
  readonly gate: RegressionGate | null
  /** Wall time at which the run began: names the directory, nothing else. */
  readonly startedAt: Date
  readonly signal: AbortSignal
  readonly onProgress: (progress: CampaignProgress) => void
  /** After each drill, in order. */
  readonly onDrill: (result: DrillResult) => void
}

/** How far a run is. */
export interface CampaignProgress {
  /** null while the server starts. */
  readonly scenario: string | null
  readonly phase: 'postgres' | 'load' | 'simulate' | 'twins' | 'score'
  /** 0..1 of the phase. */
  readonly share: number
  /** Virtual ms. */
  readonly virtualAt?: number
}

/** A drill of a campaign that is finished. */
export interface DrillResult {
  readonly report: Report
  /** Where its files will stand. */
  readonly directory: string
}

/** A campaign that is finished; its directory is whole. */
export interface CampaignResult {
  readonly results: readonly DrillResult[]
  readonly exitStatus: number
  readonly directory: string
  /** Null without a gate. */
  readonly comparison: Comparison | null
}

/**
 * Plays every scenario with every seed on one server and writes the run directory. Rejects with DrillError: `input`,
 * `harness`, `interrupted`; what was finished by then stays in the directory's `….incomplete`.
 */
export async function runCampaign(options: CampaignOptions): Promise<CampaignResult> {
  const campaign = await Campaign.prepare(options)
  return campaign.run()
}

interface Planned {
  readonly inputs: DrillInputs
  readonly loaded: LoadedSnapshot
}

class Campaign {
  readonly #o: CampaignOptions
  readonly #planned: readonly Planned[]

  private constructor(options: CampaignOptions, planned: readonly Planned[]) {
    this.#o = options
    this.#planned = planned
  }

  /** Reads and checks all input before anything starts. */
  static async prepare(options: CampaignOptions): Promise<Campaign> {
    await checkEngine(options.engine)
    const snapshots = new Map<string, LoadedSnapshot>()
    const planned: Planned[] = []
    for (const { scenario, path, namedExplicitly } of options.scenarios) {
      const name = options.snapshot ?? scenario.snapshot
      const loaded = snapshots.get(name) ?? (await loadInputs(name))
      snapshots.set(name, loaded)
      for (const seed of options.seeds) {
        const inputs = drillInputs(loaded, scenario, seed, options.start)
        if (namedExplicitly && inputs.unbound.length > 0) {
          const reasons = inputs.unbound.map(({ reason }) => reason).join('; ')
          throw new DrillError('input', `${path} cannot run on ${loaded.snapshot.name}: ${reasons}`)
        }
        const { extraSql } = options
        planned.push({
          inputs: { ...inputs, ...(extraSql !== null && { extraSqlSha256: extraSql.sha256 }) },
          loaded,
        })
      }
    }
    return new Campaign(options, planned)
  }

  async run(): Promise<CampaignResult> {
    const { out, startedAt } = this.#o
    const started = performance.now()
    const name = this.#o.scenarios.length === 1 ? this.#o.scenarios[0]!.scenario.name : 'campaign'
    const directory = await RunDirectory.create(out, name, startedAt)
    const results: DrillResult[] = []
    try {
      await this.#drills(directory, results)
    } catch (error) {
      if (results.length === 0) await directory.remove()
      throw error
    }
    const reports = results.map(({ report }) => report)
    const { exitStatus, comparison } = this.#judge(reports)
    const seconds = (performance.now() - started) / 1000
    await directory.write('summary.json', renderSummary(reports, seconds))
    const accepted = this.#o.gate?.update === true
    await directory.write('junit.xml', renderJunit(reports, accepted ? null : comparison))
    await directory.complete()
    return { results, exitStatus, directory: directory.path, comparison }
  }

  #judge(reports: readonly Report[]): Pick<CampaignResult, 'exitStatus' | 'comparison'> {
    const { gate, failUnder } = this.#o
    if (gate !== null) return judgeAgainst(reports, gate, failUnder)
    const statuses = reports.map((report) => statusOf(report, failUnder))
    return { exitStatus: worstStatus(statuses), comparison: null }
  }

  /** Adds each result as soon as it is there: what is finished counts even if the next one is cut off. */
  async #drills(directory: RunDirectory, results: DrillResult[]): Promise<void> {
    const { postgres, image, signal, onProgress } = this.#o
    onProgress({ scenario: null, phase: 'postgres', share: 0 })
    await using server = await openServer(postgres, image === null ? {} : { image })
    const templates = new Map<LoadedSnapshot, LoadedTemplate>()
    for (const { inputs, loaded } of this.#planned) {
      if (signal.aborted) throw new DrillError('interrupted', 'interrupted')
      const template = templates.get(loaded) ?? (await this.#load(server, inputs))
      templates.set(loaded, template)
      results.push(await this.#one(server, template, inputs, directory))
    }
  }

  async #load(server: Server, { snapshot, scenario }: DrillInputs): Promise<LoadedTemplate> {
    const { onProgress } = this.#o
    const show = (share: number) => onProgress({ scenario: scenario.name, phase: 'load', share })
    show(0)
    const loaded = await loadTemplate(server, snapshot, this.#o.extraSql)
    show(1)
    return loaded
  }

  async #one(
    server: Server,
    loaded: LoadedTemplate,
    inputs: DrillInputs,
    directory: RunDirectory,
  ): Promise<DrillResult> {
    const { engine, setting, signal, onProgress, onDrill } = this.#o
    const { name } = inputs.scenario
    const folder = this.#o.seeds.length === 1 ? name : `${name}-seed-${inputs.seed}`
    const { report } = await playDrill({
      inputs,
      engine,
      setting,
      server,
      loaded,
      directory: directory.drill(folder),
      signal,
      onProgress: (phase, share, virtualAt) =>
        onProgress({
          scenario: name,
          phase,
          share,
          ...(virtualAt !== undefined && { virtualAt }),
        }),
    })
    const result = { report, directory: join(directory.path, folder) }
    onDrill(result)
    return result
  }
}
