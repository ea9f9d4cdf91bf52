/** Who can perform the recovery: the built-in engines by name, anything that looks like a path as a module or a program. */
import { basename } from 'node:path'
import { DrillError } from '../foundation/errors.ts'
import { didYouMean } from '../foundation/suggest.ts'
import { formatDuration } from '../foundation/time.ts'
import type { RecoveryEngine } from './contract.ts'
import { createNoopEngine } from './control/noop.ts'
import { createRetryAllEngine } from './control/retry-all.ts'
import type { DrilledEngine } from './drilled-engine.ts'
import { existingModule, startExternalEngine } from './external/external-engine.ts'
import { existingProgram } from './program/existing-program.ts'
import { type Program, type ProgramOptions, startProgram } from './program/program-engine.ts'
import { createRunbookEngine } from './runbook/engine.ts'

/** Name of a built-in engine, path of a module or of a program; or a command line that is run anew so often, in virtual ms. */
export type EngineChoice = string | { readonly commandLine: string; readonly everyMs: number }

/** What a program finds around it; of no concern to other engines. */
export type ProgramSetting = Pick<ProgramOptions, 'address' | 'environment' | 'shims'>

/** What it needs where it is no built-in one. */
export interface EngineOptions extends Omit<ProgramOptions, 'directory'> {
  /** Makes the private directory of a program; called at most once. */
  readonly directory: () => ProgramOptions['directory']
}

interface BuiltIn {
  readonly name: string
  /** One line for people. */
  readonly description: string
  readonly create: () => RecoveryEngine
}

/** In the order in which they are shown. */
export const BUILT_IN_ENGINES: readonly BuiltIn[] = [
  {
    name: 'runbook',
    description:
      'The runbook in five steps: baseline, blockers, isolate and retry safely, throughput, exit',
    create: () => createRunbookEngine(),
  },
  { name: 'noop', description: 'Control: nobody acts', create: createNoopEngine },
  {
    name: 'retry-all',
    description: 'Control: everything that failed is retried at once',
    create: createRetryAllEngine,
  },
]

/** Input error if there is no such engine; called before anything starts. */
export async function checkEngine(choice: EngineChoice): Promise<void> {
  if (typeof choice !== 'string') return
  if (!isPath(choice)) builtIn(choice)
  else if (isModule(choice)) await existingModule(choice)
  else await existingProgram(choice)
}

/** Throws DrillError `input` for a name, a module or a program that is none. To be disposed after the run. */
export async function openEngine(
  choice: EngineChoice,
  options: EngineOptions,
): Promise<DrilledEngine> {
  const program = (start: Program['start'], name: string, everyMs: number | null) =>
    startProgram({ name, start, everyMs }, { ...options, directory: options.directory() })
  if (typeof choice !== 'string') {
    const { commandLine, everyMs } = choice
    return program({ commandLine }, engineName(choice), everyMs)
  }
  if (!isPath(choice)) return inProcess(builtIn(choice).create())
  if (isModule(choice)) return startExternalEngine(choice, options)
  return program({ file: await existingProgram(choice) }, engineName(choice), null)
}

/** How a drill calls it before a module has told its own name. */
export function engineName(choice: EngineChoice): string {
  if (typeof choice === 'string') return basename(choice)
  const [command = ''] = choice.commandLine.trim().split(/\s/)
  return `${basename(command)} every ${formatDuration(choice.everyMs)}`
}

/** An engine of ours, or an object of the library's user. */
export function inProcess(engine: RecoveryEngine): DrilledEngine {
  return {
    name: engine.name,
    nextCheckAt: null,
    exit: undefined,
    output: null,
    takeFindings: () => [],
    check: (incident) => engine.check(incident),
    [Symbol.asyncDispose]: async () => undefined,
  }
}

function builtIn(name: string): BuiltIn {
  const found = BUILT_IN_ENGINES.find((engine) => engine.name === name)
  if (found !== undefined) return found
  const names = BUILT_IN_ENGINES.map((engine) => engine.name)
  throw new DrillError(
    'input',
    `there is no engine "${name}"${didYouMean(name, names)}: name ${names.join(', ')}, or the path of a program or module such as ./runbook.sh or ./my-engine.mjs`,
  )
}

/** `./mine.mjs`, `engines/runbook.sh`, `mine.ts`. */
function isPath(name: string): boolean {
  return /[/\\]/.test(name) || isModule(name) || /\.\w+$/.test(name)
}

function isModule(name: string): boolean {
  return /\.[cm]?[jt]s$/.test(name)
}
