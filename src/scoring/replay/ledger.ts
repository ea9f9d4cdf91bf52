/**
 * The effects of one journal by business key: which of them repeated another, which wrote an older value over a newer
 * one, and what had happened when (DESIGN sections 4 and 6.2). Effects from before the start count; those that the
 * partner recognised by their key and did not perform (`absorbed`) do not.
 */
import type { EffectEvent } from '../../journal/events.ts'
import type { JobTruth } from './job-truth.ts'

export interface Repeat {
  readonly kind: 'duplicate' | 'stale overwrite'
  /** What it repeated; null = it happened before the start. */
  readonly first: EffectEvent | null
  readonly second: EffectEvent
}

interface KeyState {
  /** Last effect of the key; null with `count` > 0 = before the start. */
  last: EffectEvent | null
  count: number
  newestValueAt: number | null
  newest: EffectEvent | null
}

export class EffectLedger {
  /** Effects that really happened. */
  total = 0
  readonly repeats: Repeat[] = []
  readonly #keys = new Map<string, KeyState>()
  readonly #jobs = new Map<number, EffectEvent>()
  readonly #before = new Set<string>()

  /** The effect of a loaded job had happened before the start. */
  noteBefore(job: JobTruth): void {
    if (job.operations.effect === 'once') this.#before.add(job.key)
  }

  add(event: EffectEvent, job: JobTruth | undefined): void {
    if (event.absorbed) return
    this.total++
    if (event.effect === 'set') this.#set(event)
    else this.#once(event, job)
    this.#jobs.set(event.id, event)
  }

  /** Whether what the job is for has happened by now, through it or, unless every call counts, another of its key. */
  hasHappened(job: JobTruth): boolean {
    if (job.effectBefore || this.#jobs.has(job.id)) return true
    if (job.operations.effect !== 'once') return false
    if (this.#before.has(job.key)) return true
    return (this.#keys.get(job.key)?.count ?? 0) > 0
  }

  /** `set`: when the newest value of the key was true; null = nothing was written yet. */
  newestValueAt(key: string): number | null {
    return this.#keys.get(key)?.newestValueAt ?? null
  }

  #set(event: EffectEvent): void {
    const state = this.#state(event)
    const { newestValueAt, newest } = state
    if (newestValueAt !== null && event.valueAt < newestValueAt) {
      this.repeats.push({ kind: 'stale overwrite', first: newest, second: event })
      return
    }
    state.newestValueAt = event.valueAt
    state.newest = event
  }

  /**
   * `once`: the second effect of a key is a duplicate. `each`: two jobs of one key are two wanted calls, so a job
   * repeats only itself; a copy that an engine inserted repeats what it was copied from.
   */
  #once(event: EffectEvent, job: JobTruth | undefined): void {
    const isCopy = job !== undefined && job.insertedBy !== null
    const state = this.#state(event)
    const isEach = event.effect === 'each' && !isCopy
    const own = this.#jobs.get(event.id)
    const isRepeat = isEach ? own !== undefined || job?.effectBefore === true : state.count > 0
    if (isRepeat) {
      const first = isEach ? (own ?? null) : state.last
      this.repeats.push({ kind: 'duplicate', first, second: event })
    }
    state.count++
    state.last = event
  }

  /** A business key begins with its job function, so all effects of a key are of one kind. */
  #state(event: EffectEvent): KeyState {
    let state = this.#keys.get(event.key)
    if (state === undefined) {
      const { prior, priorValueAt } = event
      state = { last: null, count: prior, newestValueAt: priorValueAt, newest: null }
      this.#keys.set(event.key, state)
    }
    return state
  }
}
