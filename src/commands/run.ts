/** `queue-drill run`: plays scenarios against an engine and prints what the drills show. */
import type { CommandModule } from 'yargs'
import type { CampaignOptions } from '../drill/campaign.ts'
import { parseDrillDuration } from '../drill/duration.ts'
import { readExtraSql } from '../drill/extra-sql.ts'
import { repeatCommand } from '../drill/repeat.ts'
import { DrillError } from '../foundation/errors.ts'
import { openAgainst } from './against.ts'
import { EXIT_STATUSES, type CommandContext } from './context.ts'
import { ENGINE_OPTIONS, type EngineArguments, readEngine, readSetting } from './engine-options.ts'
import { checkPostgres } from './postgres.ts'
import { createReporters, parseReporters, type ReporterChoice } from './reporters.ts'
import { parseSeeds } from './seeds.ts'

/** Flags as yargs gives them. */
interface RunArguments extends EngineArguments {
  scenario: string[]
  snapshot: string | undefined
  'extra-sql': string | undefined
  postgres: string
  image: string | undefined
  seed: string | undefined
  start: string
  duration: string | undefined
  out: string | undefined
  reporter: string[]
  'fail-under': number | undefined
  against: string | undefined
  update: boolean
  color?: boolean | undefined
}

/** Flags checked and filled in. */
interface RunOptions {
  readonly campaign: Omit<
    CampaignOptions,
    'scenarios' | 'gate' | 'signal' | 'onProgress' | 'onDrill'
  >
  /** Instead of the scenarios' own; null = theirs. */
  readonly durationMs: number | null
  readonly reporters: readonly ReporterChoice[]
}

export function runCommand(context: CommandContext): CommandModule<object, RunArguments> {
  return {
    command: 'run [scenario..]',
    describe: 'Play scenarios and score the recovery',
    builder: (yargs) =>
      yargs
        .positional('scenario', {
          type: 'string',
          array: true,
          default: [] as string[],
          defaultDescription: 'all bundled',
          describe: 'Names of bundled scenarios, files, directories or globs; - for standard input',
        })
        .options(RUN_OPTIONS)
        .example('$0 run', 'all bundled drills, engine runbook')
        .example('$0 run dead-webhook --engine noop', 'what happens if nobody acts')
        .example('$0 run mine.yaml --snapshot ./snap', 'an own scenario on an own queue')
        .example(
          '$0 run --engine ./runbook.sh',
          'an own runbook: any program, or a module such as ./mine.mjs',
        )
        .example(
          "$0 run --every 5m './check.sh --once'",
          'a program that is started at every check',
        )
        .example('$0 run dead-webhook --seed 1..10', 'ten times, each another drill')
        .example('$0 run --reporter default,junit:drill.xml', 'for CI')
        .example('$0 run --against baseline.json', 'exit 1 where something was lost')
        .epilogue(EXIT_STATUSES),
    handler: async (argv) => {
      const options = await readOptions(argv)
      const { findScenarios } = await import('./find-scenarios.ts')
      const found = await findScenarios(argv.scenario)
      const { durationMs } = options
      const scenarios = found.map((each) =>
        durationMs === null ? each : { ...each, scenario: { ...each.scenario, durationMs } },
      )
      const { engine, seeds, snapshot, start } = options.campaign
      const settings = {
        engine,
        snapshot,
        start: start === 'busiest' ? null : start,
        duration: argv.duration ?? null,
        shims: argv.shims ?? null,
        extraSql: argv['extra-sql'] ?? null,
      }
      const askedSeeds = argv.seed === undefined ? null : seeds
      const against = await openAgainst(argv, found, askedSeeds, settings)
      const reporters = await createReporters(options.reporters, {
        engine,
        seeds,
        scenarios: scenarios.map(({ scenario }) => scenario.name),
        color: argv.color,
        against,
        repeat: (name, seed) => {
          const argument = found.find(({ scenario }) => scenario.name === name)?.argument
          return repeatCommand({ ...settings, scenario: argument ?? name, seed })
        },
      })
      const { runCampaign } = await import('../drill/campaign.ts')
      try {
        const campaign = await runCampaign({
          ...options.campaign,
          scenarios,
          gate: against?.gate ?? null,
          signal: context.signal,
          onProgress: (event) => reporters.progress(event),
          onDrill: (result) => reporters.drill(result),
        })
        await against?.write(campaign.results.map(({ report }) => report))
        await reporters.end(campaign)
        context.exitStatus = campaign.exitStatus
      } finally {
        reporters.stop()
      }
    },
  }
}

const RUN_OPTIONS = {
  snapshot: {
    type: 'string',
    requiresArg: true,
    describe: "Bundled snapshot or directory (default: the scenario's)",
  },
  ...ENGINE_OPTIONS,
  'extra-sql': {
    type: 'string',
    requiresArg: true,
    describe: 'SQL for the sandbox: the tables that an own service needs beside the queue',
  },
  postgres: {
    type: 'string',
    requiresArg: true,
    default: 'auto',
    describe: 'Where PostgreSQL runs: auto, embedded, container, or the URL of a server',
  },
  image: {
    type: 'string',
    requiresArg: true,
    describe: 'Image of the container (default: postgres:15)',
  },
  seed: {
    type: 'string',
    requiresArg: true,
    defaultDescription: '1',
    describe: 'The same seed gives the same drill, byte for byte; several: 1,2,7 or 1..10',
  },
  start: {
    type: 'string',
    requiresArg: true,
    default: 'busiest',
    describe: 'Hour of the week: captured, busiest, or such as "Mon 10:00"',
  },
  duration: {
    type: 'string',
    requiresArg: true,
    describe: "Virtual length such as 2h (default: the scenario's)",
  },
  out: {
    type: 'string',
    requiresArg: true,
    describe: 'Directory for journals and reports (default: .queue-drill/runs/…)',
  },
  reporter: {
    type: 'string',
    array: true,
    requiresArg: true,
    default: ['default'] as string[],
    describe: 'default, json[:file], junit[:file]; repeatable',
  },
  'fail-under': {
    type: 'number',
    requiresArg: true,
    describe: 'A drill that passes with fewer points fails (0-100)',
  },
  against: {
    type: 'string',
    requiresArg: true,
    describe: 'Compare with this baseline: exit 1 where something was lost (docs/ci.md)',
  },
  update: {
    type: 'boolean',
    default: false,
    describe: 'Make this run the baseline that --against names',
  },
} as const

async function readOptions(argv: RunArguments): Promise<RunOptions> {
  const { 'fail-under': failUnder = null, 'extra-sql': extraSql } = argv
  if (failUnder !== null && !(failUnder >= 0 && failUnder <= 100)) {
    throw new DrillError('input', '--fail-under must be a number of points, 0 to 100')
  }
  checkPostgres(argv.postgres)
  return {
    campaign: {
      snapshot: argv.snapshot ?? null,
      engine: readEngine(argv),
      setting: await readSetting(argv, process.env),
      extraSql: extraSql === undefined ? null : await readExtraSql(extraSql),
      postgres: argv.postgres,
      image: argv.image ?? null,
      seeds: parseSeeds(argv.seed ?? '1', '--seed'),
      start: argv.start,
      out: argv.out ?? null,
      startedAt: new Date(),
      failUnder,
    },
    durationMs:
      argv.duration === undefined ? null : parseDrillDuration(argv.duration, '--duration'),
    reporters: parseReporters(argv.reporter),
  }
}
