/** The target answers, but each call takes `factor` times as long; beyond the client's time-out it fails, effect or not. */
import type { FaultSpec } from '../../scenario/scenario.ts'
import { readTimeout } from '../failure.ts'
import type { TargetFaultBehaviour } from './target-fault.ts'

type Spec = Extract<FaultSpec, { kind: 'target-slow' }>

export const targetSlow: TargetFaultBehaviour<Spec> = {
  shapeCall: (spec, plan) => {
    const durationMs = plan.durationMs * spec.factor
    const effectAtMs = plan.effectAtMs === null ? null : plan.effectAtMs * spec.factor
    if (durationMs <= plan.timeoutMs) return { ...plan, durationMs, effectAtMs }
    return {
      ...plan,
      durationMs: plan.timeoutMs,
      // The partner goes on working after the client has hung up.
      effectAtMs,
      failure: readTimeout(plan.integration, plan.timeoutMs),
    }
  },
  probe: (spec) => ({ healthy: false, answer: 'slow', latencyMs: 200 * spec.factor }),
  answersLookups: true,
  blocksSuccess: false,
}
