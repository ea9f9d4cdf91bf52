/**
 * One run of an engine against a world and a database: the loop of checks. The world stands still while the engine
 * works; one sync before each check shows it the table, one after takes what it did. Returns the journal.
 */
import { DrillError, messageOf } from '../foundation/errors.ts'
import type { EndReason, Journal, RunKind } from '../journal/events.ts'
import type { DrilledEngine, ProgramExit } from '../recovery/drilled-engine.ts'
import { EngineFailure } from '../recovery/engine-failure.ts'
import type { DrillDatabase } from '../sandbox/sandbox.ts'
import type { DrillInputs } from './inputs.ts'
import { DrillSession, type SessionOptions } from './session.ts'

export interface RunDrillOptions {
  readonly inputs: DrillInputs
  readonly run: RunKind
  readonly engine: DrilledEngine
  readonly database: DrillDatabase
  /**
   * Virtual end, for a twin that lasts as long as the drill that it stands beside: known, or to be known when that is
   * over; null = the scenario and the closing decide.
   */
  readonly until: Promise<number> | number | null
  readonly signal: AbortSignal
  readonly onTraffic: SessionOptions['onTraffic']
  /** 0..1, after each check. */
  readonly onProgress: (share: number, at: number) => void
}

export async function runDrill(options: RunDrillOptions): Promise<Journal> {
  const { inputs, database, onTraffic, run, engine } = options
  await using session = await DrillSession.begin({ inputs, database, onTraffic })
  const end = await new Checks(options, session).run()
  return session.end(run, engine.name, end.at, end.reason)
}

class Checks {
  readonly #o: RunDrillOptions
  readonly #session: DrillSession
  #engineGone = false

  constructor(options: RunDrillOptions, session: DrillSession) {
    this.#o = options
    this.#session = session
  }

  async run(): Promise<{ at: number; reason: EndReason }> {
    const { scenario, snapshot } = this.#o.inputs
    const { capturedAt } = snapshot
    const { limit } = this.#session
    for (let at = capturedAt; ; at = this.#o.engine.nextCheckAt ?? at + scenario.checkEveryMs) {
      const end = Math.min(await this.#endsAt(at), limit)
      if (at >= end) return { at: end, reason: this.#reason(end, limit) }
      if (this.#o.signal.aborted) throw new DrillError('interrupted', 'interrupted')
      this.#session.world.advance(at)
      await this.#oneCheck()
      this.#o.onProgress((at - capturedAt) / (end - capturedAt), at)
    }
  }

  async #endsAt(at: number): Promise<number> {
    const { until } = this.#o
    const { plannedEnd, endsAt } = this.#session
    if (until === null) return endsAt
    if (typeof until === 'number') return until
    // No drill of checks is shorter than its scenario: until then nobody has to wait for the other.
    return at < plannedEnd ? plannedEnd : until
  }

  #reason(end: number, limit: number): EndReason {
    if (end === limit) return 'limit'
    return end > this.#session.plannedEnd ? 'watch-window' : 'duration'
  }

  async #oneCheck(): Promise<void> {
    const session = this.#session
    session.nextCheck()
    await session.sync(false)
    if (this.#engineGone) return
    await this.#callEngine()
    const { gateway } = this.#o.database
    const left = await gateway.endOpenTransactions()
    if (left > 0) session.find('transaction-left-open', `${left} at the end of the check`)
    const wrote = await session.sync(true)
    const { exit } = this.#o.engine
    if (exit !== undefined) this.#noteDeeds(wrote, exit)
    session.endCheck(gateway.takeTraffic())
  }

  #noteDeeds(wrote: boolean, exit: ProgramExit | null): void {
    const session = this.#session
    session.desk.noteDeeds(wrote, exit)
    if (exit === null || !exit.last || session.desk.wasOpened) return
    session.find(
      'engine-ended-early',
      `its program ended with status ${exit.status} and had neither written nor opened an incident: nobody watches from here on`,
    )
  }

  /** An engine that fails is out: a finding, no more checks; the world goes on to the end. */
  async #callEngine(): Promise<void> {
    const { database, engine } = this.#o
    const session = this.#session
    const incident = await session.incident()
    try {
      await this.#orInterrupted(engine.check(incident))
    } catch (error) {
      if (error instanceof DrillError) throw error
      // A server that died is the harness's trouble, not the engine's.
      await database.world.query('select 1')
      this.#engineGone = true
      const code = error instanceof EngineFailure ? error.code : 'engine-threw'
      session.find(code, messageOf(error))
    }
    for (const { code, detail } of engine.takeFindings()) session.find(code, detail)
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
}
