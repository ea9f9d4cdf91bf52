/**
 * Whose turn it is: between two turns of the program the world goes on, and whatever it calls waits. Within its turn
 * it works until every process sleeps; those whose time has come are woken one after the other, so that what happens
 * at one moment happens in one order.
 */
import type { ControlHost } from '../../control/control-plane.ts'
import type { Incident } from '../contract.ts'

interface Sleeper {
  readonly wakeAt: number
  /** Order in which they lay down. */
  readonly number: number
  readonly pid: number | null
  readonly whole: boolean
  /** The process to look for, where nobody tells when it is gone. */
  readonly watchedPid: number | null
  readonly wake: () => void
}

export class Turns implements ControlHost {
  #now = 0
  #incident: Incident | null = null
  #calls = 0
  #sleepers: Sleeper[] = []
  #slept = 0
  #over = false
  readonly #waiting: {
    readonly resolve: (incident: Incident) => void
    readonly reject: (error: Error) => void
  }[] = []

  get now(): number {
    return this.#now
  }

  /** Calls that are being performed. */
  get calls(): number {
    return this.#calls
  }

  get sleepingPids(): ReadonlySet<number> {
    return new Set(this.#sleepers.flatMap(({ pid }) => pid ?? []))
  }

  get anybodySleeps(): boolean {
    return this.#sleepers.length > 0
  }

  /** Somebody sleeps in the name of all. */
  get wholeSleeps(): boolean {
    return this.#sleepers.some(({ whole }) => whole)
  }

  /** Virtual ms at which the first of them wakes; Infinity = nobody sleeps. */
  get nextAt(): number {
    return Math.min(...this.#sleepers.map(({ wakeAt }) => wakeAt))
  }

  begin(): void {
    this.#calls += 1
  }

  end(): void {
    this.#calls -= 1
  }

  async turn(): Promise<Incident> {
    if (this.#over) throw new Error('the drill is over')
    if (this.#incident !== null) return this.#incident
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }))
  }

  sleep({ ms, pid, whole, signal }: Parameters<ControlHost['sleep']>[0]): Promise<number> {
    return new Promise((resolve, reject) => {
      if (this.#over) return reject(new Error('the drill is over'))
      const sleeper: Sleeper = {
        wakeAt: this.#now + ms,
        number: this.#slept++,
        pid,
        whole,
        watchedPid: signal === null ? pid : null,
        wake: () => resolve(this.#now),
      }
      this.#sleepers.push(sleeper)
      signal?.addEventListener('abort', () => this.#forget(sleeper), { once: true })
    })
  }

  /** The program's turn begins. */
  open(incident: Incident): void {
    this.#now = incident.now.getTime()
    this.#incident = incident
    for (const { resolve } of this.#waiting.splice(0)) resolve(incident)
  }

  /** The world goes on. */
  close(): void {
    this.#incident = null
  }

  /** Wakes the first whose time has come; false = nobody's has. */
  wakeOne(): boolean {
    const due = this.#sleepers
      .filter(({ wakeAt }) => wakeAt <= this.#now)
      .sort((left, right) => left.wakeAt - right.wakeAt || left.number - right.number)[0]
    if (due === undefined) return false
    this.#forget(due)
    due.wake()
    return true
  }

  /** Sleepers whose process has been ended meanwhile wake nobody. */
  forgetDead(isAlive: (pid: number) => boolean): void {
    this.#sleepers = this.#sleepers.filter(
      ({ watchedPid }) => watchedPid === null || isAlive(watchedPid),
    )
  }

  /** The program has ended, and everybody who slept with it. */
  forgetAll(): void {
    this.#sleepers = []
  }

  /** Nobody's turn comes any more. */
  finish(): void {
    this.#over = true
    this.#incident = null
    this.forgetAll()
    for (const { reject } of this.#waiting.splice(0)) reject(new Error('the drill is over'))
  }

  #forget(sleeper: Sleeper): void {
    this.#sleepers = this.#sleepers.filter((each) => each !== sleeper)
  }
}
