/**
 * The side-effect ledger: what really happened outside, by business key. Only the world writes it; the journal gets
 * each entry, and the scorer decides what is a duplicate (DESIGN section 4, "Causes").
 */
import type { Cause } from '../journal/events.ts'
import type { Core } from './core.ts'
import type { LoadedRow } from './loaded-rows.ts'
import type { WorldJob } from './world-job.ts'

interface Entry {
  /** Effects before the start. */
  prior: number
  /** Newest value written before the start (`set`). */
  priorValueAt: number | null
  /** All effects so far. */
  count: number
  /** First effect: an idempotency key is registered then. */
  firstAt: number | null
}

export class Ledger {
  readonly #core: Core
  readonly #entries = new Map<string, Entry>()

  constructor(core: Core) {
    this.#core = core
  }

  /**
   * The effect of a loaded row had happened before the start, at `happenedAt`. One that another job redid later counts
   * once, and its value is newer than the row's.
   */
  addPriorOf({ row, operations, key }: LoadedRow, happenedAt: number, redone: boolean): void {
    const entry = this.#entry(key)
    const ownValueAt = operations.value === 'args' ? (row.dateCreated ?? happenedAt) : happenedAt
    entry.prior++
    entry.count++
    entry.firstAt = Math.min(entry.firstAt ?? Infinity, happenedAt)
    entry.priorValueAt = Math.max(entry.priorValueAt ?? -Infinity, ownValueAt + (redone ? 1 : 0))
  }

  happened(key: string): boolean {
    return (this.#entries.get(key)?.count ?? 0) > 0
  }

  /** When the partner first saw this key, null = never. */
  firstAt(key: string): number | null {
    return this.#entries.get(key)?.firstAt ?? null
  }

  /** The effect of one execution happens now. */
  happen(job: WorldJob, run: number, cause: Cause): void {
    const { effect, safety, value } = job.operations
    if (effect === 'none') return
    const { now } = this.#core
    const entry = this.#entry(job.key)
    const absorbed =
      safety.kind === 'keyed' && entry.firstAt !== null && now - entry.firstAt < safety.retentionMs
    if (!absorbed) {
      entry.count++
      entry.firstAt ??= now
    }
    this.#core.record({
      at: now,
      type: 'effect',
      run,
      id: job.id,
      fn: job.fn,
      key: job.key,
      effect,
      cause,
      absorbed,
      prior: entry.prior,
      valueAt: value === 'args' ? (job.dateCreated ?? now) : now,
      priorValueAt: entry.priorValueAt,
    })
  }

  #entry(key: string): Entry {
    let entry = this.#entries.get(key)
    if (entry === undefined) {
      entry = { prior: 0, priorValueAt: null, count: 0, firstAt: null }
      this.#entries.set(key, entry)
    }
    return entry
  }
}
