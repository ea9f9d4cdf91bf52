/** `--against FILE [--update]`: the baseline of a run, read before it begins and written after it. */
import { DrillError } from '../foundation/errors.ts'
import type { RegressionGate } from '../drill/gate.ts'
import type { Report } from '../report/report-json.ts'
import type { FoundScenario } from './find-scenarios.ts'
import { quoted } from '../report/repeat.ts'

export interface AgainstArguments {
  readonly scenario: readonly string[]
  readonly against: string | undefined
  readonly update: boolean
  readonly snapshot: string | undefined
  readonly engine: string
  readonly seed: string | undefined
  readonly start: string
  readonly duration: string | undefined
}

export interface Against {
  /** As given on the command line. */
  readonly path: string
  readonly gate: RegressionGate
  /** Ready to paste. */
  readonly updateCommand: string
  /** Makes the run the baseline; nothing without `--update`. */
  write(reports: readonly Report[]): Promise<void>
}

/** `seeds`: null = none were named. Null without `--against`. Throws DrillError `input` for a baseline that is missing, no baseline, or not writable. */
export async function openAgainst(
  argv: AgainstArguments,
  found: readonly FoundScenario[],
  seeds: readonly number[] | null,
): Promise<Against | null> {
  const { against: path, update } = argv
  if (path === undefined) {
    if (!update) return null
    throw new DrillError('input', '--update needs --against FILE: it says which baseline to write')
  }
  const { checkWritable, readBaseline, writeBaseline } = await import('../drill/baseline-file.ts')
  const updateCommand = commandOf(argv, path)
  const baseline = await readBaseline(path)
  if (update) await checkWritable(path)
  else if (baseline === null) {
    throw new DrillError(
      'input',
      `--against ${path}: there is no such file; make the first baseline with: ${updateCommand}`,
    )
  }
  const gate: RegressionGate = { baseline, asked: askedOf(found, seeds), update }
  return {
    path,
    gate,
    updateCommand,
    write: async (reports) => {
      if (!update) return
      const { updatedBaseline } = await import('../report/baseline.ts')
      await writeBaseline(path, updatedBaseline(baseline, reports, gate.asked))
    },
  }
}

/** Who names scenarios one by one wants these; all bundled ones, a directory or a glob are all that there is. */
function askedOf(
  found: readonly FoundScenario[],
  seeds: readonly number[] | null,
): RegressionGate['asked'] {
  const named = found.some(({ namedExplicitly }) => namedExplicitly)
  return { scenarios: named ? found.map(({ scenario }) => scenario.name) : null, seeds }
}

/** Without `--postgres`: a URL may hold a password, and the place changes no figure. */
function commandOf(argv: AgainstArguments, path: string): string {
  const flags = [
    ['--engine', argv.engine],
    ['--snapshot', argv.snapshot],
    ['--start', argv.start === 'busiest' ? undefined : argv.start],
    ['--duration', argv.duration],
    ['--seed', argv.seed],
    ['--against', path],
  ] as const
  const words = flags.flatMap(([flag, value]) => (value === undefined ? [] : [flag, quoted(value)]))
  return ['queue-drill run', ...argv.scenario.map(quoted), ...words, '--update'].join(' ')
}
