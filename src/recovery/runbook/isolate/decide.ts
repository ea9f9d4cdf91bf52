/**
 * Step 3, pure: whether a flow is to be isolated, tried, or released. A healthy probe alone proves nothing: a few jobs
 * that went through do, be it new ones of the business or canaries of ours.
 */
import type { ProbeReport } from '../../contract.ts'
import type { Phase } from '../memory.ts'
import type { RunbookPolicy } from '../policy.ts'
import type { CanaryReport, Pulse } from './pulse.ts'

export interface Evidence {
  readonly phase: Phase
  /** How long it has been in this phase, ms. */
  readonly inPhaseMs: number
  /** Null = nobody can be probed. */
  readonly probe: ProbeReport | null
  readonly pulse: Pulse
  /** Null = none are under way. */
  readonly canaries: CanaryReport | null
}

export interface PhaseDecision {
  readonly phase: Phase
  readonly why: string
}

/** A clear flow that fails in numbers again is isolated again; else it stays clear. */
export function nextPhase(evidence: Evidence, policy: RunbookPolicy): PhaseDecision {
  const { phase, probe, pulse, canaries, inPhaseMs } = evidence
  if (probe !== null && !probe.healthy) {
    return { phase: 'isolated', why: `the probe answers "${probe.answer}"` }
  }
  if (isFailing(pulse, policy)) {
    return {
      phase: 'isolated',
      why: `${pulse.failed} of its jobs failed since the last check and ${pulse.done} were done`,
    }
  }
  if (phase === 'releasing' || phase === 'clear') return { phase, why: 'nothing speaks against it' }
  if (isProven(pulse, policy)) {
    return {
      phase: 'releasing',
      why: `${wellProbed(probe)}${pulse.doneSinceFailure} new jobs of the business went through`,
    }
  }
  if (canaries !== null && canaries.failed > 0) {
    return { phase: 'isolated', why: `${canaries.failed} of the canaries failed` }
  }
  if (canaries !== null && canaries.open === 0) {
    return {
      phase: 'releasing',
      why: `${wellProbed(probe)}all ${canaries.done} canaries went through`,
    }
  }
  if (phase === 'isolated' && probe === null && inPhaseMs < policy.isolate.functionRestMs) {
    return { phase: 'isolated', why: 'nobody can be asked whether the cause is gone' }
  }
  return { phase: 'proving', why: `${wellProbed(probe)}a few jobs show whether it is well` }
}

function wellProbed(probe: ProbeReport | null): string {
  return probe === null ? '' : 'the probe is healthy; '
}

/** New jobs started after the last failure went through; or so many did that a single failure is an ordinary one. */
function isProven({ done, failed, doneSinceFailure }: Pulse, { retry }: RunbookPolicy): boolean {
  if (doneSinceFailure >= retry.canaries) return true
  return done >= 4 * retry.canaries && failed <= done / 10
}

function isFailing({ done, failed, doneSinceFailure }: Pulse, policy: RunbookPolicy): boolean {
  return (
    failed >= policy.retry.canaries && failed > done && doneSinceFailure < policy.retry.canaries
  )
}

/** How many jobs a check may bring back: half of what the slots can run until the next one, in whole batches. */
export function releaseBudget(
  facts: {
    readonly rootCapacity: number
    readonly due: number
    readonly checkMs: number
    /** Mean run time of the flow's jobs, ms; null = unknown. */
    readonly meanMs: number | null
  },
  { retry }: RunbookPolicy,
): number {
  const { rootCapacity, due, checkMs, meanMs } = facts
  const perJobMs = Math.max(1, meanMs ?? 1000)
  const room = (rootCapacity * checkMs * retry.slotShare) / perJobMs - due
  const batches = Math.floor(room / retry.limit)
  return Math.min(retry.batchesPerCheck, Math.max(1, batches)) * retry.limit
}
