/** What a weekly drill will do: defaults < file < flags. */
import { resolve } from 'node:path'
import { nameOrPath, parseWeekly, type WeeklyConfig } from '../../drill/weekly/config-file.ts'
import { isoWeek, type Week } from '../../drill/weekly/week.ts'
import { DrillError } from '../../foundation/errors.ts'
import { readText } from '../../scenario/scenario-file.ts'
import { checkPostgres } from '../postgres.ts'
import { parseSeeds } from '../seeds.ts'
import { moment } from '../snapshot/options.ts'
import type { WeeklyArguments } from './options.ts'

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
