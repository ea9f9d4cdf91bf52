/**
 * What acts on the queue by itself: the addon's cron "Jobs Garbage Collector" (reference 6.2) and the home-made
 * automations of the scenario. Both requeue by T10, and neither knows whether a job still runs or is safe to repeat.
 */
import { MINUTE } from '../foundation/time.ts'
import { isStuck, type Profile, stuckAfterMs } from '../queue-job/profile.ts'
import { requeue } from '../queue-job/transitions.ts'
import type { AutomationSpec } from '../scenario/scenario.ts'
import type { Core } from './core.ts'
import type { JobStore } from './job-store.ts'

/** The cron's place in its five minutes: not on the grid of the checks. */
const CRON_OFFSET_MS = 2 * MINUTE

export function startRequeueCron(
  core: Core,
  jobs: JobStore,
  profile: Profile,
  limitTimeRealMs: number,
): void {
  const cron = profile.requeueCron
  if (cron === null) return
  const after = stuckAfterMs(cron, limitTimeRealMs)
  core.every(core.now + CRON_OFFSET_MS, cron.everyMs, () => {
    const stuck = [...jobs.all()].filter((job) => isStuck(job, core.now, after))
    for (const job of stuck) {
      jobs.move(job, requeue({ waitsForParent: jobs.waitsForParent(job) }), 'T13', 'cron')
    }
  })
}

export interface AutomationState {
  readonly spec: AutomationSpec
  paused: boolean
}

/** The home-made scripts; an operator can pause and resume each by name. */
export class Automations {
  readonly #core: Core
  readonly #jobs: JobStore
  readonly #states: readonly AutomationState[]

  constructor(core: Core, jobs: JobStore, specs: readonly AutomationSpec[]) {
    this.#core = core
    this.#jobs = jobs
    this.#states = specs.map((spec) => ({ spec, paused: false }))
    for (const state of this.#states) {
      core.every(core.now + state.spec.fromMs, state.spec.everyMs, () => this.#run(state))
    }
  }

  get list(): readonly Readonly<AutomationState>[] {
    return this.#states
  }

  /** False where there is no automation of that name. */
  setPaused(name: string, paused: boolean): boolean {
    const state = this.#states.find(({ spec }) => spec.name === name)
    if (state === undefined) return false
    if (state.paused === paused) return true
    state.paused = paused
    const event = paused ? 'paused' : 'resumed'
    this.#core.record({ at: this.#core.now, type: 'automation', name, event })
    return true
  }

  #run({ spec, paused }: AutomationState): void {
    if (paused) return
    const { now } = this.#core
    const oldest = spec.newerThanMs === null ? -Infinity : now - spec.newerThanMs
    const failed = [...this.#jobs.all()].filter(
      (job) => job.state === 'failed' && (job.dateStarted ?? job.dateCreated ?? 0) >= oldest,
    )
    this.#core.record({
      at: now,
      type: 'automation',
      name: spec.name,
      event: 'ran',
      requeued: failed.length,
    })
    for (const job of failed) {
      const patch = requeue({ waitsForParent: this.#jobs.waitsForParent(job) })
      this.#jobs.move(job, patch, 'T10', `automation:${spec.name}`)
    }
  }
}
