/** `queue-drill live`: a drill for people, on a clock that is tied to the wall. */
import type { CommandModule } from 'yargs'
import type { LiveOptions } from '../drill/live/live.ts'
import type { LiveDrill } from '../drill/live/live-drill.ts'
import type { DrillInputs } from '../drill/inputs.ts'
import { parseDrillDuration } from '../drill/duration.ts'
import { DrillError } from '../foundation/errors.ts'
import { formatDuration } from '../foundation/time.ts'
import { readShims } from '../drill/shims.ts'
import { readExtraSql } from '../drill/extra-sql.ts'
import { NO_SHIMS } from '../recovery/program/commands/mapped.ts'
import { EXIT_STATUSES, type CommandContext } from './context.ts'
import { ENGINE_OPTIONS } from './engine-options.ts'
import type { Prompt } from './live/prompt.ts'
import { checkPostgres } from './postgres.ts'
import { RUN_OPTIONS } from './run.ts'
import { parseSeeds } from './seeds.ts'
import { print, terminalWidth, wantsColor } from './terminal.ts'

interface LiveArguments {
  scenario: string[]
  speed: number
  blind: boolean
  paused: boolean
  snapshot: string | undefined
  postgres: string
  image: string | undefined
  seed: string
  start: string
  duration: string | undefined
  shims: string | undefined
  'extra-sql': string | undefined
  out: string | undefined
  color?: boolean | undefined
}

export function liveCommand(context: CommandContext): CommandModule<object, LiveArguments> {
  return {
    command: 'live [scenario..]',
    describe: 'A game day: people recover, from terminals of their own',
    builder: (yargs) =>
      yargs
        .positional('scenario', {
          type: 'string',
          array: true,
          default: [] as string[],
          defaultDescription: 'all bundled',
          describe: 'Name or file of a scenario; of several one is drawn',
        })
        .options(LIVE_OPTIONS)
        .example('$0 live dead-webhook', 'a game day; `help` at its prompt lists what can be done')
        .example('$0 live --blind', 'nobody knows what will be wrong, the facilitator neither')
        .example(
          '$0 live quiet-day --paused',
          'time begins with `resume`; `inject` breaks something',
        )
        .example(
          "printf 'wait 20m\\nhint\\n' | $0 live dead-webhook",
          'a facilitator from a script',
        )
        .epilogue(`How to run a game day: docs/game-day.md\n\n${EXIT_STATUSES}`),
    handler: async (argv) => {
      context.exitStatus = await live(argv, context.signal)
    },
  }
}

const LIVE_OPTIONS = {
  speed: {
    type: 'number',
    requiresArg: true,
    default: 5,
    describe: 'Virtual seconds in a second',
  },
  blind: {
    type: 'boolean',
    default: false,
    describe: 'Nothing that is shown tells what is wrong, before the drill is over',
  },
  paused: {
    type: 'boolean',
    default: false,
    describe: 'Begin with the clock standing, until `resume`',
  },
  snapshot: RUN_OPTIONS.snapshot,
  postgres: RUN_OPTIONS.postgres,
  image: RUN_OPTIONS.image,
  seed: { ...RUN_OPTIONS.seed, default: '1', describe: 'The same seed gives the same world' },
  start: RUN_OPTIONS.start,
  duration: RUN_OPTIONS.duration,
  shims: {
    ...ENGINE_OPTIONS.shims,
    describe: 'Directory that maps commands of the people (kubectl, …) to operations',
  },
  'extra-sql': RUN_OPTIONS['extra-sql'],
  out: RUN_OPTIONS.out,
} as const

async function live(argv: LiveArguments, signal: AbortSignal): Promise<number> {
  const options = await readOptions(argv)
  const durationMs =
    argv.duration === undefined ? null : parseDrillDuration(argv.duration, '--duration')
  const { findScenarios } = await import('./find-scenarios.ts')
  const found = await findScenarios(argv.scenario)
  const scenarios = found.map(({ scenario, path }) => ({
    scenario: durationMs === null ? scenario : { ...scenario, durationMs },
    path,
  }))
  const { createProgress } = await import('./progress.ts')
  const { openPrompt } = await import('./live/prompt.ts')
  const { facilitate } = await import('./live/facilitator.ts')
  const { runLive } = await import('../drill/live/live.ts')
  const { blind } = argv
  const progress = createProgress()
  let prompt: Prompt | null = null
  try {
    const { report, directory, exitStatus } = await runLive({
      ...options,
      scenarios,
      signal,
      onProgress: (event) => progress.show(blind ? { ...event, scenario: null } : event),
      onOpen: (drill, inputs) => {
        progress.stop()
        print(opening(drill, inputs, argv))
        prompt = openPrompt((line) => facilitate(line, drill, inputs, blind))
      },
      onNotice: (sentence) => prompt?.notice(sentence),
      onOver: () => {
        prompt?.close()
        print('The drill is over: what would have happened otherwise is played now.')
      },
    })
    progress.stop()
    const { renderScorecard } = await import('../report/scorecard.ts')
    const { repeatCommand } = await import('../drill/repeat.ts')
    const name = report.drill.scenario
    const repeat = repeatCommand({
      scenario: found.find(({ scenario }) => scenario.name === name)?.argument ?? name,
      engine: report.drill.engine,
      seed: options.seed,
      snapshot: options.snapshot,
      start: options.start === 'busiest' ? null : options.start,
      duration: argv.duration ?? null,
      shims: argv.shims ?? null,
      extraSql: argv['extra-sql'] ?? null,
    })
    const layout = { color: wantsColor(argv.color), width: terminalWidth() }
    print(`\n${renderScorecard(report, { ...layout, directory, repeat }).trimEnd()}`)
    return exitStatus
  } finally {
    progress.stop()
    ;(prompt as Prompt | null)?.close()
  }
}

type Chosen = Omit<
  LiveOptions,
  'scenarios' | 'signal' | 'onProgress' | 'onOpen' | 'onNotice' | 'onOver'
>

async function readOptions(argv: LiveArguments): Promise<Chosen> {
  checkPostgres(argv.postgres)
  const seeds = parseSeeds(argv.seed, '--seed')
  if (seeds.length > 1) throw new DrillError('input', '--seed: a live drill has one seed')
  return {
    snapshot: argv.snapshot ?? null,
    postgres: argv.postgres,
    image: argv.image ?? null,
    seed: seeds[0]!,
    start: argv.start,
    out: argv.out ?? null,
    startedAt: new Date(),
    speed: argv.speed,
    paused: argv.paused,
    blind: argv.blind,
    shims: argv.shims === undefined ? NO_SHIMS : await readShims(argv.shims),
    extraSql: argv['extra-sql'] === undefined ? null : await readExtraSql(argv['extra-sql']),
    path: process.env['PATH'],
  }
}

/** What the facilitator reads first. */
function opening({ envFile }: LiveDrill, { scenario }: DrillInputs, argv: LiveArguments): string {
  const { blind, speed, paused } = argv
  const length = formatDuration(scenario.durationMs)
  const wall = formatDuration(scenario.durationMs / speed)
  return [
    ...(blind ? [] : [`${scenario.name}: ${scenario.title}`, scenario.summary, '']),
    `A drill of ${length} at speed ${speed}: ${wall} by the wall${paused ? '; time stands until `resume`' : ''}.`,
    'In each terminal of the people, on this machine and as this user:',
    '',
    `    . ${envFile}`,
    '',
    'Then psql (or psql "$ODOO_DB_URI"), odoocli, sleep and date are those of the drill.',
    '`help` lists your commands.',
  ].join('\n')
}
