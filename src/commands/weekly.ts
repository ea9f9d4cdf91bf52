/**
 * `queue-drill weekly`: the staging drill of the week. Take a snapshot or use one, prove it whole, look whether its
 * job functions are known, play the scenarios with the fixed seeds and that of the week, append to the history.
 */
import { join } from 'node:path'
import type { CommandModule } from 'yargs'
import type { HistoryLine } from '../drill/weekly/history.ts'
import { DrillError } from '../foundation/errors.ts'
import { EXIT_STATUSES, type CommandContext } from './context.ts'
import type { FoundScenario } from './find-scenarios.ts'
import { repeatCommand } from '../drill/repeat.ts'
import { createReporters, type Reporters } from './reporters.ts'
import { seedsText } from './seeds.ts'
import { columns, print, printJson } from './terminal.ts'
import { version } from './version.ts'
import { WEEKLY_OPTIONS, type WeeklyArguments } from './weekly/options.ts'
import type { WeeklyPlan } from './weekly/plan.ts'

export function weeklyCommand(context: CommandContext): CommandModule<object, WeeklyArguments> {
  return {
    command: 'weekly [scenario..]',
    describe: 'The staging drill of the week, as queue-drill.yaml says',
    builder: (yargs) =>
      yargs
        .positional('scenario', {
          type: 'string',
          array: true,
          default: [] as string[],
          defaultDescription: 'those of the file',
          describe: 'Instead of the scenarios of the file',
        })
        .options(WEEKLY_OPTIONS)
        .example('$0 init && $0 weekly', 'from nothing to the first line of history')
        .example('$0 weekly --dry-run', 'what would be done')
        .example('$0 weekly --date 2026-11-24', 'the drills of that week once more')
        .epilogue(EXIT_STATUSES),
    handler: async (argv) => {
      const { readPlan } = await import('./weekly/plan.ts')
      const plan = await readPlan(argv)
      if (argv['dry-run']) {
        if (argv.json) printJson(shownPlan(plan))
        else print(planText(plan))
        return
      }
      await perform(plan, argv, context)
    },
  }
}

async function perform(
  plan: WeeklyPlan,
  argv: WeeklyArguments,
  context: CommandContext,
): Promise<void> {
  const { findScenarios } = await import('./find-scenarios.ts')
  const found = await findScenarios(plan.scenarios)
  const { signal } = context
  const snapshot = plan.snapshot ?? (await captured(plan, signal))
  try {
    await prove(snapshot)
  } catch (error) {
    if (plan.capture === null) throw error
    const { refuseSnapshot } = await import('../drill/weekly/snapshots.ts')
    throw await refuseSnapshot(snapshot, error)
  }
  await mapped(snapshot, plan)
  const { engine, seeds } = plan
  const reporters = await createReporters(argv.json ? [] : [{ kind: 'default', file: null }], {
    engine,
    seeds,
    scenarios: found.map(({ scenario }) => scenario.name),
    color: argv.color,
    repeat: (name, seed) => {
      const scenario = found.find((each) => each.scenario.name === name)?.argument ?? name
      return repeatCommand({ scenario, engine, seed, snapshot, start: null, duration: null })
    },
  })
  const { campaign, lines } = await drill(plan, { found, snapshot, reporters, signal })
  if (plan.capture !== null) {
    const { pruneSnapshots } = await import('../drill/weekly/snapshots.ts')
    await pruneSnapshots(plan.capture.to, plan.capture.keep)
  }
  const { exitStatus, directory } = campaign
  if (argv.json) {
    printJson({ exitStatus, week: plan.week.name, seeds, snapshot, directory, drills: lines })
  } else {
    const count = lines.length === 1 ? '1 line' : `${lines.length} lines`
    print(`week ${plan.week.name}: ${count} appended to ${plan.history}`)
  }
  context.exitStatus = exitStatus
}

interface Drills {
  readonly found: readonly FoundScenario[]
  readonly snapshot: string
  readonly reporters: Reporters
  readonly signal: AbortSignal
}

/** The history gets its lines when the run directory is whole, all or none. */
async function drill(plan: WeeklyPlan, { found, snapshot, reporters, signal }: Drills) {
  const { runCampaign } = await import('../drill/campaign.ts')
  const { appendHistory, historyLine } = await import('../drill/weekly/history.ts')
  const { snapshotName } = await import('../drill/weekly/snapshots.ts')
  const { engine, seeds, postgres, failUnder, startedAt, week } = plan
  try {
    const campaign = await runCampaign({
      scenarios: found,
      snapshot,
      engine,
      setting: {},
      extraSql: null,
      postgres,
      image: null,
      seeds,
      start: 'busiest',
      out: await freeDirectory(join(plan.out, snapshotName(week.name, startedAt))),
      startedAt,
      failUnder,
      gate: null,
      signal,
      onProgress: (event) => reporters.progress(event),
      onDrill: (result) => reporters.drill(result),
    })
    const lines = campaign.results.map(({ report }): HistoryLine =>
      historyLine(report, { week: week.name, startedAt, failUnder, version: version() }),
    )
    await appendHistory(plan.history, lines)
    await reporters.end(campaign)
    return { campaign, lines }
  } finally {
    reporters.stop()
  }
}

/** A second run of one moment (`--date`) stands beside the first. */
async function freeDirectory(path: string): Promise<string> {
  const { existsSync } = await import('node:fs')
  for (let number = 1; ; number++) {
    const candidate = number === 1 ? path : `${path}-${number}`
    if (!existsSync(candidate)) return candidate
  }
}

async function captured(
  { capture, week, startedAt }: WeeklyPlan,
  signal: AbortSignal,
): Promise<string> {
  if (capture === null) throw new DrillError('input', 'neither a snapshot nor a capture is named')
  const { snapshotName, useTeamOperations } = await import('../drill/weekly/snapshots.ts')
  const { takeSnapshot } = await import('./weekly/capture.ts')
  const directory = await freeDirectory(join(capture.to, snapshotName(week.name, startedAt)))
  await takeSnapshot(capture, directory, signal)
  await useTeamOperations(directory, capture.operations)
  return directory
}

/** No drill on a snapshot that is damaged or leaks. */
async function prove(snapshot: string): Promise<void> {
  const { openSnapshot } = await import('../snapshot/open.ts')
  const { verifySnapshot } = await import('../snapshot/verify.ts')
  const opened = await openSnapshot(snapshot)
  const { problems, problemCount, leaks } = await verifySnapshot(opened)
  if (opened.manifest.masking === 'none') {
    const found = leaks.map(({ count, kind, field }) => `${count} x ${kind} in ${field}`)
    const all = found.length === 0 ? 'nothing that looks like a leak' : found.join(', ')
    process.stderr.write(`queue-drill: warning: the snapshot is not masked: ${all}\n`)
  }
  if (problemCount === 0) return
  throw new DrillError(
    'input',
    [
      `${opened.directory} is not sound (${problemCount} ${problemCount === 1 ? 'problem' : 'problems'}), nothing was drilled:`,
      ...problems.map((problem) => `  ${problem}`),
    ].join('\n'),
  )
}

/** Functions that nobody has described are told on stderr; with `requireMapped` they end the run. */
async function mapped(snapshot: string, plan: WeeklyPlan): Promise<void> {
  const { mapSnapshot } = await import('../snapshot/map/map-snapshot.ts')
  const { weeklySnapshots } = await import('../drill/weekly/snapshots.ts')
  const earlier = plan.capture === null ? [] : await weeklySnapshots(plan.capture.to)
  const previous = earlier.filter((path) => path !== snapshot).at(-1) ?? null
  const { path, added, unmapped, appeared, gone } = await mapSnapshot(snapshot, previous)
  const missing = added.filter((name) => !unmapped.includes(name))
  const lines = [
    ...told(missing, `not in ${path}, so unsafe to retry (\`snapshot map\` adds what is missing)`),
    ...told(unmapped, `unmapped: say in ${path} what they do`),
    ...told(appeared, 'new since the last snapshot: check what was proposed'),
    ...told(gone, 'gone since the last snapshot'),
  ]
  if (plan.requireMapped && added.length + unmapped.length > 0) {
    throw new DrillError(
      'input',
      ['nothing was drilled, because of requireMapped:', ...lines].join('\n'),
    )
  }
  for (const line of lines) process.stderr.write(`queue-drill: warning: ${line}\n`)
}

function told(names: readonly string[], text: string): string[] {
  return names.length === 0
    ? []
    : [
        `${names.length === 1 ? '1 job function' : `${names.length} job functions`} ${text}: ${names.join(', ')}`,
      ]
}

function shownPlan({ week, startedAt, ...plan }: WeeklyPlan): object {
  return {
    week: week.name,
    startedAt: startedAt.toISOString(),
    ...plan,
    capture: shownCapture(plan),
  }
}

/** A URL may hold a password. */
function shownCapture({ capture }: Pick<WeeklyPlan, 'capture'>): WeeklyPlan['capture'] {
  if (capture === null) return null
  return {
    ...capture,
    from: capture.from.startsWith('env:') ? capture.from : 'the URL of the file',
  }
}

function planText(plan: WeeklyPlan): string {
  const { snapshot, capture, scenarios, seeds, requireMapped, failUnder } = plan
  const count = capture === null ? '' : `, ${capture.keep} stay`
  return columns([
    ['week', plan.week.name],
    ['snapshot', snapshot ?? `taken from ${shownCapture(plan)!.from} to ${capture!.to}${count}`],
    ['operations', capture?.operations ?? 'those of the snapshot'],
    ['unmapped', requireMapped ? 'ends the run' : 'is told'],
    ['scenarios', scenarios.length === 0 ? 'all bundled' : scenarios.join(', ')],
    ['engine', plan.engine],
    ['seeds', seedsText(seeds).replace(/^seeds? /, '')],
    ['postgres', plan.postgres.replace(/:\/\/.*/, '://…')],
    ['fail under', failUnder === null ? 'no limit' : String(failUnder)],
    ['reports', plan.out],
    ['history', plan.history],
  ])
}
