/**
 * How the results of a run reach people and programs: the scorecards (`default`), one JSON document, JUnit. At most
 * one of them writes to stdout; the others need a file.
 */
import { constants } from 'node:fs'
import { access, mkdir, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { CampaignProgress, CampaignResult, DrillResult } from '../drill/campaign.ts'
import { DrillError, messageOf } from '../foundation/errors.ts'
import { didYouMean } from '../foundation/suggest.ts'
import { type EngineChoice, engineName } from '../recovery/engines.ts'
import type { Against } from './against.ts'
import { createProgress } from './progress.ts'
import { seedsText } from './seeds.ts'
import { print, terminalWidth, wantsColor } from './terminal.ts'

const KINDS = ['default', 'json', 'junit'] as const

export interface ReporterChoice {
  readonly kind: (typeof KINDS)[number]
  /** Null = stdout. */
  readonly file: string | null
}

/** What a run was asked to do, for headings and for the command that repeats a drill. */
export interface RunContext {
  readonly engine: EngineChoice
  readonly seeds: readonly number[]
  /** Their names. */
  readonly scenarios: readonly string[]
  readonly color: boolean | undefined
  /** What the run is compared with; absent or null = nothing. */
  readonly against?: Against | null
  /** The command that repeats the drill of this scenario and seed. */
  readonly repeat: (scenario: string, seed: number) => string
}

export interface Reporters {
  progress(event: CampaignProgress): void
  drill(result: DrillResult): void
  end(campaign: CampaignResult): Promise<void>
  /** Takes the progress line off the terminal, whatever happened. */
  stop(): void
}

/** `['default', 'junit:out.xml']`, also `default,junit:out.xml`. */
export function parseReporters(texts: readonly string[]): readonly ReporterChoice[] {
  const choices = texts
    .flatMap((text) => text.split(','))
    .map((text): ReporterChoice => {
      const [name = '', ...rest] = text.split(':')
      const kind = KINDS.find((each) => each === name)
      if (kind === undefined) {
        const meant = didYouMean(name, KINDS)
        throw new DrillError(
          'input',
          `--reporter: unknown reporter "${name}"${meant}; it must be ${KINDS.join(', ')}`,
        )
      }
      const file = rest.join(':')
      if (kind === 'default' && file !== '') {
        throw new DrillError('input', '--reporter default writes to the terminal, not to a file')
      }
      return { kind, file: file === '' ? null : file }
    })
  const onStdout = choices.filter(({ file }) => file === null).map(({ kind }) => kind)
  if (new Set(onStdout).size > 1) {
    throw new DrillError(
      'input',
      `--reporter ${onStdout.join(' and ')} both write to stdout: give one a file, such as ${onStdout.find((kind) => kind !== 'default')}:drill.out`,
    )
  }
  return choices
}

/** Throws DrillError `input` where the file of a reporter could not be written: better now than after the drills. */
export async function createReporters(
  choices: readonly ReporterChoice[],
  run: RunContext,
): Promise<Reporters> {
  for (const choice of choices) {
    await writing(choice, async (file) => {
      await mkdir(dirname(file), { recursive: true })
      await access(dirname(file), constants.W_OK)
    })
  }
  const { renderScorecard } = await import('../report/scorecard.ts')
  const { renderDrillLine } = await import('../report/drill-line.ts')
  const progress = createProgress()
  const scorecards = choices.some(({ kind }) => kind === 'default')
  const layout = { color: wantsColor(run.color), width: terminalWidth() }
  let begun = false
  return {
    progress: (event) => {
      // The first event comes when all input was found to be good.
      if (scorecards && !begun) print(heading(run))
      begun = true
      progress.show(event)
    },
    drill: ({ report, directory }) => {
      if (!scorecards) return
      progress.stop()
      const { scenario, seed } = report.drill
      if (run.seeds.length > 1) {
        print(renderDrillLine(report, { ...layout, scenarios: run.scenarios }))
        return
      }
      const repeat = run.repeat(scenario, seed)
      print(`\n${renderScorecard(report, { ...layout, directory, repeat }).trimEnd()}`)
    },
    end: async (campaign) => {
      progress.stop()
      if (scorecards) {
        const compared = await comparisonOf(campaign, run.against ?? null, layout.color)
        if (compared !== null) print(`\n${compared}`)
        print(`\n${summary(campaign, run)}`)
      }
      for (const choice of choices) await write(choice, campaign, run)
    },
    stop: () => progress.stop(),
  }
}

/** First and last line of the output: engine and seeds. */
function heading({ scenarios, engine, seeds }: RunContext): string {
  const count = scenarios.length * seeds.length
  return `${count} ${count === 1 ? 'drill' : 'drills'}, engine ${typeof engine === 'string' ? engine : engineName(engine)}, ${seedsText(seeds)}`
}

function summary({ results, directory }: CampaignResult, run: RunContext): string {
  const counts = new Map<string, number>()
  for (const { report } of results) {
    counts.set(report.verdict, (counts.get(report.verdict) ?? 0) + 1)
  }
  const verdicts = [...counts].map(([verdict, count]) => `${count} ${verdict}`).join(', ')
  return `${heading(run)}: ${verdicts}; journals and reports in ${directory}`
}

async function comparisonOf(
  { comparison }: CampaignResult,
  against: Against | null,
  color: boolean,
): Promise<string | null> {
  if (comparison === null || against === null) return null
  const { renderComparison } = await import('../report/comparison-table.ts')
  const { path, updateCommand, gate } = against
  return renderComparison(comparison, { color, path, updateCommand, updated: gate.update })
}

async function write(
  choice: ReporterChoice,
  campaign: CampaignResult,
  run: RunContext,
): Promise<void> {
  if (choice.kind === 'default') return
  const text = choice.kind === 'json' ? jsonOf(campaign) : await junitOf(campaign, run)
  if (choice.file === null) print(text.trimEnd())
  else await writing(choice, (file) => writeFile(file, text))
}

async function writing(
  { kind, file }: ReporterChoice,
  action: (file: string) => Promise<void>,
): Promise<void> {
  if (file === null) return
  try {
    await action(file)
  } catch (cause) {
    const why = messageOf(cause)
    throw new DrillError('input', `--reporter ${kind}:${file} cannot be written: ${why}`, { cause })
  }
}

function jsonOf({ exitStatus, directory, results, comparison }: CampaignResult): string {
  const drills = results.map(({ report }) => report)
  const compared = comparison === null ? {} : { comparison }
  return `${JSON.stringify({ exitStatus, directory, drills, ...compared }, null, 2)}\n`
}

async function junitOf({ results, comparison }: CampaignResult, run: RunContext): Promise<string> {
  const { renderJunit } = await import('../report/junit.ts')
  const reports = results.map(({ report }) => report)
  return renderJunit(reports, run.against?.gate.update === true ? null : comparison)
}
