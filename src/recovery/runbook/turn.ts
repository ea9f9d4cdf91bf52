/** What the steps of one check share. */
import type { Incident } from '../contract.ts'
import type { IncidentMemory, Memory } from './memory.ts'
import type { RunbookPolicy } from './policy.ts'
import type { Measures } from './signals/decide.ts'
import type { Facts } from './signals/observe.ts'

export interface Turn {
  readonly incident: Incident
  /** Virtual ms. */
  readonly at: number
  readonly lastAt: number
  readonly facts: Facts
  readonly measures: Measures
  readonly memory: Memory
  /** That of the open incident. */
  readonly open: IncidentMemory
  readonly policy: RunbookPolicy
}

/** Due depth at the checks of the incident, this check's last. */
export function dueSinceOpening({ memory, open }: Turn): readonly number[] {
  return memory.history.filter(({ at }) => at >= open.openedAt).map(({ due }) => due)
}

/** Who decides about what the engine leaves behind. */
export function ownerOf(integration: string | null): string {
  return integration === null ? 'the developers of the job function' : `the owner of ${integration}`
}

/** `1 job`, `3 jobs`. */
export function jobs(count: number): string {
  return count === 1 ? '1 job' : `${count} jobs`
}
