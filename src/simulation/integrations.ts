/**
 * The external systems: what a call takes, whether and when its effect happens, what a probe and a question about a
 * job are answered, all shaped by the faults in force (DESIGN section 4).
 */
import type { IntegrationOperations, Operations } from '../queue-job/operations.ts'
import type { FaultSpec } from '../scenario/scenario.ts'
import type { Core } from './core.ts'
import { answersAfterEffect } from './faults/answers-after-effect.ts'
import { credentialMissing } from './faults/credential-missing.ts'
import { targetDown } from './faults/target-down.ts'
import type { CallPlan, ProbeAnswer, TargetFaultBehaviour } from './faults/target-fault.ts'
import { targetSlow } from './faults/target-slow.ts'

/** A fault of the scenario with the integrations and functions that its roles are bound to. */
export interface BoundFault {
  readonly spec: FaultSpec
  readonly integrations: readonly string[]
  readonly functions: readonly string[]
}

const HEALTHY_PROBE: ProbeAnswer = { healthy: true, answer: 'ok', latencyMs: 120 }

/** Defaults of `operations.yaml`. */
const UNDECLARED: IntegrationOperations = {
  timeoutMs: 30_000,
  effectAt: 0.7,
  lookup: false,
  effectBeforeFailure: {},
}

/** The behaviour of a fault that sits in an integration; null for faults elsewhere. */
function behaviourOf(spec: FaultSpec): TargetFaultBehaviour<never> | null {
  switch (spec.kind) {
    case 'target-down':
      return targetDown
    case 'target-slow':
      return targetSlow
    case 'answers-after-effect':
      return answersAfterEffect
    case 'credential-missing':
      return credentialMissing
    case 'workers-killed':
    case 'arrivals-burst':
      return null
  }
}

export class Integrations {
  readonly #core: Core
  readonly #operations: Operations
  readonly #faults: BoundFault[] = []
  readonly #startedAt: number
  readonly #inForce = new Set<number>()
  readonly #bitten = new Set<number>()

  constructor(core: Core, operations: Operations, faults: readonly BoundFault[]) {
    this.#core = core
    this.#operations = operations
    this.#startedAt = core.now
    for (const fault of faults) this.add(fault)
  }

  /** One more fault; returns its number. */
  add(fault: BoundFault): number {
    const index = this.#faults.push(fault) - 1
    const { fromMs, untilMs } = fault.spec
    this.#core.schedule(this.#startedAt + fromMs, () => this.#begin(index))
    if (untilMs !== null) {
      this.#core.schedule(this.#startedAt + untilMs, () => this.#end(index))
    }
    return index
  }

  /** All faults, with whether each is in force now. */
  get faults(): readonly { readonly spec: FaultSpec; readonly inForce: boolean }[] {
    return this.#faults.map(({ spec }, index) => ({ spec, inForce: this.#inForce.has(index) }))
  }

  settings(integration: string): IntegrationOperations {
    return this.#operations.integrations[integration] ?? UNDECLARED
  }

  get names(): readonly string[] {
    return Object.keys(this.#operations.integrations)
  }

  /** Applies the faults in force to one call; `fault` is the last that shaped it. */
  shape(plan: CallPlan): { readonly plan: CallPlan; readonly fault: number | null } {
    let shaped = plan
    let by: number | null = null
    for (const [index, spec, behaviour] of this.#faultsOf(plan.integration)) {
      shaped = behaviour.shapeCall(spec, shaped)
      by = index
      this.bite(index)
    }
    return { plan: shaped, fault: by }
  }

  probe(integration: string): ProbeAnswer {
    for (const [, spec, behaviour] of this.#faultsOf(integration)) {
      return behaviour.probe(spec, this.settings(integration).timeoutMs)
    }
    return HEALTHY_PROBE
  }

  /** Whether the partner can be asked about single jobs, now. */
  answersLookups(integration: string): boolean {
    return (
      this.settings(integration).lookup &&
      this.#faultsOf(integration).every(([, , behaviour]) => behaviour.answersLookups)
    )
  }

  /** Notes in the journal that a fault was seen in force in the truth; once. */
  bite(index: number): void {
    if (this.#bitten.has(index)) return
    this.#bitten.add(index)
    this.#note(index, 'bites')
  }

  #begin(index: number): void {
    this.#inForce.add(index)
    this.#note(index, 'begins')
    // More arrivals need nobody to run into them.
    if (this.#faults[index]!.spec.kind === 'arrivals-burst') this.bite(index)
  }

  #end(index: number): void {
    this.#inForce.delete(index)
    this.#note(index, 'ends')
  }

  #note(index: number, phase: 'begins' | 'bites' | 'ends'): void {
    const { integrations } = this.#faults[index]!
    this.#core.record({ at: this.#core.now, type: 'fault', fault: index, phase, integrations })
  }

  #faultsOf(integration: string): (readonly [number, never, TargetFaultBehaviour<never>])[] {
    const found: (readonly [number, never, TargetFaultBehaviour<never>])[] = []
    for (const [index, fault] of this.#faults.entries()) {
      if (!this.#inForce.has(index) || !fault.integrations.includes(integration)) continue
      const behaviour = behaviourOf(fault.spec)
      // The behaviour was chosen by the kind of this very spec.
      if (behaviour !== null) found.push([index, fault.spec as never, behaviour])
    }
    return found
  }
}
