/** What the engine remembers between checks. One engine serves one drill; nothing of it is in the database. */
import type { Signal } from '../contract.ts'
import type { Flow } from './flows.ts'
import type { Observation } from './signals/decide.ts'

/**
 * `isolated` — broken, its pending jobs are postponed; `proving` — said to be well, a few jobs show whether it is;
 * `releasing` — well, its jobs come back in batches; `clear` — nothing of it is left.
 */
export type Phase = 'isolated' | 'proving' | 'releasing' | 'clear'

export interface FlowCase {
  readonly flow: Flow
  readonly functions: readonly string[]
  phase: Phase
  /** Since when it has been in this phase, virtual ms. */
  since: number
  /** Jobs that went ahead of the others. */
  canaries: readonly number[]
  /** Jobs that were asked about without a result; asked again when the flow is well. */
  readonly asked: Set<number>
}

export interface Leftover {
  /** Start of the run that was seen: another one is another job's story. */
  readonly startedAt: number
  checksSeen: number
}

export interface ScaleStep {
  readonly at: number
  readonly due: number
  readonly slots: number
  outcome: 'trying' | 'kept'
}

export interface IncidentMemory {
  readonly openedAt: number
  readonly signals: readonly Signal[]
  /** Failures from here on belong to it; jobs created before `createdFrom` do not. */
  readonly from: number
  readonly createdFrom: number
  /** Smallest id that can concern it. */
  readonly idFloor: number
  /** Due depth that was normal before. */
  readonly normalDue: number
  readonly httpWorkersAtStart: number
  /** Failed before the incident: not ours to bring back. */
  readonly notOurs: readonly number[]
  readonly flows: Map<string, FlowCase>
  /** Etas that mean "postponed by us", and the etas in the future that jobs had of their own. */
  readonly quarantineEtas: Set<number>
  readonly ownEtas: Map<number, number>
  /** How often each job was set back. */
  readonly requeues: Map<number, number>
  /** Settled, failed for good, or given to a person: done with. */
  readonly handledJobs: Set<number>
  readonly pausedAutomations: Set<string>
  scale: ScaleStep | null
  /** Due jobs and those that we postponed, at each check of the incident, newest last. */
  readonly depths: number[]
  /** Last check at which jobs were brought back or released. */
  lastReleaseAt: number
}

export interface Memory {
  history: Observation[]
  /** Started rows without a living worker, by job id. */
  readonly leftovers: Map<number, Leftover>
  /** Failed jobs that were there at the last quiet check. */
  failedBefore: readonly number[]
  /** Rows that the engine itself took out of `failed` since the last check. */
  takenFromFailed: number
  incident: IncidentMemory | null
  /** End of the last incident, virtual ms: signs up to then are history. */
  watchFrom: number
  /** An incident that people have taken over because a target stays dead. */
  handedOver: IncidentMemory | null
  /** Jobs that earlier incidents dealt with. */
  readonly dealtWith: Set<number>
}

export function newMemory(): Memory {
  return {
    history: [],
    leftovers: new Map(),
    failedBefore: [],
    takenFromFailed: 0,
    incident: null,
    watchFrom: -Infinity,
    handedOver: null,
    dealtWith: new Set(),
  }
}

/** A day of checks: more is not looked at. */
const HISTORY_MAX = 288

export function remember(memory: Memory, observation: Observation): void {
  memory.history.push(observation)
  if (memory.history.length > HISTORY_MAX) memory.history.shift()
}
