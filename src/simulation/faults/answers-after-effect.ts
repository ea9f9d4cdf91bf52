/** The partner does what it is asked and then never answers: a time-out after the effect, the classic of double charges. */
import type { FaultSpec } from '../../scenario/scenario.ts'
import { readTimeout } from '../failure.ts'
import type { TargetFaultBehaviour } from './target-fault.ts'

type Spec = Extract<FaultSpec, { kind: 'answers-after-effect' }>

export const answersAfterEffect: TargetFaultBehaviour<Spec> = {
  shapeCall: (_spec, plan) => ({
    ...plan,
    durationMs: plan.timeoutMs,
    failure: readTimeout(plan.integration, plan.timeoutMs),
  }),
  probe: (_spec, timeoutMs) => ({ healthy: false, answer: 'timeout', latencyMs: timeoutMs }),
  answersLookups: true,
  blocksSuccess: true,
}
