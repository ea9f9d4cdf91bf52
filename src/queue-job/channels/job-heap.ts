/**
 * A binary heap of waiting jobs that knows where each job sits, so that taking out any job costs O(log n): a drill
 * notifies 100,000 times with up to 50,000 jobs queued. Comparing a NULL priority or date_created with a value raises
 * TypeError, as in the addon (F18); NULL with NULL counts as equal.
 */
import { RunnerError } from './errors.ts'

/** A job as the channel manager remembers it. */
export interface QueuedJob {
  readonly database: string
  readonly uuid: string
  /** Row id, the last tie breaker. */
  readonly seq: number
  readonly dateCreated: number | null
  readonly priority: number | null
  /** Forgotten (null) once it has come while the job was waiting. */
  eta: number | null
  /** The heap that holds the job, and where in it. */
  heap: JobHeap | null
  heapIndex: number
}

/** Negative when `left` comes first. */
export type JobOrder = (left: QueuedJob, right: QueuedJob) => number

/** Order of jobs that may run now: priority, date_created, id; smallest first. */
export function byPriority(left: QueuedJob, right: QueuedJob): number {
  if (left.priority !== right.priority) {
    return difference(left.priority, right.priority, 'priority')
  }
  if (left.dateCreated !== right.dateCreated) {
    return difference(left.dateCreated, right.dateCreated, 'date_created')
  }
  return left.seq - right.seq
}

/** Order of jobs that wait for their eta. */
export function byEta(left: QueuedJob, right: QueuedJob): number {
  return left.eta === right.eta ? byPriority(left, right) : difference(left.eta, right.eta, 'eta')
}

function difference(left: number | null, right: number | null, column: string): number {
  if (left === null || right === null) {
    throw new RunnerError('TypeError', `NULL ${column} cannot be compared with a value`)
  }
  return left - right
}

export class JobHeap {
  readonly #order: JobOrder
  #jobs: QueuedJob[] = []

  constructor(order: JobOrder) {
    this.#order = order
  }

  get size(): number {
    return this.#jobs.length
  }

  /** The first job, which stays. */
  peek(): QueuedJob | undefined {
    return this.#jobs[0]
  }

  /** Adds a job that is in no heap. */
  push(job: QueuedJob): void {
    job.heap = this
    job.heapIndex = this.#jobs.length
    this.#jobs.push(job)
    this.#rise(job)
  }

  /** Takes out the first job. */
  pop(): QueuedJob | undefined {
    const first = this.#jobs[0]
    if (first !== undefined) this.remove(first)
    return first
  }

  /** Takes out a job that is in this heap. */
  remove(job: QueuedJob): void {
    const index = job.heapIndex
    const last = this.#jobs.pop()!
    job.heap = null
    job.heapIndex = -1
    if (last === job) return
    this.#put(last, this.#sinkHole(index))
    this.#rise(last)
  }

  /** Takes out all jobs of one database, comparing nothing but those that stay: also works after a TypeError. */
  removeDatabase(database: string): void {
    const stay: QueuedJob[] = []
    for (const job of this.#jobs) {
      job.heap = null
      job.heapIndex = -1
      if (job.database !== database) stay.push(job)
    }
    this.#jobs = []
    for (const job of stay) this.push(job)
  }

  #put(job: QueuedJob, index: number): void {
    job.heapIndex = index
    this.#jobs[index] = job
  }

  #rise(job: QueuedJob): void {
    while (job.heapIndex > 0) {
      const index = job.heapIndex
      const parent = this.#jobs[(index - 1) >> 1]!
      if (this.#order(job, parent) >= 0) return
      this.#put(job, parent.heapIndex)
      this.#put(parent, index)
    }
  }

  /**
   * Fills the hole at `index` from below until it is a leaf, and gives its place. The last job, which belongs near the
   * bottom anyway, then rises from there: half the comparisons of letting it sink from the top.
   */
  #sinkHole(index: number): number {
    let hole = index
    for (;;) {
      const left = this.#jobs[2 * hole + 1]
      if (left === undefined) return hole
      const right = this.#jobs[2 * hole + 2]
      const child = right !== undefined && this.#order(right, left) < 0 ? right : left
      const from = child.heapIndex
      this.#put(child, hole)
      hole = from
    }
  }
}
