/**
 * The scheduler once more, as slow and plain as its description: lists that are sorted when somebody looks, and sets.
 * Only the property test uses it, to hold the fast one to the same answers.
 */
import type { ChannelConfig } from '../../../src/queue-job/channels/config.ts'
import type { ChannelNode } from '../../../src/queue-job/channels/manager.ts'

export interface Notification {
  readonly database: string
  readonly channel: string | null
  readonly uuid: string
  readonly seq: number
  readonly dateCreated: number
  readonly priority: number
  readonly eta: number | null
  readonly state: string | null
}

interface Job extends Notification {
  /** Emptied when it has come. */
  memoryEta: number | null
  readonly home: Node
}

class Node {
  readonly name: string
  readonly parent: Node | null
  readonly children: Node[] = []
  capacity: number | null = null
  sequential = false
  throttle = 0
  pauseUntil = 0
  queue: Job[] = []
  readonly running = new Set<string>()
  readonly failed = new Set<string>()

  constructor(name: string, parent: Node | null) {
    this.name = name
    this.parent = parent
    parent?.children.push(this)
  }

  hasCapacity(): boolean {
    if (this.sequential && this.failed.size > 0) return false
    return !this.capacity || this.running.size < this.capacity
  }

  forget(uuid: string): void {
    this.queue = this.queue.filter((job) => job.uuid !== uuid)
    this.running.delete(uuid)
    this.failed.delete(uuid)
  }
}

export class ReferenceManager {
  readonly #nodes: Node[] = []
  readonly #root = this.#add('root', null)
  readonly #jobs = new Map<string, Job>()

  constructor(configs: readonly ChannelConfig[]) {
    this.#root.capacity = 1
    for (const config of configs) {
      let node = this.#root
      let name = 'root'
      for (const part of config.name.replace(/^root(\.|$)/, '').split('.')) {
        if (part === '') continue
        name += `.${part}`
        node = this.#named(name) ?? this.#add(name, node)
      }
      node.capacity = config.capacity
      node.sequential = config.sequential
      node.throttle = config.throttleSeconds
    }
  }

  notify(row: Notification): void {
    const home = this.#home(row.channel)
    const known = this.#jobs.get(row.uuid)
    const isSame =
      known?.seq === row.seq &&
      known.priority === row.priority &&
      known.memoryEta === row.eta &&
      known.home === home
    if (!isSame) this.removeJob(row.uuid)
    const job = isSame ? known : { ...row, memoryEta: row.eta, home }
    this.#jobs.set(row.uuid, job)
    const line = lineage(home)
    if (row.state === 'pending' && !home.queue.includes(job)) {
      for (const node of line) node.forget(row.uuid)
      home.queue.push(job)
    } else if (row.state === 'enqueued' || row.state === 'started') {
      for (const node of line) node.forget(row.uuid)
      for (const node of line) node.running.add(row.uuid)
    } else if (row.state === 'failed') {
      for (const node of line) node.forget(row.uuid)
      home.failed.add(row.uuid)
    } else if (row.state === 'done' || row.state === 'cancelled' || row.state === null) {
      this.removeJob(row.uuid)
    }
  }

  removeJob(uuid: string): void {
    this.#jobs.delete(uuid)
    for (const node of this.#nodes) node.forget(uuid)
  }

  removeDatabase(database: string): void {
    for (const job of this.#jobs.values()) {
      if (job.database === database) this.removeJob(job.uuid)
    }
  }

  jobsToRun(now: number): string[] {
    return this.#take(this.#root, now).map((job) => job.uuid)
  }

  wakeupTime(node = this.#root): number {
    if (!node.hasCapacity()) return 0
    if (node.pauseUntil !== 0) return node.pauseUntil
    const etas = node.queue.flatMap((job) => job.memoryEta ?? [])
    const wanted = [...etas, ...node.children.map((child) => this.wakeupTime(child))]
    const moments = wanted.filter((at) => at !== 0)
    return moments.length === 0 ? 0 : Math.min(...moments)
  }

  tree(): Record<string, ChannelNode> {
    return Object.fromEntries(
      this.#nodes.map((node) => [
        node.name,
        {
          capacity: node.capacity,
          sequential: node.sequential,
          throttle: node.throttle,
          queued: node.queue.length,
          running: node.running.size,
          failed: node.failed.size,
        },
      ]),
    )
  }

  #take(node: Node, now: number): Job[] {
    for (const child of node.children) node.queue.push(...this.#take(child, now))
    if (node.throttle !== 0 && node.pauseUntil !== 0) {
      if (now < node.pauseUntil) return []
      node.pauseUntil = 0
    }
    const taken: Job[] = []
    while (node.hasCapacity()) {
      const job = this.#next(node, now)
      if (job === undefined) break
      node.queue.splice(node.queue.indexOf(job), 1)
      node.running.add(job.uuid)
      taken.push(job)
      if (node.throttle === 0) continue
      node.pauseUntil = now + node.throttle
      break
    }
    return taken
  }

  #next(node: Node, now: number): Job | undefined {
    for (const job of node.queue) {
      if (job.memoryEta !== null && job.memoryEta <= now) job.memoryEta = null
    }
    const ready = node.queue.filter((job) => job.memoryEta === null).sort(byPriority)
    const later = node.queue
      .filter((job) => job.memoryEta !== null)
      .sort((left, right) => left.memoryEta! - right.memoryEta! || byPriority(left, right))
    const isHeldBack = node.sequential && ready[0] && later[0] && byPriority(later[0], ready[0]) < 0
    return isHeldBack ? undefined : ready[0]
  }

  #home(channel: string | null): Node {
    if (channel === null || channel === '' || channel === 'root') return this.#root
    const full = channel.startsWith('root.') ? channel : `root.${channel}`
    const known = this.#named(full)
    if (known !== undefined) return known
    const parts = full.split('.')
    let node = this.#root
    for (let length = parts.length - 1; length > 1 && node === this.#root; length--) {
      node = this.#named(parts.slice(0, length).join('.')) ?? this.#root
    }
    for (const part of parts.slice(1)) {
      const name = `${node.name}.${part}`
      node = this.#named(name) ?? this.#add(name, node)
    }
    return node
  }

  #named(name: string): Node | undefined {
    return this.#nodes.find((node) => node.name === name)
  }

  #add(name: string, parent: Node | null): Node {
    const node = new Node(name, parent)
    this.#nodes.push(node)
    return node
  }
}

function byPriority(left: Job, right: Job): number {
  return (
    left.priority - right.priority || left.dateCreated - right.dateCreated || left.seq - right.seq
  )
}

function lineage(node: Node): Node[] {
  return node.parent === null ? [node] : [node, ...lineage(node.parent)]
}
