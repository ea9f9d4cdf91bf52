/** Who can perform the recovery: the built-in engines by name, anything that looks like a path as a module of its own. */
import { DrillError } from '../foundation/errors.ts'
import { didYouMean } from '../foundation/suggest.ts'
import type { RecoveryEngine } from './contract.ts'
import { createNoopEngine } from './control/noop.ts'
import { createRetryAllEngine } from './control/retry-all.ts'
import { existingModule, startExternalEngine } from './external/external-engine.ts'
import { createRunbookEngine } from './runbook/engine.ts'

export interface EngineOptions {
  /** The drill's database, through the gateway: a module in a process of its own connects itself. */
  readonly databaseUri: string
}

/** An engine for one run, to be disposed after it. */
export interface OpenEngine extends RecoveryEngine, AsyncDisposable {
  /** What a module printed so far; null for built-in engines, which print nothing. */
  readonly output: string | null
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
export async function checkEngine(nameOrPath: string): Promise<void> {
  if (isPath(nameOrPath)) await existingModule(nameOrPath)
  else builtIn(nameOrPath)
}

/** Throws DrillError `input` for a name or a module that is none. */
export async function openEngine(
  nameOrPath: string,
  { databaseUri }: EngineOptions,
): Promise<OpenEngine> {
  if (isPath(nameOrPath)) return startExternalEngine(nameOrPath, { databaseUri })
  const engine = builtIn(nameOrPath).create()
  return {
    name: engine.name,
    output: null,
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
    `there is no engine "${name}"${didYouMean(name, names)}: name ${names.join(', ')}, or the path of a module such as ./my-engine.mjs`,
  )
}

/** `./mine.mjs`, `engines/mine.js`, `mine.mjs`. */
function isPath(nameOrPath: string): boolean {
  return /[/\\]/.test(nameOrPath) || /\.[cm]?[jt]s$/.test(nameOrPath)
}
