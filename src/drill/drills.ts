/**
 * Drills for test suites: one call plays one drill and gives its report. Several share a server, on which each snapshot
 * is loaded once. Nothing is left: no server, no database, no file but where `out` asks for them.
 */
import { performance } from 'node:perf_hooks'
import { DrillError } from '../foundation/errors.ts'
import type { JournalSet } from '../journal/events.ts'
import { renderJunit } from '../report/junit.ts'
import type { Report } from '../report/report-json.ts'
import { renderSummary } from '../report/summary.ts'
import { once } from '../sandbox/once.ts'
import type { Server } from '../sandbox/sandbox.ts'
import { openServer } from '../sandbox/server.ts'
import { openSnapshot } from '../snapshot/open.ts'
import { holdDateDefaults } from './date-defaults.ts'
import { type DrillInputs, drillInputs, type LoadedSnapshot, loadInputs } from './inputs.ts'
import { type LoadedTemplate, loadTemplate, type Played, playDrill } from './play.ts'
import { checkOptions, type DrillPlan, type DrillRequest, planDrill } from './request.ts'
import { RunDirectory } from './run-directory.ts'

/** Where the drills run. */
export interface DrillsOptions {
  /** `auto`, `embedded`, `container`, or the URL of a server, on which only own databases and roles are made. Default `auto`. */
  readonly postgres?: string | undefined
  /** Image of the container. Default `postgres:15`. */
  readonly image?: string | undefined
}

/** What a drill came to. */
export interface DrillOutcome {
  /** Verdict, gates, criteria, figures, with their evidence: `report.json`. */
  readonly report: Report
  /** Everything that happened: the drill itself, and its twins (calm, nobody acts, everything retried). */
  readonly journals: JournalSet
  /** Ready to paste: the command that plays the drill again; for an engine object, the call. */
  readonly repeat: string
  /** Where its files stand; null without `out`. */
  readonly directory: string | null
}

/** Drills on one server. `await using` closes them, and so does `close()`. */
export interface Drills extends AsyncDisposable {
  /**
   * Plays one drill; several at once are fine. Rejects with DrillError `input` (a name, an option, a scenario), `harness`
   * (no PostgreSQL, disk full) or `interrupted`; whatever the engine does is in the report.
   */
  drill(request: DrillRequest): Promise<DrillOutcome>
  /** Ends what is still being played, and the server with everything on it. */
  close(): Promise<void>
}

const OPTIONS = ['postgres', 'image'] as const satisfies readonly (keyof DrillsOptions)[]

/** Starts PostgreSQL for several drills (about a second). Rejects with DrillError: `input`, `harness`. */
export async function openDrills(options: DrillsOptions = {}): Promise<Drills> {
  checkOptions(options, OPTIONS)
  const drills = new SharedServer(options)
  await drills.start()
  return drills
}

/** Plays one drill on a PostgreSQL of its own. All input is checked before that starts. See `Drills.drill`. */
export async function drill(request: DrillRequest & DrillsOptions): Promise<DrillOutcome> {
  const plan = await planDrill(request, OPTIONS)
  await using drills = new SharedServer(request)
  return await drills.play(plan)
}

class SharedServer implements Drills {
  readonly #options: DrillsOptions
  /** Null = not started yet. */
  #server: Promise<Server> | null = null
  readonly #closing = new AbortController()
  readonly #playing = new Set<Promise<unknown>>()
  /** By what is in them: an operations file that was edited in between makes another. */
  readonly #snapshots = new Map<string, Promise<LoadedSnapshot>>()
  readonly #templates = new Map<LoadedSnapshot, Promise<LoadedTemplate>>()
  readonly #close: () => Promise<void>

  constructor(options: DrillsOptions) {
    this.#options = options
    this.#close = once(async () => {
      this.#closing.abort()
      await Promise.allSettled(this.#playing)
      // One that did not start has told so to whoever wanted it.
      const server = await this.#server?.catch(() => null)
      await server?.[Symbol.asyncDispose]()
    })
  }

  start(): Promise<Server> {
    const { postgres = 'auto', image } = this.#options
    return (this.#server ??= openServer(postgres, image === undefined ? {} : { image }))
  }

  close(): Promise<void> {
    return this.#close()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#close()
  }

  async drill(request: DrillRequest): Promise<DrillOutcome> {
    return await this.play(await planDrill(request))
  }

  async play(plan: DrillPlan): Promise<DrillOutcome> {
    if (this.#closing.signal.aborted) {
      throw new DrillError('input', 'these drills are closed: open others with openDrills()')
    }
    const playing = this.#play(plan)
    this.#playing.add(playing)
    try {
      return await playing
    } finally {
      this.#playing.delete(playing)
    }
  }

  async #play(plan: DrillPlan): Promise<DrillOutcome> {
    const { scenario, path, seed, start, out, repeat } = plan
    using _dates = holdDateDefaults()
    const snapshot = await this.#snapshot(plan.snapshot)
    const inputs = drillInputs(snapshot, scenario, seed, start)
    if (inputs.unbound.length > 0) {
      const reasons = inputs.unbound.map(({ reason }) => reason).join('; ')
      throw new DrillError('input', `${path} cannot run on ${snapshot.snapshot.name}: ${reasons}`)
    }
    if (out === null) {
      return { ...(await this.#one(plan, snapshot, inputs, null)), repeat, directory: null }
    }
    const run = await RunDirectory.create(out, scenario.name, new Date())
    const played = await inDirectory(run, scenario.name, (directory) =>
      this.#one(plan, snapshot, inputs, directory),
    )
    return { ...played, repeat, directory: run.path }
  }

  async #one(
    { engine, signal: given, onProgress }: DrillPlan,
    snapshot: LoadedSnapshot,
    inputs: DrillInputs,
    directory: string | null,
  ): Promise<Played> {
    const signal = AbortSignal.any([given, this.#closing.signal])
    const stopped = new DrillError('interrupted', 'interrupted')
    if (signal.aborted) throw stopped
    const { name } = inputs.scenario
    onProgress({ scenario: null, phase: 'postgres', share: 0 })
    const server = await this.start()
    onProgress({ scenario: name, phase: 'load', share: 0 })
    const loaded = await kept(this.#templates, snapshot, () =>
      loadTemplate(server, snapshot.snapshot, null),
    )
    onProgress({ scenario: name, phase: 'load', share: 1 })
    if (signal.aborted) throw stopped
    return playDrill({
      inputs,
      engine,
      setting: {},
      server,
      loaded,
      directory,
      signal,
      onProgress: (phase, share, at) =>
        onProgress({ scenario: name, phase, share, ...(at !== undefined && { virtualAt: at }) }),
    })
  }

  async #snapshot(nameOrDirectory: string): Promise<LoadedSnapshot> {
    const { directory, manifestSha256, operationsSha256 } = await openSnapshot(nameOrDirectory)
    const key = [directory, manifestSha256, operationsSha256].join('\n')
    return kept(this.#snapshots, key, () => loadInputs(nameOrDirectory))
  }
}

/** Made once, also where two ask at the same time; made anew after it failed. */
function kept<Key, Value>(
  map: Map<Key, Promise<Value>>,
  key: Key,
  make: () => Promise<Value>,
): Promise<Value> {
  const there = map.get(key)
  if (there !== undefined) return there
  const made = make()
  map.set(key, made)
  made.catch(() => map.delete(key))
  return made
}

/** The directory is that of a run with one drill; of a drill that was cut off nothing is left. */
async function inDirectory(
  run: RunDirectory,
  name: string,
  play: (directory: string) => Promise<Played>,
): Promise<Played> {
  const started = performance.now()
  try {
    const played = await play(run.drill(name))
    const seconds = (performance.now() - started) / 1000
    await run.write('summary.json', renderSummary([played.report], seconds))
    await run.write('junit.xml', renderJunit([played.report]))
    await run.complete()
    return played
  } catch (error) {
    await run.remove()
    throw error
  }
}
