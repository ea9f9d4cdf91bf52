/** One drill with its twins: four journals of one seed, and what they cost in wall time. */
import { performance } from 'node:perf_hooks'
import type { JournalSet } from '../journal/events.ts'
import type { RecoveryEngine } from '../recovery/contract.ts'
import { type EngineChoice, openEngine, type ProgramSetting } from '../recovery/engines.ts'
import type { Output } from '../recovery/process/output-log.ts'
import { openEngineDirectory } from '../sandbox/engine-directory.ts'
import type { Template } from '../sandbox/sandbox.ts'
import { openEngineObject } from './engine-object.ts'
import type { DrillInputs } from './inputs.ts'
import type { RunDrillOptions } from './run-drill.ts'
import { runDrill } from './run-drill.ts'
import { runTwin } from './twins.ts'

/** An engine by its name or path; or an object in this process, with the wall time of its checks in ms. */
export type DrillEngine =
  | EngineChoice
  | { readonly object: RecoveryEngine; readonly timeoutMs?: number | undefined }

/** What a run of an engine needs. */
interface RunOptions {
  readonly inputs: DrillInputs
  readonly setting: ProgramSetting
  readonly template: Template
  readonly signal: AbortSignal
  readonly onTraffic: RunDrillOptions['onTraffic']
}

export interface DrillOptions extends RunOptions {
  readonly engine: DrillEngine
  /** `share` 0..1 of the drill itself, then of its twins. */
  readonly onProgress: (phase: 'simulate' | 'twins', share: number, at: number) => void
}

export interface DrillRun {
  readonly journals: JournalSet
  /** Wall seconds of drill and twins. */
  readonly simulateSeconds: number
  /** What the engine printed; null for built-in ones. */
  readonly output: Output | null
}

/** The retry-all twin runs beside the drill: while one waits for PostgreSQL, the other's world goes on. */
export async function performDrill(options: DrillOptions): Promise<DrillRun> {
  const { inputs, onProgress, signal } = options
  const started = performance.now()
  const failed = new AbortController()
  const stop = AbortSignal.any([signal, failed.signal])
  const own = withEngine(options, options.engine, 'drill', null, (share, at) =>
    onProgress('simulate', share, at),
  )
  const end = own.then(({ journal }) => journal.events.at(-1)!.at)
  end.catch(() => failed.abort())
  const beside = { ...options, signal: stop }
  const all = withEngine(beside, 'retry-all', 'retry-all', end, () => undefined)
  // Both must have put their clones away before an error of either goes on; the drill's own comes first.
  await Promise.allSettled([own, all])
  const [drill, retryAll] = [await own, await all]
  const endedAt = await end
  const twins = quietTwins(inputs, endedAt, (share) => onProgress('twins', share, endedAt))
  return {
    journals: { drill: drill.journal, ...twins, retryAll: retryAll.journal },
    simulateSeconds: (performance.now() - started) / 1000,
    output: drill.output,
  }
}

/** The twins of a drill that is over: it ended at `until`, virtual ms. */
export async function performTwins(
  options: Omit<RunOptions, 'onTraffic' | 'setting'>,
  until: number,
  onProgress: (share: number) => void,
): Promise<Omit<JournalSet, 'drill'>> {
  const { inputs } = options
  const all = { ...options, setting: {}, onTraffic: () => undefined }
  const retryAll = await withEngine(all, 'retry-all', 'retry-all', until, (share) =>
    onProgress(share / 2),
  )
  return { ...quietTwins(inputs, until, onProgress), retryAll: retryAll.journal }
}

function quietTwins(
  inputs: DrillInputs,
  until: number,
  onProgress: (share: number) => void,
): Pick<JournalSet, 'calm' | 'noop'> {
  onProgress(0.5)
  const calm = runTwin(inputs, 'calm', until)
  onProgress(0.75)
  return { calm, noop: runTwin(inputs, 'noop', until) }
}

/** A clone and an engine of its own for one run; both are gone afterwards. */
async function withEngine(
  { inputs, template, setting, signal, onTraffic }: RunOptions,
  choice: DrillEngine,
  run: 'drill' | 'retry-all',
  until: RunDrillOptions['until'],
  onProgress: RunDrillOptions['onProgress'],
): Promise<{ journal: JournalSet['drill']; output: Output | null }> {
  await using database = await template.clone({
    timeZone: inputs.scenario.timeZone,
    address: setting.address,
  })
  await using engine =
    typeof choice === 'object' && 'object' in choice
      ? openEngineObject(choice.object, { signal, timeoutMs: choice.timeoutMs })
      : await openEngine(choice, {
          databaseUri: database.engineUri,
          databaseBusy: () => database.gateway.busy,
          directory: openEngineDirectory,
          ...setting,
        })
  const journal = await runDrill({
    inputs,
    run,
    engine,
    database,
    until,
    signal,
    onTraffic: run === 'drill' ? onTraffic : () => undefined,
    onProgress,
  })
  return { journal, output: engine.output }
}
