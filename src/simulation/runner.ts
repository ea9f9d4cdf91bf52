/**
 * The job runner (reference 3.4): hears of every committed change, keeps the channels in memory, dispatches what they
 * let through, and sleeps until the next wakeup. One turn handles everything that is due at one moment.
 */
import { ChannelManager } from '../queue-job/channels/manager.ts'
import { RunnerError } from '../queue-job/channels/errors.ts'
import type { Profile } from '../queue-job/profile.ts'
import { enqueue } from '../queue-job/transitions.ts'
import type { Core } from './core.ts'
import type { JobStore } from './job-store.ts'
import type { WorldJob } from './world-job.ts'

/** One database: its name does not matter. */
const DATABASE = 'odoo'

/** States that the runner loads at its start (reference 3.3). */
const LOADED_STATES = new Set(['wait_dependencies', 'pending', 'enqueued', 'started', 'failed'])

export class Runner {
  readonly #core: Core
  readonly #jobs: JobStore
  readonly #profile: Profile
  readonly #channelText: string
  readonly #dispatch: (job: WorldJob) => void
  #manager: ChannelManager
  #turnAt = Infinity
  /** An exception left the loop: nothing runs until the reload succeeds (F18). */
  #stopped = false

  constructor(
    core: Core,
    jobs: JobStore,
    profile: Profile,
    channelText: string,
    dispatch: (job: WorldJob) => void,
  ) {
    this.#core = core
    this.#jobs = jobs
    this.#profile = profile
    this.#channelText = channelText
    this.#dispatch = dispatch
    this.#manager = this.#newManager()
    jobs.onChange((job) => this.#hear(job))
  }

  get rootCapacity(): number {
    return this.#manager.rootCapacity ?? 0
  }

  setRootCapacity(capacity: number): void {
    this.#manager.setRootCapacity(capacity)
    this.#wake(this.#core.now)
  }

  get isStopped(): boolean {
    return this.#stopped
  }

  /** Reads the whole table, as at the start of the server. */
  load(): void {
    const { rootCapacity } = this.#manager
    this.#manager = this.#newManager()
    if (rootCapacity !== null) this.#manager.setRootCapacity(rootCapacity)
    this.#guard(() => {
      for (const job of this.#jobs.all()) if (LOADED_STATES.has(job.state)) this.#notify(job)
      this.#stopped = false
      this.#wake(this.#core.now)
    })
  }

  /** The row is gone. */
  forget(job: WorldJob): void {
    this.#manager.removeJob(job.uuid)
    this.#wake(this.#core.now)
  }

  #newManager(): ChannelManager {
    const { unknownChannel, knowsCancelled } = this.#profile
    return new ChannelManager(this.#channelText, {
      ticksPerSecond: 1000,
      unknownChannel,
      knowsCancelled,
    })
  }

  #hear(job: WorldJob): void {
    if (this.#stopped) return
    this.#guard(() => {
      this.#notify(job)
      this.#wake(this.#core.now)
    })
  }

  #notify(job: WorldJob): void {
    this.#manager.notify(
      DATABASE,
      job.channel,
      job.uuid,
      job.id,
      job.dateCreated,
      job.priority,
      job.eta,
      job.state,
    )
  }

  /** Turns at `at`, unless an earlier turn is planned already. */
  #wake(at: number): void {
    if (this.#turnAt <= at) return
    this.#turnAt = at
    this.#core.schedule(at, () => {
      if (this.#turnAt !== at) return
      this.#turnAt = Infinity
      this.#guard(() => this.#turn())
    })
  }

  #turn(): void {
    if (this.#stopped) return
    const { now } = this.#core
    for (const uuid of this.#manager.jobsToRun(now)) {
      const job = this.#jobs.byUuid(uuid)
      if (job === undefined) continue
      this.#jobs.move(job, enqueue(now), 'T4')
      this.#dispatch(job)
    }
    const wakeup = this.#manager.wakeupTime()
    if (wakeup > now) this.#wake(wakeup)
  }

  /** An exception closes everything; after the recovery delay the whole table is read again. */
  #guard(work: () => void): void {
    try {
      work()
    } catch (error) {
      if (!(error instanceof RunnerError)) throw error
      if (!this.#stopped) {
        this.#core.record({
          at: this.#core.now,
          type: 'finding',
          check: 0,
          code: 'runner-stopped',
          detail: error.message,
        })
      }
      this.#stopped = true
      this.#core.schedule(this.#core.now + this.#profile.errorRecoveryMs, () => this.load())
    }
  }
}
