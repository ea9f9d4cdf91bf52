/**
 * What a fault of an integration does to one call, to a probe, and to a question about a job. One file a kind
 * beside this one; `catalogue.ts` lists them. Every fault is off outside its window.
 */
import type { Failure } from '../failure.ts'

/** One call of an integration, before or after a fault shaped it. */
export interface CallPlan {
  readonly integration: string
  /** From the request to the answer or the error, ms. */
  readonly durationMs: number
  /** When the effect happens, ms after the request; null = it does not. */
  readonly effectAtMs: number | null
  /** Null = the call succeeds. */
  readonly failure: Failure | null
  /** The client's time-out, ms. */
  readonly timeoutMs: number
}

/** Answer to `target probe`. */
export interface ProbeAnswer {
  readonly healthy: boolean
  readonly answer: string
  readonly latencyMs: number
}

export interface TargetFaultBehaviour<Spec> {
  shapeCall(spec: Spec, plan: CallPlan): CallPlan
  probe(spec: Spec, timeoutMs: number): ProbeAnswer
  /** Whether the partner can still be asked what happened to a job. */
  readonly answersLookups: boolean
  /** Whether jobs cannot succeed while it lasts (DESIGN section 6, E1: "target is down in the truth"). */
  readonly blocksSuccess: boolean
}
