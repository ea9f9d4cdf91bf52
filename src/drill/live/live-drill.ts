/**
 * A drill with people in it: the world follows a clock that is tied to the wall, tick by tick, while they work on the
 * database from terminals of their own, and a facilitator watches over it. World, sync, audit, incident and journal
 * are those of every drill.
 */
import { DrillError } from '../../foundation/errors.ts'
import type { EndReason, Journal } from '../../journal/events.ts'
import type { FaultSpec } from '../../scenario/scenario.ts'
import type { Shims } from '../../recovery/program/commands/mapped.ts'
import type { DrillDatabase, Traffic } from '../../sandbox/sandbox.ts'
import type { Injection } from '../../simulation/world.ts'
import type { DrillInputs } from '../inputs.ts'
import { DrillSession, type SessionOptions } from '../session.ts'
import { HoldUp } from './hold-up.ts'
import { bindInjection, parseInjection } from './injection.ts'
import { Pace } from './pace.ts'
import { PEOPLE } from './people.ts'
import { Participants, type ParticipantsOptions } from './participants.ts'
import { HARNESS_APPLICATION, type LiveStatus, readStatus } from './status.ts'

const SPEED_MIN = 0.1
const SPEED_MAX = 3600

/**
 * A tick waits so long for open transactions of people, wall ms, and whoever wants to write meanwhile waits behind it.
 * The next one tries twice as long, so that many short transactions cannot starve the world; but never as long as an
 * operation waits before it gives up (a second).
 */
const LOCK_TIMEOUT_MS_MIN = 100
const LOCK_TIMEOUT_MS_MAX = 500
/** Somebody who opens a transaction in the very moment of the end may do so again a few times. */
const LAST_TRIES = 50

export interface LiveDrillOptions {
  readonly inputs: DrillInputs
  readonly database: DrillDatabase
  readonly directory: ParticipantsOptions['directory']
  readonly path: string | undefined
  readonly shims: Shims
  /** Virtual seconds in one of the wall, SPEED_MIN to SPEED_MAX. */
  readonly speed: number
  readonly paused: boolean
  readonly signal: AbortSignal
  readonly onTraffic: SessionOptions['onTraffic']
  /** One sentence for the facilitator, as it happens. */
  readonly onNotice: (sentence: string) => void
}

/** What a live drill leaves for its twins. */
export interface LiveJournal {
  readonly journal: Journal
  readonly injections: readonly Injection[]
}

export class LiveDrill implements AsyncDisposable {
  readonly #o: LiveDrillOptions
  readonly #session: DrillSession
  readonly #participants: Participants
  readonly #pace: Pace
  readonly #injections: Injection[] = []
  readonly #holdUp: HoldUp
  /** Speed to go back to after a pause. */
  #speed: number
  #waiting: { readonly until: number; readonly resolve: () => void }[] = []
  #lockTimeoutMs = LOCK_TIMEOUT_MS_MIN
  #hintsGiven = 0
  #actsNoted = 0
  #ending = false
  #over = false
  #poke = new AbortController()

  private constructor(options: LiveDrillOptions, session: DrillSession, people: Participants) {
    this.#o = options
    this.#session = session
    this.#participants = people
    this.#speed = options.speed
    this.#holdUp = new HoldUp(options.database, options.onNotice, (detail) =>
      session.find('transaction-left-open', detail),
    )
    this.#pace = new Pace(session.world.now, options.paused ? 0 : options.speed)
  }

  /** The people may begin; virtual time stands until `run`. */
  static async open(options: LiveDrillOptions): Promise<LiveDrill> {
    const { inputs, database, directory, path, shims, onTraffic } = options
    let session: DrillSession | null = null
    let people: Participants | null = null
    try {
      people = await Participants.open({
        databaseUri: database.engineUri,
        directory,
        path,
        shims,
        onUnmapped: (name) => session?.find('command-not-mapped', name),
      })
      const applicationName = HARNESS_APPLICATION
      session = await DrillSession.begin({ inputs, database, applicationName, onTraffic })
      session.nextCheck()
      await session.sync(false)
      people.comeTo(await session.incident())
      return new LiveDrill(options, session, people)
    } catch (error) {
      await session?.[Symbol.asyncDispose]()
      await people?.[Symbol.asyncDispose]()
      throw error
    }
  }

  /** To be sourced in each terminal of the people. */
  get envFile(): string {
    return this.#participants.envFile
  }

  /** To the end: by the facilitator, by the clock, or by a closing that was watched for long enough. */
  async run(): Promise<LiveJournal> {
    // Nobody has to answer for the time since the drill was opened.
    this.#pace.setSpeed(this.#pace.speed)
    for (;;) {
      await this.#pace.tick(AbortSignal.any([this.#o.signal, this.#poke.signal]))
      if (this.#o.signal.aborted) throw new DrillError('interrupted', 'interrupted')
      this.#poke = new AbortController()
      const reached = await this.#tick(Math.min(this.#pace.now, this.#lastMoment))
      this.#participants.comeTo(await this.#session.incident())
      this.#wake(this.#session.world.now)
      if (!reached) await this.#holdUp.look(this.#pace.wallMs)
      const reason = this.#endReason()
      if (reason !== null) return this.#end(reason)
    }
  }

  /** Injects what the words say, from now on; returns it. Throws DrillError `input`. */
  inject(words: readonly string[]): FaultSpec {
    this.#mustRun()
    const { world } = this.#session
    const { scenario, operations, snapshot } = this.#o.inputs
    const spec = parseInjection(words, world.now - snapshot.capturedAt)
    const fault = bindInjection(spec, scenario, operations)
    world.inject(fault)
    this.#injections.push({ at: world.now, fault })
    return spec
  }

  /** The next hint of the scenario; null = all are given. */
  hint(): string | null {
    this.#mustRun()
    const hint = this.#o.inputs.scenario.hints[this.#hintsGiven]
    if (hint === undefined) return null
    this.#hintsGiven++
    this.#note('hint', hint)
    return hint
  }

  /** Virtual time stands until `resume`; what people write meanwhile counts as of this moment. */
  pause(): void {
    this.#setSpeed(0)
  }

  resume(): void {
    this.#setSpeed(this.#speed)
  }

  /** Throws DrillError `input` for one that is out of bounds. */
  setSpeed(speed: number): void {
    checkSpeed(speed, 'speed')
    this.#speed = speed
    if (this.#pace.speed > 0) this.#setSpeed(speed)
  }

  /** Ends it at the next tick. */
  end(): void {
    this.#ending = true
    this.#poke.abort()
  }

  /** Settles when so much virtual time has passed, or when the drill is over. */
  async waitFor(ms: number): Promise<void> {
    this.#mustRun()
    if (this.#pace.speed === 0) throw new DrillError('input', 'time stands: resume first')
    const until = this.#session.world.now + ms
    await new Promise<void>((resolve) => this.#waiting.push({ until, resolve }))
  }

  async status(): Promise<LiveStatus> {
    this.#mustRun()
    return readStatus(this.#o.inputs, this.#o.database, this.#session, {
      now: this.#pace.now,
      speed: this.#pace.speed,
      kept: this.#pace.kept,
      heldUpMs: this.#holdUp.lastsFor(this.#pace.wallMs),
      hintsLeft: this.#o.inputs.scenario.hints.length - this.#hintsGiven,
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#over = true
    this.#wake(Infinity)
    await this.#participants[Symbol.asyncDispose]()
    await this.#session[Symbol.asyncDispose]()
  }

  #wake(now: number): void {
    const due = this.#waiting.filter(({ until }) => until <= now)
    this.#waiting = this.#waiting.filter(({ until }) => until > now)
    for (const { resolve } of due) resolve()
  }

  get #lastMoment(): number {
    return Math.min(this.#session.endsAt, this.#session.limit)
  }

  /** Takes what was written, lets the world go on to `until`, shows where it is. False = the table is held. */
  async #tick(until: number): Promise<boolean> {
    const session = this.#session
    let traffic: Traffic | null = null
    const reached = await session.syncLive({
      lockTimeoutMs: this.#lockTimeoutMs,
      compareRules: () => {
        traffic = this.#o.database.gateway.takeTraffic()
        return traffic.statements > 0
      },
      goOn: ({ statements }) => {
        this.#holdUp.over()
        session.desk.noteDeeds(statements.length > 0, null)
        const acted = session.desk.actsNoted > this.#actsNoted
        if (acted || statements.length > 0 || traffic!.statements > 0) {
          this.#actsNoted = session.desk.actsNoted
          session.endCheck(traffic!)
          session.nextCheck()
        }
        session.world.advance(Math.max(until, session.world.now))
        this.#pace.reached(session.world.now)
      },
      clock: () => ({
        at: this.#pace.now,
        speed: this.#pace.speed,
        aheadMs: this.#pace.aheadMs,
      }),
    })
    this.#lockTimeoutMs = reached
      ? LOCK_TIMEOUT_MS_MIN
      : Math.min(2 * this.#lockTimeoutMs, LOCK_TIMEOUT_MS_MAX)
    return reached
  }

  #endReason(): EndReason | null {
    const { world, endsAt, limit, plannedEnd, watchedUntil } = this.#session
    if (this.#ending) return 'facilitator'
    if (world.now >= limit) return 'limit'
    if (world.now >= endsAt) return endsAt > plannedEnd ? 'watch-window' : 'duration'
    // People need not sit there until the scenario's end once it has nothing more to show.
    const isWatched = watchedUntil !== null && world.now >= watchedUntil
    return isWatched && this.#nothingToCome() ? 'watch-window' : null
  }

  /** Every fault is over; one that never ends never is. */
  #nothingToCome(): boolean {
    const { world } = this.#session
    const after = world.now - this.#o.inputs.snapshot.capturedAt
    return world.integrations.faults.every(({ spec: { kind, fromMs, untilMs } }) =>
      kind === 'workers-killed' ? fromMs < after : untilMs !== null && untilMs < after,
    )
  }

  /** Takes what was written last; what is in an open transaction by now is rolled back. */
  async #end(reason: EndReason): Promise<LiveJournal> {
    this.#over = true
    const { world } = this.#session
    const { gateway } = this.#o.database
    for (let tries = 0; ; tries++) {
      const left = await gateway.endOpenTransactions()
      if (left > 0) this.#session.find('transaction-left-open', `${left} at the end of the drill`)
      if (await this.#tick(world.now)) break
      if (tries >= LAST_TRIES) {
        throw new DrillError(
          'harness',
          'the table queue_job cannot be locked at the end of the drill',
        )
      }
    }
    const journal = this.#session.end('drill', PEOPLE, world.now, reason)
    return { journal, injections: this.#injections }
  }

  #setSpeed(speed: number): void {
    this.#mustRun()
    if (speed === this.#pace.speed) return
    this.#pace.setSpeed(speed)
    this.#note('speed', String(speed))
    this.#poke.abort()
  }

  #note(act: 'hint' | 'speed', detail: string): void {
    const { world } = this.#session
    world.core.record({ at: world.now, type: 'facilitator', act, detail })
  }

  #mustRun(): void {
    if (this.#over) throw new DrillError('input', 'the drill is over')
  }
}

/** Throws DrillError `input`; `name` is that of the flag or command. */
export function checkSpeed(speed: number, name: string): void {
  if (speed >= SPEED_MIN && speed <= SPEED_MAX) return
  throw new DrillError('input', `${name} must be a number from ${SPEED_MIN} to ${SPEED_MAX}`)
}
