/** What every part of a world shares: virtual time, the future, the journal, the seed. */
import type { JournalEvent } from '../journal/events.ts'
import { EventQueue } from './event-queue.ts'

export class Core {
  readonly seed: number
  readonly #events = new EventQueue()
  readonly #record: (event: JournalEvent) => void
  #now: number

  constructor(seed: number, startedAt: number, record: (event: JournalEvent) => void) {
    this.seed = seed
    this.#now = startedAt
    this.#record = record
  }

  get now(): number {
    return this.#now
  }

  /** `at` in the past counts as now; whole milliseconds. */
  schedule(at: number, action: () => void): void {
    this.#events.schedule(Math.max(this.#now, Math.round(at)), action)
  }

  every(firstAt: number, everyMs: number, action: () => void): void {
    this.schedule(firstAt, () => {
      action()
      this.every(firstAt + everyMs, everyMs, action)
    })
  }

  record(event: JournalEvent): void {
    this.#record(event)
  }

  /** Performs everything that is due before `until`, and leaves the clock there; what is due at `until` comes next time. */
  advance(until: number): void {
    while (this.#events.nextAt < until) {
      this.#now = this.#events.nextAt
      this.#events.take()()
    }
    this.#now = until
  }
}
