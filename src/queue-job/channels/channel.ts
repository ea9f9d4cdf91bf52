/**
 * One channel: a queue of waiting jobs, counts of running and failed ones, and its limits. A job that gets a slot is
 * "running" here and waits in the parent's queue; only what leaves the queue of `root` is really started. So a job is
 * queued in one channel at most, and running in all channels between its own and that one: counts are enough, and the
 * job itself remembers where it waits (`manager.ts`).
 */
import type { ChannelConfig } from './config.ts'
import { byEta, byPriority, JobHeap, type QueuedJob } from './job-heap.ts'

/** A job with its place in the tree. */
export interface ChannelJob extends QueuedJob {
  /** The channel that the row names. */
  readonly channel: Channel
  /** `waiting`: queued in `queuedIn`; `running`: started, as far as the runner knows; `idle`: known, but nowhere. */
  place: 'waiting' | 'running' | 'failed' | 'idle'
  queuedIn: Channel | null
}

export class Channel {
  readonly fullName: string
  readonly parent: Channel | null
  /** In the order of their creation. */
  readonly children = new Map<string, Channel>()
  /** null and 0 = no limit; negative = never runs anything. */
  capacity: number | null
  sequential = false
  throttleSeconds = 0
  running = 0
  failed = 0

  readonly #ready = new JobHeap(byPriority)
  readonly #delayed = new JobHeap(byEta)
  /** End of the throttle's pause; 0 = none. */
  #pauseUntil = 0

  constructor(name: string, parent: Channel | null, capacity: number | null) {
    this.fullName = parent === null ? name : `${parent.fullName}.${name}`
    this.parent = parent
    this.capacity = capacity
    parent?.children.set(name, this)
  }

  configure(config: ChannelConfig): void {
    this.capacity = config.capacity
    this.sequential = config.sequential
    this.throttleSeconds = config.throttleSeconds
  }

  get queued(): number {
    return this.#ready.size + this.#delayed.size
  }

  get hasCapacity(): boolean {
    if (this.sequential && this.failed > 0) return false
    return this.capacity === null || this.capacity === 0 || this.running < this.capacity
  }

  /** Puts a job that waits nowhere into this channel's queue. */
  enqueue(job: ChannelJob): void {
    job.place = 'waiting'
    job.queuedIn = this
    const heap = job.eta === null ? this.#ready : this.#delayed
    heap.push(job)
  }

  /** Forgets the waiting jobs of a database. */
  removeDatabase(database: string): void {
    this.#ready.removeDatabase(database)
    this.#delayed.removeDatabase(database)
  }

  /** Hands every job that this channel lets through at `now` to `yieldJob`; it counts as running here. */
  takeJobs(now: number, ticksPerSecond: number, yieldJob: (job: ChannelJob) => void): void {
    for (const child of this.children.values()) {
      child.takeJobs(now, ticksPerSecond, (job) => this.enqueue(job))
    }
    if (this.throttleSeconds !== 0 && this.#pauseUntil !== 0) {
      if (now < this.#pauseUntil) return
      this.#pauseUntil = 0
    }
    while (this.hasCapacity) {
      const job = this.#pop(now)
      if (job === null) return
      this.running++
      yieldJob(job)
      if (this.throttleSeconds !== 0) {
        this.#pauseUntil = now + this.throttleSeconds * ticksPerSecond
        return
      }
    }
  }

  /** When this channel wants to be asked again; 0 = a notification will come. May lie in the past (an ended pause). */
  wakeupTime(): number {
    if (!this.hasCapacity) return 0
    if (this.#pauseUntil !== 0) return this.#pauseUntil
    let earliest = this.#delayed.peek()?.eta ?? 0
    for (const child of this.children.values()) {
      const wanted = child.wakeupTime()
      if (wanted !== 0 && (earliest === 0 || wanted < earliest)) earliest = wanted
    }
    return earliest
  }

  #pop(now: number): ChannelJob | null {
    let delayed = this.#delayed.peek()
    while (delayed !== undefined && delayed.eta! <= now) {
      this.#delayed.pop()
      // From here on the job competes by priority: how long it is overdue plays no role.
      delayed.eta = null
      this.#ready.push(delayed)
      delayed = this.#delayed.peek()
    }
    const ready = this.#ready.peek()
    if (ready === undefined) return null
    // A sequential channel waits for the eta of a job that would come first without it.
    if (this.sequential && delayed !== undefined && byPriority(delayed, ready) < 0) return null
    return this.#ready.pop() as ChannelJob
  }
}
