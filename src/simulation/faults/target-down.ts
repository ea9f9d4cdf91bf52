/** The target is dead: it hangs (each call takes the client's whole time-out) or refuses at once. Nothing happens there. */
import type { FaultSpec } from '../../scenario/scenario.ts'
import { connectionRefused, readTimeout } from '../failure.ts'
import type { TargetFaultBehaviour } from './target-fault.ts'

type Spec = Extract<FaultSpec, { kind: 'target-down' }>

const REFUSAL_MS = 40

export const targetDown: TargetFaultBehaviour<Spec> = {
  shapeCall: (spec, plan) =>
    spec.answer === 'hang'
      ? {
          ...plan,
          durationMs: plan.timeoutMs,
          effectAtMs: null,
          failure: readTimeout(plan.integration, plan.timeoutMs),
        }
      : {
          ...plan,
          durationMs: REFUSAL_MS,
          effectAtMs: null,
          failure: connectionRefused(plan.integration),
        },
  probe: (spec, timeoutMs) =>
    spec.answer === 'hang'
      ? { healthy: false, answer: 'timeout', latencyMs: timeoutMs }
      : { healthy: false, answer: 'refused', latencyMs: REFUSAL_MS },
  answersLookups: false,
  blocksSuccess: true,
}
