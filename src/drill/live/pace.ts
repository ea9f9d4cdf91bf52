/**
 * The clock of a live drill, and the only place where wall time enters it: people act in wall time, so virtual time has
 * to be tied to that. Virtual time runs at a speed from an anchor; it stands still while paused, never goes back, and never runs
 * further ahead of the world than a few ticks: where the machine or a lock keeps the world from following, time lags
 * instead of jumping. What a drill decides at a moment it decides by virtual time alone.
 */
import { performance } from 'node:perf_hooks'
import { setTimeout as after } from 'node:timers/promises'
import { SECOND } from '../../foundation/time.ts'

/** A clock that never goes back, ms. */
export interface MonotonicTime {
  now(): number
  /** Settles after `ms`, or at once when `signal` is aborted. */
  sleep(ms: number, signal: AbortSignal): Promise<void>
}

const WALL: MonotonicTime = {
  now: () => performance.now(),
  sleep: (ms, signal) => after(ms, undefined, { signal }).catch(() => undefined),
}

/** From one tick to the next: a virtual second, but no less wall time than this, ms. */
const TICK_WALL_MS_MIN = 250
/** Virtual time may run ahead of the world by so many ticks. */
const TICKS_AHEAD = 2
/** Over so much wall time the speed that is really kept is measured, ms. */
const KEPT_WINDOW_MS = 10 * SECOND

export class Pace {
  readonly #time: MonotonicTime
  /** Virtual ms up to which the world has come, not rounded, and the wall moment that it belongs to. */
  #base: number
  #anchor: number
  #speed: number
  #tickedAt: number
  /** What `now` gave last: rounding must not take it back. */
  #last: number
  /** Latest points of the world's way: wall and virtual ms. */
  #way: { readonly wall: number; readonly at: number }[] = []

  /** `at`: virtual ms; `speed`: virtual seconds in a second of wall time, 0 = paused. */
  constructor(at: number, speed: number, time: MonotonicTime = WALL) {
    this.#time = time
    this.#base = at
    this.#last = Math.floor(at)
    this.#speed = speed
    this.#anchor = this.#tickedAt = time.now()
    this.#restart()
  }

  get speed(): number {
    return this.#speed
  }

  /** Wall ms, for measuring how long something lasts. */
  get wallMs(): number {
    return this.#time.now()
  }

  /** Wall ms from one tick to the next. */
  get tickMs(): number {
    return this.#speed === 0 ? TICK_WALL_MS_MIN : Math.max(TICK_WALL_MS_MIN, SECOND / this.#speed)
  }

  /** How far virtual time may run ahead of the world, virtual ms. */
  get aheadMs(): number {
    return TICKS_AHEAD * this.tickMs * this.#speed
  }

  /** Virtual ms. */
  get now(): number {
    const run = (this.#time.now() - this.#anchor) * this.#speed
    this.#last = Math.max(this.#last, Math.floor(this.#base + Math.min(run, this.aheadMs)))
    return this.#last
  }

  /** The world has come to `at`, a moment that `now` gave: from there on it may run ahead again. */
  reached(at: number): void {
    const wall = this.#time.now()
    const full = this.#base + (wall - this.#anchor) * this.#speed
    const now = this.#base + Math.min(full - this.#base, this.aheadMs)
    if (full > now) {
      // Further than it may: what is beyond is lost.
      this.#anchor = wall
      this.#base = now
    }
    if (this.#speed > 0 && at > this.#base) {
      this.#anchor += (at - this.#base) / this.#speed
      this.#base = at
    }
    this.#way.push({ wall, at })
    while (this.#way.length > 2 && wall - this.#way[1]!.wall > KEPT_WINDOW_MS) this.#way.shift()
  }

  /** Virtual time goes on from where it is. */
  setSpeed(speed: number): void {
    const run = (this.#time.now() - this.#anchor) * this.#speed
    this.#base += Math.min(run, this.aheadMs)
    this.#anchor = this.#time.now()
    this.#speed = speed
    this.#restart()
  }

  /** The speed that the world has kept lately, to compare with `speed`; null = not known yet. */
  get kept(): number | null {
    const [first, last] = [this.#way[0]!, this.#way.at(-1)!]
    if (last.wall - first.wall < 2 * this.tickMs) return null
    return (last.at - first.at) / (last.wall - first.wall)
  }

  /** Settles when the next tick is due, or at once when `signal` is aborted. */
  async tick(signal: AbortSignal): Promise<void> {
    const dueAt = this.#tickedAt + this.tickMs
    await this.#time.sleep(Math.max(0, dueAt - this.#time.now()), signal)
    const now = this.#time.now()
    // One that was called early counts from now; several that were missed are not made up for.
    this.#tickedAt = now < dueAt ? now : Math.max(dueAt, now - this.tickMs)
  }

  #restart(): void {
    this.#way = [{ wall: this.#time.now(), at: Math.floor(this.#base) }]
  }
}
