/**
 * One run of an engine against a world and a database: the loop of checks. The world stands still while the engine
 * works; one sync before each check shows it the table, one after takes what it did. Returns the journal.
 */
import type { Client } from 'pg'
import { DrillError, messageOf } from '../foundation/errors.ts'
import { HOUR } from '../foundation/time.ts'
import type { Journal, JournalEvent, RunKind } from '../journal/events.ts'
import type { FindingCode } from '../journal/findings.ts'
import { profileWarning } from '../queue-job/profile.ts'
import { connectEngine } from '../recovery/connection.ts'
import type { Incident } from '../recovery/contract.ts'
import type { DrilledEngine, ProgramExit } from '../recovery/drilled-engine.ts'
import { EngineFailure } from '../recovery/engine-failure.ts'
import type { DrillDatabase, Traffic } from '../sandbox/sandbox.ts'
import { Sync } from '../simulation/sync.ts'
import type { World } from '../simulation/world.ts'
import { etaTrap } from './eta-trap.ts'
import { findingsOf } from './findings.ts'
import { IncidentDesk } from './incident-desk.ts'
import { type DrillInputs, headerOf } from './inputs.ts'
import { catalogueOf, connectOperations, createOperations } from './operations/operations.ts'
import { createWorld } from './twins.ts'

/** A drill that has not ended by then (an engine that opens and closes for ever) is cut off. */
const OVERTIME_MAX_MS = 4 * HOUR

export interface RunDrillOptions {
  readonly inputs: DrillInputs
  readonly run: RunKind
  readonly engine: DrilledEngine
  readonly database: DrillDatabase
  /** Virtual end, for a twin that lasts as long as the drill beside it; null = the scenario and the closing decide. */
  readonly until: Promise<number> | null
  readonly signal: AbortSignal
  /** Statement texts for `statements.ndjson`. */
  readonly onTraffic: (check: number, at: number, traffic: Traffic) => void
  /** 0..1, after each check. */
  readonly onProgress: (share: number, at: number) => void
}

export async function runDrill(options: RunDrillOptions): Promise<Journal> {
  const { inputs, run, engine } = options
  const events: JournalEvent[] = []
  const world = createWorld(inputs, (event) => events.push(event))
  const sync = await Sync.begin(world, options.database.world)
  await using checks = new Checks(options, world, sync)
  const end = await checks.run()
  world.advance(end.at)
  events.push({ at: end.at, type: 'end', reason: end.reason })
  return { header: headerOf(inputs, run, engine.name), events }
}

class Checks implements AsyncDisposable {
  readonly #o: RunDrillOptions
  readonly #world: World
  readonly #desk: IncidentDesk
  readonly #sync: Sync
  #engineClient: Client | null = null
  /** Calls of one check may come side by side: they share one session. */
  #operationsClient: Promise<Client> | null = null
  #check = 0
  #engineGone = false

  constructor(options: RunDrillOptions, world: World, sync: Sync) {
    this.#o = options
    this.#world = world
    this.#desk = new IncidentDesk(world)
    this.#sync = sync
  }

  async run(): Promise<{ at: number; reason: 'duration' | 'watch-window' | 'limit' }> {
    const { scenario, snapshot } = this.#o.inputs
    const warning = profileWarning(snapshot.manifest.addon_profile)
    if (warning !== null) this.#find('rules-of-another-line', warning)
    const { capturedAt } = snapshot
    const limit = capturedAt + scenario.durationMs + OVERTIME_MAX_MS
    for (let at = capturedAt; ; at = this.#o.engine.nextCheckAt ?? at + scenario.checkEveryMs) {
      const end = Math.min(await this.#endsAt(at), limit)
      if (at >= end) return { at: end, reason: this.#reason(end, limit) }
      if (this.#o.signal.aborted) throw new DrillError('interrupted', 'interrupted')
      this.#world.advance(at)
      await this.#oneCheck()
      this.#o.onProgress((at - capturedAt) / (end - capturedAt), at)
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // The server may be gone already; then there is nothing to say goodbye to.
    const operations = await this.#operationsClient?.catch(() => null)
    for (const client of [this.#engineClient, operations]) {
      await client?.end().catch(() => undefined)
    }
  }

  /** The scenario's length, or closing + watch window where that is later (DESIGN section 3). */
  async #endsAt(at: number): Promise<number> {
    const { inputs, until } = this.#o
    const planned = inputs.snapshot.capturedAt + inputs.scenario.durationMs
    // No drill is shorter than its scenario: until then nobody has to wait for the other.
    if (until !== null) return at < planned ? planned : until
    const { endedAt, longestQuarantineMs } = this.#desk
    if (endedAt === null) return planned
    const { watchMinMs, watchMaxMs } = inputs.scenario.thresholds
    const watchMs = Math.min(watchMaxMs, Math.max(watchMinMs, 2 * longestQuarantineMs))
    return Math.max(planned, endedAt + watchMs)
  }

  #reason(end: number, limit: number): 'duration' | 'watch-window' | 'limit' {
    if (end === limit) return 'limit'
    const { snapshot, scenario } = this.#o.inputs
    return end > snapshot.capturedAt + scenario.durationMs ? 'watch-window' : 'duration'
  }

  async #oneCheck(): Promise<void> {
    const check = ++this.#check
    this.#sync.check = this.#desk.check = check
    await this.#syncNow(false)
    if (this.#engineGone) return
    await this.#callEngine()
    const { gateway } = this.#o.database
    const left = await gateway.endOpenTransactions()
    if (left > 0) this.#find('transaction-left-open', `${left} at the end of the check`)
    const wrote = await this.#syncNow(true)
    const { exit } = this.#o.engine
    if (exit !== undefined) this.#noteDeeds(wrote, exit)
    this.#noteTraffic(gateway.takeTraffic())
  }

  #noteDeeds(wrote: boolean, exit: ProgramExit | null): void {
    this.#desk.noteDeeds(wrote, exit)
    if (exit === null || !exit.last || this.#desk.wasOpened) return
    this.#find(
      'engine-ended-early',
      `its program ended with status ${exit.status} and had neither written nor opened an incident: nobody watches from here on`,
    )
  }

  /** Whether the engine wrote something since the last. */
  async #syncNow(afterEngine: boolean): Promise<boolean> {
    const { statements, sleeps, tampering } = await this.#sync.run(afterEngine)
    this.#desk.noteWrites(statements)
    for (const sentence of tampering) this.#find('tampered', sentence)
    const trap = etaTrap(statements, this.#world.now, this.#o.inputs.scenario.timeZone)
    if (trap !== null) this.#find('eta-in-session-time', trap)
    if (sleeps > 0) this.#find('slept-in-sql', `pg_sleep was called ${sleeps} times`)
    return statements.length > 0
  }

  /** An engine that fails is out: a finding, no more checks; the world goes on to the end. */
  async #callEngine(): Promise<void> {
    const { database, engine, inputs } = this.#o
    const world = this.#world
    const desk = this.#desk
    this.#engineClient ??= await connectEngine(database.engineUri)
    const incident: Incident = {
      now: new Date(world.now),
      database: this.#engineClient,
      catalogue: catalogueOf(inputs.operations),
      notes: desk,
      operations: createOperations({
        world,
        desk,
        operations: inputs.operations,
        odoocli: () => (this.#operationsClient ??= connectOperations(database.engineUri)),
      }),
      open: (signals) => desk.open(signals),
      close: (summary) => desk.close(summary),
      handOver: (summary) => desk.handOver(summary),
    }
    try {
      await this.#orInterrupted(engine.check(incident))
      for (const { code, detail } of engine.takeFindings()) this.#find(code, detail)
    } catch (error) {
      if (error instanceof DrillError) throw error
      // A server that died is the harness's trouble, not the engine's.
      await database.world.query('select 1')
      this.#engineGone = true
      const code = error instanceof EngineFailure ? error.code : 'engine-threw'
      this.#find(code, messageOf(error))
    }
  }

  /** A program may be at work for a minute: whoever interrupts a drill need not wait for it. */
  async #orInterrupted(check: Promise<void>): Promise<void> {
    const { engine, signal } = this.#o
    // Ours are quick, and nothing could stop them.
    if (engine.output === null) return check
    let stop: () => void = () => undefined
    const interrupted = new Promise<never>((_, reject) => {
      stop = () => reject(new DrillError('interrupted', 'interrupted'))
      signal.addEventListener('abort', stop, { once: true })
      if (signal.aborted) stop()
    })
    try {
      await Promise.race([check, interrupted])
    } finally {
      signal.removeEventListener('abort', stop)
    }
  }

  #noteTraffic(traffic: Traffic): void {
    const { now } = this.#world
    const check = this.#check
    for (const { code, detail } of findingsOf(traffic)) this.#find(code, detail)
    const { statements, rows } = traffic
    this.#world.core.record({ at: now, type: 'check', check, statements, rows })
    this.#o.onTraffic(check, now, traffic)
  }

  #find(code: FindingCode, detail: string): void {
    this.#world.core.record({
      at: this.#world.now,
      type: 'finding',
      check: this.#check,
      code,
      detail,
    })
  }
}
