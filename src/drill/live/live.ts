/**
 * A live drill from the snapshot to the report: the same inputs, world, twins, score and files as a drill of an engine.
 * The twins are run when it is over, with what the facilitator injected at the same virtual moments.
 */
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { DrillError } from '../../foundation/errors.ts'
import { random } from '../../foundation/random.ts'
import type { JournalSet } from '../../journal/events.ts'
import { renderJunit } from '../../report/junit.ts'
import type { Shims } from '../../recovery/program/commands/mapped.ts'
import type { Report } from '../../report/report-json.ts'
import { renderSummary } from '../../report/summary.ts'
import { openEngineDirectory } from '../../sandbox/engine-directory.ts'
import { openServer } from '../../sandbox/server.ts'
import type { Server, Template } from '../../sandbox/sandbox.ts'
import type { CampaignOptions, CampaignScenario, DrillResult } from '../campaign.ts'
import { performTwins } from '../drill.ts'
import { type DrillInputs, drillInputs, loadInputs } from '../inputs.ts'
import { judgeDrill } from '../judge-drill.ts'
import { loadTemplate } from '../play.ts'
import { RunDirectory, StatementLog } from '../run-directory.ts'
import { statusOf } from '../status.ts'
import { checkSpeed, LiveDrill } from './live-drill.ts'

export interface LiveOptions extends Pick<
  CampaignOptions,
  | 'snapshot'
  | 'extraSql'
  | 'postgres'
  | 'image'
  | 'start'
  | 'out'
  | 'startedAt'
  | 'signal'
  | 'onProgress'
> {
  /** At least one; of several one is drawn by the seed. */
  readonly scenarios: readonly Omit<CampaignScenario, 'namedExplicitly'>[]
  readonly seed: number
  /** Virtual seconds in one of the wall. */
  readonly speed: number
  /** It begins with the clock standing. */
  readonly paused: boolean
  /** No name of a file says what is wrong, before it is over. */
  readonly blind: boolean
  readonly shims: Shims
  /** PATH of this process. */
  readonly path: string | undefined
  /** The people may begin. Called once; the facilitator acts through `drill`. */
  readonly onOpen: (drill: LiveDrill, inputs: DrillInputs) => void
  readonly onNotice: (sentence: string) => void
  /** The people are done; the twins come. */
  readonly onOver: () => void
}

export interface LiveResult extends DrillResult {
  readonly exitStatus: number
}

/** The scenario of the drill: the only one, or the one that the seed draws. */
function drawn({ scenarios, seed }: LiveOptions): LiveOptions['scenarios'][number] {
  return random(seed, 'live', 'scenario').pick(scenarios)
}

/** Throws DrillError `input` before anything starts, `interrupted` without a verdict. */
export async function runLive(options: LiveOptions): Promise<LiveResult> {
  checkSpeed(options.speed, '--speed')
  const { scenario, path } = drawn(options)
  const loaded = await loadInputs(options.snapshot ?? scenario.snapshot)
  const { extraSql } = options
  const inputs = {
    ...drillInputs(loaded, scenario, options.seed, options.start),
    ...(extraSql !== null && { extraSqlSha256: extraSql.sha256 }),
  }
  if (inputs.unbound.length > 0) {
    const reasons = inputs.unbound.map(({ reason }) => reason).join('; ')
    throw new DrillError('input', `${path} cannot run on ${loaded.snapshot.name}: ${reasons}`)
  }
  const name = options.blind ? 'live' : scenario.name
  const directory = await RunDirectory.create(options.out, name, options.startedAt)
  try {
    const report = await play(options, inputs, directory.drill(name))
    await directory.write('summary.json', renderSummary([report], report.wall.total))
    await directory.write('junit.xml', renderJunit([report]))
    await directory.complete()
    const exitStatus = statusOf(report, null)
    return { report, directory: join(directory.path, name), exitStatus }
  } catch (error) {
    await directory.remove()
    throw error
  }
}

/** `working`: where the files of the drill are written. */
async function play(options: LiveOptions, inputs: DrillInputs, working: string): Promise<Report> {
  const { postgres, image, extraSql, onProgress } = options
  const started = performance.now()
  await mkdir(working, { recursive: true })
  onProgress({ scenario: null, phase: 'postgres', share: 0 })
  await using server = await openServer(postgres, image === null ? {} : { image })
  onProgress({ scenario: inputs.scenario.name, phase: 'load', share: 0 })
  const { template, seconds } = await loadTemplate(server, inputs.snapshot, extraSql)
  const begun = performance.now()
  const journals = await perform(options, inputs, template, working)
  const simulate = (performance.now() - begun) / 1000
  onProgress({ scenario: inputs.scenario.name, phase: 'score', share: 0 })
  return judgeDrill(working, journals, () => ({
    postgres: postgresOf(server),
    wall: { load: seconds, simulate, total: (performance.now() - started) / 1000 },
    output: null,
  }))
}

function postgresOf({ kind, version, reason }: Server): Report['drill']['postgres'] {
  return { kind, version, reason }
}

async function perform(
  options: LiveOptions,
  inputs: DrillInputs,
  template: Template,
  working: string,
): Promise<JournalSet> {
  const { signal, onProgress, onOver } = options
  const { journal, injections } = await people(options, inputs, template, working)
  onOver()
  const until = journal.events.at(-1)!.at
  const twins = await performTwins(
    { inputs: { ...inputs, injections }, template, signal },
    until,
    (share) =>
      onProgress({ scenario: inputs.scenario.name, phase: 'twins', share, virtualAt: until }),
  )
  return { drill: journal, ...twins }
}

/** The drill itself; its clone and its terminals are gone afterwards. */
async function people(
  options: LiveOptions,
  inputs: DrillInputs,
  template: Template,
  working: string,
): ReturnType<LiveDrill['run']> {
  const { path, shims, speed, paused, signal, onNotice, onOpen } = options
  await using statements = new StatementLog(working)
  await using database = await template.clone({ timeZone: inputs.scenario.timeZone })
  await using drill = await LiveDrill.open({
    inputs,
    database,
    directory: openEngineDirectory(),
    path,
    shims,
    speed,
    paused,
    signal,
    onNotice,
    onTraffic: (check, at, traffic) => statements.add(check, at, traffic),
  })
  onOpen(drill, inputs)
  return await drill.run()
}
