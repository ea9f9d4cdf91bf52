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

export interface DrillOptions {
  readonly inputs: DrillInputs
  readonly engine: DrillEngine
  readonly setting: ProgramSetting
  readonly template: Template
  readonly signal: AbortSignal
  readonly onTraffic: RunDrillOptions['onTraffic']
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
  onProgress('twins', 0.5, await end)
  const calm = runTwin(inputs, 'calm', await end)
  onProgress('twins', 0.75, await end)
  const noop = runTwin(inputs, 'noop', await end)
  return {
    journals: { drill: drill.journal, calm, noop, retryAll: retryAll.journal },
    simulateSeconds: (performance.now() - started) / 1000,
    output: drill.output,
  }
}

/** A clone and an engine of its own for one run; both are gone afterwards. */
async function withEngine(
  { inputs, template, setting, signal, onTraffic }: DrillOptions,
  choice: DrillEngine,
  run: 'drill' | 'retry-all',
  until: Promise<number> | null,
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
