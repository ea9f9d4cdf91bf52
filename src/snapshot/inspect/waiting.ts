/**
 * Jobs that wait for others. A child is woken at one moment only, when its last parent becomes done: what waits for
 * parents that are all done (F11), or for one that failed or was cancelled (F12), waits for ever.
 */
import { DrillError } from '../../foundation/errors.ts'
import { parseDependencies } from '../../queue-job/dependencies.ts'
import type { JobRow, JobState } from '../../queue-job/job.ts'

/** So many are looked at; a queue with more has another problem. 50,000 with two parents each take about 20 MB. */
const WAITING_MAX = 50_000
const EXAMPLES_MAX = 5

export interface WaitingJobs {
  /** In the state wait_dependencies. */
  readonly waiting: number
  /** Graphs that they belong to, of those that were looked at. */
  readonly graphs: number
  /** How many were looked at: all up to 50,000. */
  readonly looked: number
  /** F11: every parent is done, or is not in the snapshot. */
  readonly parentsDone: { readonly count: number; readonly ids: readonly number[] }
  /** F12: a parent failed or was cancelled. */
  readonly parentBroken: { readonly count: number; readonly ids: readonly number[] }
  /** Their `dependencies` are no JSON of the addon. */
  readonly unreadable: number
}

export class WaitingCounter {
  #waiting = 0
  #unreadable = 0
  readonly #graphs = new Set<string>()
  readonly #parents: { readonly id: number; readonly dependsOn: readonly string[] }[] = []
  /** Parents by uuid; null = not met yet. */
  readonly #states = new Map<string, JobState | null>()

  /** First look: who waits for whom. */
  look(job: JobRow): void {
    if (job.state !== 'wait_dependencies') return
    this.#waiting += 1
    if (this.#parents.length === WAITING_MAX) return
    const dependsOn = this.#dependsOn(job)
    if (dependsOn === null) return
    if (job.graphUuid !== null) this.#graphs.add(job.graphUuid)
    this.#parents.push({ id: job.id, dependsOn })
    for (const uuid of dependsOn) this.#states.set(uuid, null)
  }

  /** Whether the second look can tell anything. */
  get needsParents(): boolean {
    return this.#states.size > 0
  }

  /** Second look: how the parents are. */
  lookAtParents(job: JobRow): void {
    if (this.#states.has(job.uuid)) this.#states.set(job.uuid, job.state)
  }

  result(): WaitingJobs {
    const broken: number[] = []
    const done: number[] = []
    for (const { id, dependsOn } of this.#parents) {
      const states = dependsOn.map((uuid) => this.#states.get(uuid) ?? 'done')
      if (states.some((state) => state === 'failed' || state === 'cancelled')) broken.push(id)
      else if (states.every((state) => state === 'done')) done.push(id)
    }
    const listed = (ids: readonly number[]) => ({
      count: ids.length,
      ids: ids.slice(0, EXAMPLES_MAX),
    })
    return {
      waiting: this.#waiting,
      graphs: this.#graphs.size,
      looked: this.#parents.length,
      parentsDone: listed(done),
      parentBroken: listed(broken),
      unreadable: this.#unreadable,
    }
  }

  #dependsOn(job: JobRow): readonly string[] | null {
    try {
      return parseDependencies(job.dependencies).dependsOn
    } catch (error) {
      if (!(error instanceof DrillError)) throw error
      this.#unreadable += 1
      return null
    }
  }
}
