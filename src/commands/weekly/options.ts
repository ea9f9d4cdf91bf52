/** The flags of `queue-drill weekly`, and what they change in the file: defaults < file < flags. */
import { resolve } from 'node:path'
import {
  CONFIG_FILE,
  nameOrPath,
  parseWeekly,
  type WeeklyConfig,
} from '../../drill/weekly/config-file.ts'
import { isoWeek, type Week } from '../../drill/weekly/week.ts'
import { DrillError } from '../../foundation/errors.ts'
import { readText } from '../../scenario/scenario-file.ts'
import { checkPostgres } from '../postgres.ts'
import { parseSeeds } from '../seeds.ts'
import { moment } from '../snapshot/options.ts'

const text = (describe: string) => ({ type: 'string', requiresArg: true, describe }) as const
const yes = (describe: string) => ({ type: 'boolean', default: false, describe }) as const

export const WEEKLY_OPTIONS = {
  config: { ...text('The configuration'), default: CONFIG_FILE },
  snapshot: text('Instead of the snapshot or capture of the file'),
  engine: text('Instead of the engine of the file'),
  seed: text('Instead of the seeds of the file and of the week: 7, 1,2,7 or 1..10'),
  postgres: text('Instead of the place of the file'),
  out: text('Directory of the run directories, instead of that of the file'),
  history: text('History file, instead of that of the file'),
  'fail-under': {
    type: 'number',
    requiresArg: true,
    describe: 'A drill that passes with fewer points fails (0-100)',
  },
  date: text('The moment whose week counts, such as 2026-11-24 (default: now)'),
  'dry-run': yes('Show what would be done, and do nothing'),
  json: yes('Print one JSON document'),
} as const

export interface WeeklyArguments {
  scenario: string[]
  config: string
  snapshot: string | undefined
  engine: string | undefined
  seed: string | undefined
  postgres: string | undefined
  out: string | undefined
  history: string | undefined
  'fail-under': number | undefined
  date: string | undefined
  'dry-run': boolean
  json: boolean
  color?: boolean | undefined
}

/** Everything decided. */
export interface WeeklyPlan extends WeeklyConfig {
  readonly week: Week
  readonly startedAt: Date
}

export async function readPlan(argv: WeeklyArguments): Promise<WeeklyPlan> {
  const file = parseWeekly(await readConfig(argv.config), argv.config)
  const startedAt = argv.date === undefined ? new Date() : new Date(moment(argv.date, '--date'))
  const week = isoWeek(startedAt)
  const here = (given: string | undefined, fallback: string): string =>
    given === undefined ? fallback : nameOrPath(given, process.cwd())
  const path = (given: string | undefined, fallback: string): string =>
    given === undefined ? fallback : resolve(given)
  if (argv.postgres !== undefined) checkPostgres(argv.postgres)
  const { 'fail-under': failUnder = file.failUnder } = argv
  if (failUnder !== null && !(failUnder >= 0 && failUnder <= 100)) {
    throw new DrillError('input', '--fail-under must be a number of points, 0 to 100')
  }
  const ofWeek = file.weekSeed ? [week.seed] : []
  return {
    ...file,
    week,
    startedAt,
    ...(argv.snapshot === undefined
      ? {}
      : { snapshot: nameOrPath(argv.snapshot, process.cwd()), capture: null }),
    engine: here(argv.engine, file.engine),
    scenarios:
      argv.scenario.length === 0
        ? file.scenarios
        : argv.scenario.map((each) => nameOrPath(each, process.cwd())),
    seeds:
      argv.seed === undefined
        ? [...new Set([...file.seeds, ...ofWeek])]
        : parseSeeds(argv.seed, '--seed'),
    postgres: argv.postgres ?? file.postgres,
    out: path(argv.out, file.out),
    history: path(argv.history, file.history),
    failUnder,
  }
}

async function readConfig(path: string): Promise<string> {
  try {
    return await readText(path)
  } catch (error) {
    if (!(error instanceof DrillError)) throw error
    throw new DrillError('input', `${error.message}\nqueue-drill init writes a first one`, {
      cause: error,
    })
  }
}
