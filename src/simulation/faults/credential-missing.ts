/** The credential of the integration is gone: 401 at once, nothing happens at the partner. */
import type { FaultSpec } from '../../scenario/scenario.ts'
import { unauthorized } from '../failure.ts'
import type { TargetFaultBehaviour } from './target-fault.ts'

type Spec = Extract<FaultSpec, { kind: 'credential-missing' }>

const ANSWER_MS = 60

export const credentialMissing: TargetFaultBehaviour<Spec> = {
  shapeCall: (_spec, plan) => ({
    ...plan,
    durationMs: ANSWER_MS,
    effectAtMs: null,
    failure: unauthorized(plan.integration),
  }),
  probe: () => ({ healthy: false, answer: 'unauthorized', latencyMs: ANSWER_MS }),
  answersLookups: false,
  blocksSuccess: true,
}
