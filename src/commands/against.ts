/** `--against FILE [--update]`: the baseline of a run, read before it begins and written after it. */
import { DrillError } from '../foundation/errors.ts'
import type { RegressionGate } from '../drill/gate.ts'
import { runCommandLine, type RunSettings } from '../drill/repeat.ts'
import type { Report } from '../report/report-json.ts'
import type { FoundScenario } from './find-scenarios.ts'

export interface AgainstArguments {
  readonly scenario: readonly string[]
  readonly seed: string | undefined
  readonly against: string | undefined
  readonly update: boolean
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
  settings: RunSettings,
): Promise<Against | null> {
  const { against: path, update } = argv
  if (path === undefined) {
    if (!update) return null
    throw new DrillError('input', '--update needs --against FILE: it says which baseline to write')
  }
  const { checkWritable, readBaseline, writeBaseline } = await import('../drill/baseline-file.ts')
  const flags = [
    ['--seed', argv.seed ?? null],
    ['--against', path],
  ] as const
  const updateCommand = `${runCommandLine(argv.scenario, settings, flags)} --update`
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
