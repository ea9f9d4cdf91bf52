/**
 * The job runner's memory: the tree of channels and every job it has been told about. It knows nothing that was not
 * notified, and believes a job running until a notification says otherwise; several failure modes live on that.
 * Conformance with the addon: `npm run conformance -- test/conformance/channel-cases.json`.
 */
import { Channel, type ChannelJob } from './channel.ts'
import { parseChannelText } from './config.ts'
import { RunnerError } from './errors.ts'

export interface ChannelManagerOptions {
  /** How many units of `now` and `eta` make one second of a throttle: 1 in case files, 1000 in the world. Default 1. */
  readonly ticksPerSecond?: number
  /** What becomes of a channel that the text does not name: 14.0 and later create it, older ones use `root`. */
  readonly unknownChannel?: 'create' | 'root'
  /** Whether `cancelled` is a known state; 12.0 and 13.0 leave such a job as it was. Default true. */
  readonly knowsCancelled?: boolean
}

/** One channel, for people and case files. */
export interface ChannelNode {
  /** null = none given, which like 0 means no limit. */
  readonly capacity: number | null
  readonly sequential: boolean
  /** Seconds. */
  readonly throttle: number
  readonly queued: number
  readonly running: number
  readonly failed: number
}

export class ChannelManager {
  readonly #root = new Channel('root', null, 1)
  readonly #channels = new Map<string, Channel>([['root', this.#root]])
  readonly #jobs = new Map<string, ChannelJob>()
  readonly #ticksPerSecond: number
  readonly #createsChannels: boolean
  readonly #knowsCancelled: boolean

  constructor(text = '', options: ChannelManagerOptions = {}) {
    this.#ticksPerSecond = options.ticksPerSecond ?? 1
    this.#createsChannels = options.unknownChannel !== 'root'
    this.#knowsCancelled = options.knowsCancelled ?? true
    this.configure(text)
  }

  /** Applies a channel text; channels that it does not name stay. Throws `ChannelTextError`, then nothing is changed. */
  configure(text: string): void {
    for (const config of parseChannelText(text)) {
      const channel = this.#find(config.name) ?? this.#create(this.#root, config.name)
      channel.configure(config)
    }
  }

  /** Slots of `root`; null and 0 = no limit. */
  get rootCapacity(): number | null {
    return this.#root.capacity
  }

  /** Not a feature of the addon, where a restart with another text does it: workers and slots are scaled together. */
  setRootCapacity(capacity: number): void {
    this.#root.capacity = capacity
  }

  /** Jobs that hold a slot of `root`: enqueued or started, as far as the runner knows. */
  get runningJobs(): number {
    return this.#root.running
  }

  /** Jobs in memory, of every state. */
  get knownJobs(): number {
    return this.#jobs.size
  }

  /**
   * The row as it stands now. `eta` in the same unit as `now` of `jobsToRun`; an unknown state changes nothing. Throws
   * `RunnerError`: the uuid is known from another database or with another date_created (AssertionError), or a NULL
   * priority or date_created had to be compared (TypeError).
   */
  notify(
    database: string,
    channelName: string | null,
    uuid: string,
    seq: number,
    dateCreated: number | null,
    priority: number | null,
    eta: number | null,
    state: string | null,
  ): void {
    const channel = this.#channelOf(channelName)
    let job = this.#jobs.get(uuid)
    if (job !== undefined) {
      if (job.database !== database || job.dateCreated !== dateCreated) {
        const message = `job ${uuid} is known from another database or with another date_created`
        throw new RunnerError('AssertionError', message)
      }
      const same =
        job.seq === seq && job.priority === priority && job.eta === eta && job.channel === channel
      if (!same) {
        this.removeJob(uuid)
        job = undefined
      }
    }
    if (job === undefined) {
      job = {
        database,
        uuid,
        seq,
        dateCreated,
        priority,
        eta,
        channel,
        place: 'idle',
        queuedIn: null,
        heap: null,
        heapIndex: -1,
      }
      this.#jobs.set(uuid, job)
    }
    this.#setState(job, state)
  }

  /** The row is gone. An unknown uuid is ignored. */
  removeJob(uuid: string): void {
    const job = this.#jobs.get(uuid)
    if (job === undefined) return
    detach(job)
    this.#jobs.delete(uuid)
  }

  /** The connection to a database was closed: all its jobs are forgotten and give their slots back. */
  removeDatabase(database: string): void {
    for (const channel of this.#channels.values()) channel.removeDatabase(database)
    for (const [uuid, job] of this.#jobs) {
      if (job.database !== database) continue
      leaveCounts(job)
      this.#jobs.delete(uuid)
    }
  }

  /** Uuids to dispatch at `now`, in order. They count as running from here on. */
  jobsToRun(now: number): string[] {
    const uuids: string[] = []
    this.#root.takeJobs(now, this.#ticksPerSecond, (job) => {
      job.place = 'running'
      job.queuedIn = null
      uuids.push(job.uuid)
    })
    return uuids
  }

  /** When `jobsToRun` should be asked again without a notification; 0 = no such moment; may lie in the past. */
  wakeupTime(): number {
    return this.#root.wakeupTime()
  }

  /** Full channel name → [queued, running, failed], in the order of creation. */
  counts(): Record<string, [queued: number, running: number, failed: number]> {
    return Object.fromEntries(
      [...this.#channels].map(([name, { queued, running, failed }]) => [
        name,
        [queued, running, failed],
      ]),
    )
  }

  /** Full channel name → limits and counts, in the order of creation. */
  tree(): Record<string, ChannelNode> {
    return Object.fromEntries(
      [...this.#channels].map(([name, channel]) => [
        name,
        {
          capacity: channel.capacity,
          sequential: channel.sequential,
          throttle: channel.throttleSeconds,
          queued: channel.queued,
          running: channel.running,
          failed: channel.failed,
        },
      ]),
    )
  }

  #setState(job: ChannelJob, state: string | null): void {
    switch (state) {
      case 'pending':
        detach(job)
        job.channel.enqueue(job)
        return
      case 'enqueued':
      case 'started':
        detach(job)
        job.place = 'running'
        for (const channel of upwards(job.channel)) channel.running++
        return
      case 'failed':
        detach(job)
        job.place = 'failed'
        job.channel.failed++
        return
      case 'cancelled':
        if (this.#knowsCancelled) this.removeJob(job.uuid)
        return
      case 'done':
      case '':
      case null:
        this.removeJob(job.uuid)
        return
      default:
        // `wait_dependencies` and unknown states: a known job stays where it was, even if that is a slot.
        return
    }
  }

  #channelOf(name: string | null): Channel {
    const known = this.#find(name ?? '')
    if (known !== undefined) return known
    if (!this.#createsChannels) return this.#root
    return this.#create(this.#nearestAncestor(fullNameOf(name!)), name!)
  }

  #find(name: string): Channel | undefined {
    return name === '' ? this.#root : this.#channels.get(fullNameOf(name))
  }

  #nearestAncestor(fullName: string): Channel {
    const parentName = fullName.slice(0, fullName.lastIndexOf('.'))
    return this.#channels.get(parentName) ?? this.#nearestAncestor(parentName)
  }

  /**
   * Creates the *whole* dotted path below `ancestor`, as the addon does: `root.A.x` below a known `root.A` becomes
   * `root.A.A.x`. Steps that exist are used, new ones have no limit.
   */
  #create(ancestor: Channel, name: string): Channel {
    let channel = ancestor
    for (const part of fullNameOf(name).split('.').slice(1)) {
      const child = channel.children.get(part) ?? new Channel(part, channel, null)
      this.#channels.set(child.fullName, child)
      channel = child
    }
    return channel
  }
}

function fullNameOf(name: string): string {
  return name === 'root' || name.startsWith('root.') ? name : `root.${name}`
}

function* upwards(channel: Channel): Generator<Channel> {
  for (let at: Channel | null = channel; at !== null; at = at.parent) yield at
}

/** Takes a job out of every queue, running and failed set; it stays known. */
function detach(job: ChannelJob): void {
  job.heap?.remove(job)
  leaveCounts(job)
}

/** The same for a job that its heap has forgotten already. */
function leaveCounts(job: ChannelJob): void {
  if (job.place === 'failed') job.channel.failed--
  if (job.place === 'running' || job.place === 'waiting') {
    for (const channel of upwards(job.channel)) {
      if (channel === job.queuedIn) break
      channel.running--
    }
  }
  job.place = 'idle'
  job.queuedIn = null
}
