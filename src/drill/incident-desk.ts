/**
 * The incident as one drill keeps it: whether it is open, what was written into the notes, and the journal's record of
 * every act of the engine. Acts are believed as acts only; what they are worth is for the scorer to find out.
 */
import type { Act } from '../journal/events.ts'
import { MINUTE } from '../foundation/time.ts'
import type { BaselineFigures, Notes, Signal, TrackedFix } from '../recovery/contract.ts'
import type { ProgramExit } from '../recovery/drilled-engine.ts'
import type { AuditedStatement } from '../sandbox/sandbox.ts'
import type { World } from '../simulation/world.ts'
import { parsePgTimestamp } from '../foundation/time.ts'

/** `odoocli queue retry` takes what failed from here before the opening (DESIGN section 5). */
const INCIDENT_LOOKBACK_MS = 60 * MINUTE

export class IncidentDesk implements Notes {
  readonly #world: World
  #check = 0
  #state: 'not opened' | 'open' | 'ended' = 'not opened'
  #openedAt: number | null = null
  #endedAt: number | null = null
  #firstWriteAt: number | null = null
  #longestQuarantineMs = 0
  #spoke = false
  #actsNoted = 0

  constructor(world: World) {
    this.#world = world
  }

  set check(check: number) {
    this.#check = check
  }

  get state(): 'not opened' | 'open' | 'ended' {
    return this.#state
  }

  /** When it was opened (first), or ended; null = neither. */
  get since(): number | null {
    return this.#state === 'ended' ? this.#endedAt : this.#openedAt
  }

  /** How many acts were noted so far. */
  get actsNoted(): number {
    return this.#actsNoted
  }

  /** When it was closed or handed over and stayed so; null = open or never opened. */
  get endedAt(): number | null {
    return this.#state === 'ended' ? this.#endedAt : null
  }

  get wasOpened(): boolean {
    return this.#openedAt !== null
  }

  /** Longest push of a pending job's eta into the future so far, ms. */
  get longestQuarantineMs(): number {
    return this.#longestQuarantineMs
  }

  /** Jobs that started before this did not fail in this incident. */
  get incidentFrom(): number {
    const { now } = this.#world
    const from = Math.min(this.#openedAt ?? now, this.#firstWriteAt ?? now)
    return from - INCIDENT_LOOKBACK_MS
  }

  async open(signals: readonly Signal[]): Promise<void> {
    this.#spoke = true
    if (this.#state !== 'open') this.#open({ act: 'open', signals })
  }

  async close(summary: string): Promise<void> {
    this.#end({ act: 'close', summary })
  }

  async handOver(summary: string): Promise<void> {
    this.#end({ act: 'hand-over', summary })
  }

  /**
   * After a check of a program: one that says neither open nor close is judged by its deeds (DESIGN section 5). Its
   * first write opens. It ends with its last process: status 0 closes, another hands over. A program that is run at
   * every check closes with the first run that ends well and writes nothing; a later write opens again.
   */
  noteDeeds(wrote: boolean, exit: ProgramExit | null): void {
    if (this.#spoke) return
    if (wrote && this.#state !== 'open') this.#open({ act: 'open', signals: [], byDeed: true })
    if (exit === null || this.#state !== 'open') return
    const { status, last } = exit
    if (!last && (wrote || status !== 0)) return
    const summary = last
      ? `its program ended with status ${status}`
      : 'its program had nothing more to do'
    this.#end({ act: status === 0 ? 'close' : 'hand-over', summary, byDeed: true })
  }

  async baseline({ byState, pendingByChannel }: BaselineFigures): Promise<void> {
    this.note({
      act: 'baseline',
      byState: { ...byState },
      pendingByChannel,
    })
  }

  async decision(what: string, why: string): Promise<void> {
    this.note({ act: 'decision', what, why })
  }

  async trackedFix({ subject, owner, reason, isolatedBy }: TrackedFix): Promise<void> {
    this.note({ act: 'tracked-fix', subject, owner, reason, isolatedBy })
  }

  note(act: Act): void {
    const { now } = this.#world
    this.#actsNoted++
    this.#world.core.record({ at: now, type: 'act', check: this.#check, ...act })
  }

  /** What the audit found after a check. */
  noteWrites(statements: readonly AuditedStatement[]): void {
    const { now } = this.#world
    if (statements.length > 0) this.#firstWriteAt ??= now
    for (const { rows } of statements) {
      for (const { changed } of rows) {
        const eta = changed.eta?.[1] ?? null
        if (eta === null) continue
        this.#longestQuarantineMs = Math.max(this.#longestQuarantineMs, parsePgTimestamp(eta) - now)
      }
    }
  }

  #open(act: Extract<Act, { act: 'open' }>): void {
    this.#state = 'open'
    this.#openedAt ??= this.#world.now
    this.note(act)
  }

  #end(act: Extract<Act, { act: 'close' | 'hand-over' }>): void {
    if (this.#state !== 'open') throw new Error(`${act.act}: no incident is open`)
    this.#state = 'ended'
    this.#endedAt = this.#world.now
    this.note(act)
  }
}
