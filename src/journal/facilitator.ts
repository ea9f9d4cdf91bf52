/** What the facilitator of a live drill did: broke more than the scenario says, helped people, held time. */
import { formatDuration } from '../foundation/time.ts'
import type { FaultSpec } from '../scenario/scenario.ts'

/**
 * A fault beside those of the scenario, from `at` on. What happens to it is told as of any other, by `fault` events
 * under its number.
 */
export interface FaultInjectedEvent {
  readonly at: number
  readonly type: 'fault-injected'
  /** Numbers go on after those of the scenario's faults. */
  readonly fault: number
  /** `fromMs` is the moment of the injection. */
  readonly spec: FaultSpec
  readonly integrations: readonly string[]
  /** Job functions that feel it. */
  readonly functions: readonly string[]
}

/** What else the facilitator did in a live drill. */
export interface FacilitatorEvent {
  readonly at: number
  readonly type: 'facilitator'
  readonly act: 'hint' | 'speed'
  /** The hint in words; the speed (virtual seconds in a second, 0 = paused). */
  readonly detail: string
}

/** `injected target-down of webhook for 15m`. */
export function facilitatorText(event: FacilitatorEvent | FaultInjectedEvent): string {
  if (event.type === 'fault-injected') return `injected ${faultText(event.spec)}`
  if (event.act === 'hint') return `hint: ${event.detail}`
  return event.detail === '0' ? 'paused' : `speed ${event.detail}`
}

/** Kind, roles, figures and length of a fault. */
export function faultText(spec: FaultSpec): string {
  const { kind, fromMs, untilMs } = spec
  return [
    kind,
    'roles' in spec ? `of ${spec.roles.join(', ')}` : null,
    'factor' in spec ? `${spec.factor}x` : null,
    'workers' in spec ? `(${spec.workers})` : null,
    'answer' in spec ? `(${spec.answer})` : null,
    untilMs === null ? null : `for ${formatDuration(untilMs - fromMs)}`,
  ]
    .filter((part) => part !== null)
    .join(' ')
}
