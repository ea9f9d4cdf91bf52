/**
 * What workers do (reference 3.5, 3.6, 5.1): take a dispatched job, run it, store the outcome. Effects happen at a
 * moment inside the call; a failure or a kill after that moment leaves the effect without a record.
 */
import type { Cause } from '../journal/events.ts'
import type { Profile } from '../queue-job/profile.ts'
import { outcomeOf, type RunError } from '../queue-job/retry.ts'
import { signatureOf } from '../queue-job/signature.ts'
import { done, fail, postpone, start, undoEnqueue } from '../queue-job/transitions.ts'
import type { WorkloadFunction } from '../queue-job/workload.ts'
import type { Core } from './core.ts'
import { type Failure, retryMessage, SERIALIZATION_MESSAGE, traceback } from './failure.ts'
import type { Host, Worker } from './host.ts'
import type { Integrations } from './integrations.ts'
import type { JobStore } from './job-store.ts'
import type { Ledger } from './ledger.ts'
import { planRun, type RunPlan } from './run-plan.ts'
import type { WorldJob } from './world-job.ts'

/** From the runner's GET to a worker that reads it. */
const REQUEST_MS = 5

interface Execution {
  readonly run: number
  readonly job: WorldJob
  readonly worker: Worker
  readonly cause: Cause
  readonly plan: RunPlan
  /** The row as this worker last wrote it; another version at the end = 40001. */
  readonly version: number
  fault: number | null
  computing: boolean
  killed: boolean
  ended: boolean
}

export interface ExecutionsOptions {
  readonly core: Core
  readonly host: Host
  readonly jobs: JobStore
  readonly integrations: Integrations
  readonly ledger: Ledger
  readonly profile: Profile
  readonly workload: ReadonlyMap<string, WorkloadFunction>
}

export class Executions {
  readonly #o: ExecutionsOptions
  readonly #active = new Map<number, Execution>()
  #runs = 0

  constructor(options: ExecutionsOptions) {
    this.#o = options
  }

  /** Numbers of the executions under way, in the order of their start. */
  get active(): readonly number[] {
    return [...this.#active.keys()]
  }

  /** The runner's GET; it hangs up after a second, the request stays in the listen queue all the same. */
  dispatch(job: WorldJob): void {
    const { core, host, jobs, profile } = this.#o
    let accepted = false
    core.schedule(core.now + REQUEST_MS, () => {
      host.request((worker) => {
        accepted = true
        this.#serve(job, worker)
      })
    })
    core.schedule(core.now + profile.httpTimeoutMs, () => {
      if (accepted || !profile.undoesFailedRequest) return
      const patch = undoEnqueue(job)
      // The cause stays: nobody decided anything.
      if (patch !== null && jobs.byId(job.id) === job) jobs.move(job, patch, 'T5')
    })
  }

  /** A job that was running before the start goes on: its call begins now. */
  resume(job: WorldJob, worker: Worker): void {
    this.#begin(job, worker, false)
  }

  /** SIGKILL of the worker that performs this run; no trace in the row. */
  kill(run: number, event: 'killed' | 'out-of-memory' | 'time-limit', fault?: number): void {
    const execution = this.#active.get(run)
    if (execution === undefined) return
    const { core, host } = this.#o
    execution.killed = true
    core.record({
      at: core.now,
      type: 'worker',
      event,
      run,
      ...(fault !== undefined && { fault }),
    })
    this.#end(execution, 'killed', null)
    host.kill(execution.worker)
  }

  #serve(job: WorldJob, worker: Worker): void {
    const { core, host, jobs } = this.#o
    if (job.state !== 'enqueued' || jobs.byId(job.id) !== job) {
      // "not in state enqueued": a warning in the log and an empty answer.
      worker.run = 0
      core.schedule(core.now + REQUEST_MS, () => host.release(worker))
      return
    }
    this.#begin(job, worker, true)
  }

  #begin(job: WorldJob, worker: Worker, fresh: boolean): void {
    const { core, jobs, host, integrations, workload } = this.#o
    const run = ++this.#runs
    worker.run = run
    this.#spendGrantedTry(job)
    if (fresh) jobs.move(job, start(core.now, worker.pid), 'T6')
    const plan = planRun(
      core.seed,
      job,
      workload.get(job.fn),
      integrations.settings(job.operations.integration ?? ''),
      host.parameters.limitTimeCpuMs,
    )
    job.runs++
    worker.memoryMb = plan.memoryMb
    const execution: Execution = {
      run,
      job,
      worker,
      cause: job.cause,
      plan,
      version: job.version,
      fault: null,
      computing: false,
      killed: false,
      ended: false,
    }
    this.#active.set(run, execution)
    core.record({
      at: core.now,
      type: 'run-started',
      run,
      id: job.id,
      cause: job.cause,
      pid: worker.pid,
    })
    const { limitTimeRealMs } = host.parameters
    if (limitTimeRealMs > 0) {
      core.schedule(core.now + limitTimeRealMs, () => this.kill(run, 'time-limit'))
    }
    if (host.memoryUsedMb > host.parameters.memoryMb) this.#killLargest()
    if (fresh) this.#compute(execution, plan.beforeMs, () => this.#call(execution))
    else this.#call(execution)
  }

  /** Tries that only an engine's write made possible are the engine's (DESIGN section 4, "Causes"). */
  #spendGrantedTry(job: WorldJob): void {
    const grant = job.triesBeforeGrant
    if (grant === null) return
    if (grant.left <= 0) job.cause = grant.by
    else grant.left--
  }

  /** The kernel ends the process that uses most. */
  #killLargest(): void {
    let largest: Execution | null = null
    for (const execution of this.#active.values()) {
      if (largest === null || execution.worker.memoryMb > largest.worker.memoryMb)
        largest = execution
    }
    if (largest !== null) this.kill(largest.run, 'out-of-memory')
  }

  #compute(execution: Execution, ms: number, next: () => void): void {
    if (execution.killed) return
    const { core, host } = this.#o
    execution.computing = true
    core.schedule(core.now + host.compute(ms), () => {
      if (execution.killed) return
      execution.computing = false
      host.endCompute()
      next()
    })
  }

  #call(execution: Execution): void {
    const { core, integrations, ledger } = this.#o
    const { plan, job, run, cause } = execution
    if (execution.killed) return
    if (plan.failureBeforeCall !== null) return this.#raise(execution, plan.failureBeforeCall)
    const shaped = plan.callsOut ? integrations.shape(plan.call) : { plan: plan.call, fault: null }
    execution.fault = shaped.fault
    const { effectAtMs, durationMs, failure } = shaped.plan
    if (effectAtMs !== null) {
      core.schedule(core.now + effectAtMs, () => {
        if (!execution.killed) ledger.happen(job, run, cause)
      })
    }
    core.schedule(core.now + durationMs, () => {
      if (execution.killed) return
      if (failure !== null) this.#raise(execution, failure)
      else this.#compute(execution, plan.afterMs, () => this.#finish(execution))
    })
  }

  /** T7, unless somebody changed the row meanwhile: then all business work is rolled back (T8 after 40001). */
  #finish(execution: Execution): void {
    const { core, jobs } = this.#o
    const { job, version } = execution
    if (jobs.byId(job.id) !== job) return this.#end(execution, 'conflict', null)
    if (job.version !== version) {
      return this.#settle(execution, { kind: 'concurrency', message: SERIALIZATION_MESSAGE })
    }
    jobs.move(job, done(job, core.now, null), 'T7')
    this.#end(execution, 'done', null)
    jobs.wakeChildren(job)
  }

  /** T8 or T9 are stored on a separate connection, whatever became of the row meanwhile. */
  #raise(execution: Execution, failure: Failure): void {
    const { job } = execution
    if (this.#o.jobs.byId(job.id) !== job) return this.#end(execution, 'failed', failure)
    const text = traceback(job, failure)
    const wraps = job.operations.failureStyle === 'postpone' && failure.fromCall
    this.#settle(
      execution,
      wraps
        ? {
            kind: 'retryable',
            message: retryMessage(failure),
            seconds: null,
            ignoreRetry: false,
            traceback: text,
          }
        : { kind: 'exception', failure: { ...failure, excInfo: text } },
    )
  }

  #settle(execution: Execution, error: RunError): void {
    const { core, jobs, workload } = this.#o
    const { job, plan } = execution
    const pattern = workload.get(job.fn)?.retryPattern ?? null
    const outcome = outcomeOf(job, error, pattern, plan.random)
    if (outcome.kind === 'fail') {
      jobs.move(job, fail(job, outcome.failure), 'T9')
      return this.#end(execution, 'failed', outcome.failure)
    }
    const waits = jobs.waitsForParent(job)
    const patch = postpone(job, core.now, outcome.delayMs, outcome.message, {
      ignoreRetry: outcome.ignoreRetry,
      waitsForParent: waits,
    })
    const conflict = error.kind === 'concurrency'
    jobs.move(job, patch, 'T8', conflict ? causeOfConflict(job.cause, execution.cause) : 'retry')
    this.#end(execution, conflict ? 'conflict' : 'postponed', null)
  }

  #end(
    execution: Execution,
    outcome: 'done' | 'postponed' | 'failed' | 'killed' | 'conflict',
    failure: Pick<Failure, 'excName' | 'excMessage'> | null,
  ): void {
    const { core, host } = this.#o
    const { job, run, fault, worker } = execution
    if (execution.computing) host.endCompute()
    execution.computing = false
    execution.ended = true
    this.#active.delete(run)
    const signature =
      failure !== null || outcome === 'postponed'
        ? signatureOf({
            jobFunction: job.fn,
            excName: failure?.excName ?? null,
            excMessage: failure?.excMessage ?? null,
            excInfo: failure === null ? null : job.excInfo,
            result: job.result,
          })
        : null
    core.record({
      at: core.now,
      type: 'run-ended',
      run,
      id: job.id,
      outcome,
      ...(fault !== null && { fault }),
      ...(signature !== null && { signature }),
    })
    if (outcome !== 'killed') host.release(worker)
  }
}

/** Who brought the row back while it ran owns the next try; else nobody but the queue did. */
function causeOfConflict(rowCause: Cause, runCause: Cause): Cause {
  if (rowCause !== runCause) return rowCause
  return runCause === 'cron' || runCause.includes(':') ? runCause : 'conflict'
}
