/**
 * What one execution would do if nothing disturbed it: computing, one call of the integration, computing again. Drawn
 * from a stream named by the job's uuid and its number of tries, so that all twins draw the same.
 */
import { type Random, random } from '../foundation/random.ts'
import { SECOND } from '../foundation/time.ts'
import type { IntegrationOperations } from '../queue-job/operations.ts'
import { durationAt, type WorkloadFunction } from '../queue-job/workload.ts'
import { CPU_LIMIT, type Failure, isTimeout, readTimeout } from './failure.ts'
import type { CallPlan } from './faults/target-fault.ts'
import type { WorldJob } from './world-job.ts'

export interface RunPlan {
  readonly random: Random
  /** CPU time before and after the call, ms. */
  readonly beforeMs: number
  readonly afterMs: number
  /** The call, or the waiting (database, disk) of a job that stays inside; before faults. */
  readonly call: CallPlan
  /** Whether `call` goes to an integration. */
  readonly callsOut: boolean
  /** Raised instead of calling at all. */
  readonly failureBeforeCall: Failure | null
  readonly memoryMb: number
}

/** Run time of functions that the workload does not know, ms at DURATION_PROBABILITIES. */
const UNKNOWN_DURATION_MS = [20, 40, 120, 300, 800, 2000, 4000, 10_000, 20_000]
const UNKNOWN_CPU_SHARE = 0.5
const UNKNOWN_MEMORY_MB = 60

export function planRun(
  seed: number,
  job: WorldJob,
  traffic: WorkloadFunction | undefined,
  integration: IntegrationOperations,
  limitTimeCpuMs: number,
): RunPlan {
  const stream = random(seed, 'run', job.uuid, job.runs)
  const totalMs = durationAt(traffic?.durationMs ?? UNKNOWN_DURATION_MS, stream.next())
  const cpuMs = totalMs * (traffic?.cpuShare ?? UNKNOWN_CPU_SHARE)
  const waitMs = Math.max(1, totalMs - cpuMs)
  const callsOut = job.operations.integration !== null
  const ordinary = ordinaryFailure(traffic, stream.next())
  const effectDrawn = stream.next()
  const call: CallPlan = {
    integration: job.operations.integration ?? '',
    durationMs: waitMs,
    effectAtMs: job.operations.effect === 'none' ? null : waitMs * integration.effectAt,
    failure: null,
    timeoutMs: integration.timeoutMs,
  }
  return {
    random: stream,
    beforeMs: cpuMs / 2,
    afterMs: cpuMs / 2,
    call: ordinary === null ? call : failedCall(call, ordinary, integration, effectDrawn),
    callsOut,
    failureBeforeCall: job.lastingFailure ?? (cpuMs > limitTimeCpuMs ? CPU_LIMIT : null),
    memoryMb: traffic?.memoryMb ?? UNKNOWN_MEMORY_MB,
  }
}

function ordinaryFailure(traffic: WorkloadFunction | undefined, drawn: number): Failure | null {
  let rest = drawn
  for (const { excName, excMessage, share } of traffic?.failures ?? []) {
    rest -= share
    if (rest < 0) return { excName, excMessage, fromCall: /^(requests|urllib3)\./.test(excName) }
  }
  return null
}

function failedCall(
  call: CallPlan,
  failure: Failure,
  integration: IntegrationOperations,
  drawn: number,
): CallPlan {
  const timedOut = isTimeout(failure.excName)
  const share = integration.effectBeforeFailure[failure.excName] ?? (timedOut ? 0.5 : 0)
  return {
    ...call,
    durationMs: timedOut ? call.timeoutMs : call.durationMs,
    effectAtMs: drawn < share ? call.effectAtMs : null,
    failure: timedOut ? readTimeout(call.integration, call.timeoutMs) : failure,
  }
}

/** Longest ordinary run of a function, with a margin: what is started for longer belongs to a dead worker. */
export function longestRunMs(traffic: WorkloadFunction | undefined): number {
  const quantiles = traffic?.durationMs ?? UNKNOWN_DURATION_MS
  return quantiles.at(-1)! + 35 * SECOND
}
