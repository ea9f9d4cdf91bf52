/**
 * One world and its database while they are drilled: what a loop of checks and a live drill share. Carries changes
 * both ways, keeps the incident, notes what passes and what is found, and collects the journal.
 */
import type { Client } from 'pg'
import { HOUR } from '../foundation/time.ts'
import type { EndReason, Journal, JournalEvent, RunKind } from '../journal/events.ts'
import type { FindingCode } from '../journal/findings.ts'
import { profileWarning } from '../queue-job/profile.ts'
import { connectEngine } from '../recovery/connection.ts'
import type { Incident } from '../recovery/contract.ts'
import type { DrillDatabase, Traffic } from '../sandbox/sandbox.ts'
import { type LiveSync, Sync, type SyncResult } from '../simulation/sync.ts'
import type { World } from '../simulation/world.ts'
import { etaTrap } from './eta-trap.ts'
import { findingsOf } from './findings.ts'
import { IncidentDesk } from './incident-desk.ts'
import { type DrillInputs, headerOf } from './inputs.ts'
import { catalogueOf, connectOperations, createOperations } from './operations/operations.ts'
import { createWorld } from './twins.ts'

/** A drill that has not ended by then (an engine that opens and closes for ever) is cut off. */
const OVERTIME_MAX_MS = 4 * HOUR

export interface SessionOptions {
  readonly inputs: DrillInputs
  readonly database: DrillDatabase
  /** Of the connection that stands in `incident.database`; default none. */
  readonly applicationName?: string
  /** Statement texts for `statements.ndjson`. */
  readonly onTraffic: (check: number, at: number, traffic: Traffic) => void
}

export class DrillSession implements AsyncDisposable {
  readonly world: World
  readonly desk: IncidentDesk
  readonly #o: SessionOptions
  readonly #events: JournalEvent[]
  readonly #sync: Sync
  #engineClient: Client | null = null
  /** Calls may come side by side: they share one session. */
  #operationsClient: Promise<Client> | null = null
  #check = 0

  private constructor(options: SessionOptions, world: World, events: JournalEvent[], sync: Sync) {
    this.#o = options
    this.world = world
    this.desk = new IncidentDesk(world)
    this.#events = events
    this.#sync = sync
  }

  static async begin(options: SessionOptions): Promise<DrillSession> {
    const events: JournalEvent[] = []
    const world = createWorld(options.inputs, (event) => events.push(event))
    const sync = await Sync.begin(world, options.database.world)
    const session = new DrillSession(options, world, events, sync)
    const warning = profileWarning(options.inputs.snapshot.manifest.addon_profile)
    if (warning !== null) session.find('rules-of-another-line', warning)
    return session
  }

  /** No drill goes on beyond this, whatever happens; virtual ms. */
  get limit(): number {
    return this.plannedEnd + OVERTIME_MAX_MS
  }

  /** The scenario's length. */
  get plannedEnd(): number {
    const { snapshot, scenario } = this.#o.inputs
    return snapshot.capturedAt + scenario.durationMs
  }

  /** When the closing has been watched for long enough; null = nothing is closed. */
  get watchedUntil(): number | null {
    const { endedAt, longestQuarantineMs } = this.desk
    if (endedAt === null) return null
    const { watchMinMs, watchMaxMs } = this.#o.inputs.scenario.thresholds
    return endedAt + Math.min(watchMaxMs, Math.max(watchMinMs, 2 * longestQuarantineMs))
  }

  /** The scenario's length, or closing + watch window where that is later (DESIGN section 3). */
  get endsAt(): number {
    return Math.max(this.plannedEnd, this.watchedUntil ?? 0)
  }

  /** What is written and done from now on belongs to the next check. */
  nextCheck(): void {
    this.#sync.check = this.desk.check = ++this.#check
  }

  /** What an engine, or a person, can do at this moment. */
  async incident(): Promise<Incident> {
    const { inputs, database, applicationName } = this.#o
    const { world, desk } = this
    this.#engineClient ??= await connectEngine(database.engineUri, applicationName)
    return {
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
  }

  /** Whether the engine wrote something since the last. */
  async sync(afterEngine: boolean): Promise<boolean> {
    const result = await this.#sync.run(afterEngine)
    this.#note(result)
    return result.statements.length > 0
  }

  /** See `Sync.runLive`; false = an open transaction of somebody holds the table. */
  async syncLive({ goOn, ...options }: LiveSync): Promise<boolean> {
    const result = await this.#sync.runLive({
      ...options,
      goOn: (found) => {
        this.#note(found)
        goOn(found)
      },
    })
    return result !== null
  }

  /** Ends the check: what passed through the gateway, and what that tells. */
  endCheck(traffic: Traffic): void {
    const { now } = this.world
    const check = this.#check
    for (const { code, detail } of findingsOf(traffic)) this.find(code, detail)
    const { statements, rows } = traffic
    this.world.core.record({ at: now, type: 'check', check, statements, rows })
    this.#o.onTraffic(check, now, traffic)
  }

  find(code: FindingCode, detail: string): void {
    this.world.core.record({
      at: this.world.now,
      type: 'finding',
      check: this.#check,
      code,
      detail,
    })
  }

  /** Lets the world go on to `at`, and ends the journal there. */
  end(run: RunKind, engine: string, at: number, reason: EndReason): Journal {
    this.world.advance(at)
    this.#events.push({ at, type: 'end', reason })
    return { header: headerOf(this.#o.inputs, run, engine), events: this.#events }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // The server may be gone already; then there is nothing to say goodbye to.
    const operations = await this.#operationsClient?.catch(() => null)
    for (const client of [this.#engineClient, operations]) {
      await client?.end().catch(() => undefined)
    }
  }

  #note({ statements, sleeps, tampering }: SyncResult): void {
    this.desk.noteWrites(statements)
    for (const sentence of tampering) this.find('tampered', sentence)
    const trap = etaTrap(statements, this.world.now, this.#o.inputs.scenario.timeZone)
    if (trap !== null) this.find('eta-in-session-time', trap)
    if (sleeps > 0) this.find('slept-in-sql', `pg_sleep was called ${sleeps} times`)
  }
}
