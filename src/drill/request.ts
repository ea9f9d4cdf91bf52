/** What a test suite asks of a drill: every option checked and filled in before anything starts. */
import { DrillError, messageOf } from '../foundation/errors.ts'
import { didYouMean } from '../foundation/suggest.ts'
import { DAY, parseDuration } from '../foundation/time.ts'
import type { RecoveryEngine } from '../recovery/contract.ts'
import { checkEngine } from '../recovery/engines.ts'
import { repeatCommand } from './repeat.ts'
import type { Scenario } from '../scenario/scenario.ts'
import { findScenario } from '../scenario/find-scenario.ts'
import type { CampaignProgress } from './campaign.ts'
import type { DrillEngine } from './drill.ts'
import { parseDrillDuration } from './duration.ts'
import { openEngineObject } from './engine-object.ts'

/** Options of one drill. */
export interface DrillRequest {
  /** Name of a bundled scenario (`queue-drill scenarios list`), or the path of a file. */
  readonly scenario: string
  /**
   * Who recovers: name of a built-in engine (`runbook`, `noop`, `retry-all`), path of a module or program, or an engine object,
   * which runs in this process. A fresh object for each drill, or what it remembers goes from one to the next.
   * Default `runbook`.
   */
  readonly engine?: string | RecoveryEngine | undefined
  /** A whole number, 0 or more: the same seed gives the same drill, byte for byte. */
  readonly seed: number
  /** Bundled snapshot or directory. Default: the scenario's. */
  readonly snapshot?: string | undefined
  /** Hour of the week: `captured`, `busiest`, or such as `Mon 10:00`. Default `busiest`. */
  readonly start?: string | undefined
  /** Virtual length such as `2h`, 10 minutes to 7 days. Default: the scenario's. */
  readonly duration?: string | undefined
  /** Directory for journals and reports, as `queue-drill run --out` makes it; it must not be there yet. Default: no files. */
  readonly out?: string | undefined
  /** Wall time of one check of an engine object, such as `60s`, which is the default; at most `1d`. A module has 60 seconds. */
  readonly checkTimeout?: string | undefined
  /** Ends the drill at its next check, and a check of an engine object that waits: DrillError `interrupted`. */
  readonly signal?: AbortSignal | undefined
  readonly onProgress?: ((progress: CampaignProgress) => void) | undefined
}

/** A request with every default filled in. */
export interface DrillPlan {
  readonly scenario: Scenario
  readonly path: string
  readonly engine: DrillEngine
  readonly seed: number
  readonly snapshot: string
  readonly start: string
  readonly out: string | null
  readonly signal: AbortSignal
  readonly onProgress: (progress: CampaignProgress) => void
  /** The command, or the call, that plays the drill once more. */
  readonly repeat: string
}

const OPTIONS = [
  'scenario',
  'engine',
  'seed',
  'snapshot',
  'start',
  'duration',
  'out',
  'checkTimeout',
  'signal',
  'onProgress',
] as const satisfies readonly (keyof DrillRequest)[]

/** Throws DrillError `input` for whatever is wrong. `others`: options that somebody else reads. */
export async function planDrill(
  request: DrillRequest,
  others: readonly string[] = [],
): Promise<DrillPlan> {
  checkOptions(request, [...OPTIONS, ...others])
  const { seed, snapshot, start = 'busiest', duration, out = null } = request
  if (!Number.isSafeInteger(seed) || seed < 0) {
    throw new DrillError('input', 'seed must be a whole number, 0 or more')
  }
  if (typeof request.scenario !== 'string') {
    throw new DrillError(
      'input',
      'scenario must be the name of a bundled one or the path of a file',
    )
  }
  const signal = request.signal ?? new AbortController().signal
  const engine = await engineOf(request, signal)
  const { scenario, path } = await findScenario(request.scenario)
  const durationMs =
    duration === undefined ? scenario.durationMs : parseDrillDuration(duration, 'duration')
  return {
    scenario: { ...scenario, durationMs },
    path,
    engine,
    seed,
    snapshot: snapshot ?? scenario.snapshot,
    start,
    out,
    signal,
    onProgress: request.onProgress ?? (() => undefined),
    repeat: repeatOf(request),
  }
}

/** A slip in the name of an option would otherwise play another drill than the one that was meant. */
export function checkOptions(options: object, allowed: readonly string[]): void {
  for (const name of Object.keys(options)) {
    if (allowed.includes(name)) continue
    throw new DrillError(
      'input',
      `unknown option "${name}"${didYouMean(name, allowed)}; allowed: ${allowed.join(', ')}`,
    )
  }
}

async function engineOf(
  { engine = 'runbook', checkTimeout }: DrillRequest,
  signal: AbortSignal,
): Promise<DrillEngine> {
  if (typeof engine === 'string') {
    await checkEngine(engine)
    return engine
  }
  const timeoutMs = checkTimeout === undefined ? undefined : timeoutOf(checkTimeout)
  // Opening it is what checks it.
  openEngineObject(engine, { signal, timeoutMs })
  return { object: engine, timeoutMs }
}

function timeoutOf(text: string): number {
  try {
    const ms = parseDuration(text)
    if (ms > 0 && ms <= DAY) return ms
  } catch (cause) {
    throw new DrillError('input', `checkTimeout: ${messageOf(cause)}`, { cause })
  }
  throw new DrillError('input', 'checkTimeout must be more than nothing and at most 1d')
}

/** An engine object is known to this process only, so that a call repeats it. */
function repeatOf(request: DrillRequest): string {
  const { scenario, engine = 'runbook', seed, snapshot, start, duration } = request
  const rest = { snapshot: snapshot ?? null, start: start ?? null, duration: duration ?? null }
  if (typeof engine === 'string') return repeatCommand({ scenario, engine, seed, ...rest })
  const shown = Object.entries({ snapshot, start, duration })
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => `, ${key}: ${JSON.stringify(value)}`)
  return `drill({ scenario: ${JSON.stringify(scenario)}, engine, seed: ${seed}${shown.join('')} })`
}
