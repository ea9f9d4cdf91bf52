/**
 * Step 5, pure: the incident is over only when all of it holds. An incident that cannot be closed safely is handed over
 * instead.
 */
import { MINUTE } from '../../../foundation/time.ts'
import type { Phase } from '../memory.ts'
import type { RunbookPolicy } from '../policy.ts'

export interface ExitFacts {
  readonly now: number
  readonly openedAt: number
  /** Due jobs and those that we postponed, at the checks of the incident, this check's last. */
  readonly depths: readonly number[]
  readonly normalDue: number
  readonly phases: readonly Phase[]
  /** Dead runs that still hold slots. */
  readonly leftovers: number
  /** Critical jobs that wait beyond their share of the SLA. */
  readonly late: number
  /** Signs of this check: a signal that is still there. */
  readonly signs: readonly string[]
  /** Last time that something was isolated, released or requeued. */
  readonly lastReleaseAt: number
  readonly workersAdded: number
}

/** Due depth up to which a check counts as near normal. */
export function nearNormal(normalDue: number, { exit }: RunbookPolicy): number {
  return normalDue * exit.nearFactor + exit.nearSlack
}

/** What still speaks against closing, in words; empty = all criteria hold. */
export function whatIsMissing(facts: ExitFacts, policy: RunbookPolicy): readonly string[] {
  const missing: string[] = []
  if (!isDraining(facts, policy)) {
    missing.push(
      `the backlog must fall at ${policy.exit.checks} checks in a row or be near normal at them`,
    )
  }
  const open = facts.phases.filter((phase) => phase !== 'clear').length
  if (open > 0) missing.push(`${open} flows are not released yet`)
  if (facts.leftovers > 0) missing.push(`${facts.leftovers} dead jobs hold slots`)
  if (facts.late > 0) missing.push(`${facts.late} critical jobs wait too long`)
  if (facts.signs.length > 0)
    missing.push(`there is still a sign of trouble: ${facts.signs.join(', ')}`)
  if (facts.now - facts.lastReleaseAt < 2 * 5 * MINUTE) {
    missing.push('what was brought back has not shown for ten minutes that it stays well')
  }
  return missing
}

function isDraining({ depths, normalDue }: ExitFacts, policy: RunbookPolicy): boolean {
  const { checks } = policy.exit
  const near = nearNormal(normalDue, policy)
  const last = depths.slice(-checks)
  if (last.length === checks && last.every((depth) => depth <= near)) return true
  const falling = depths.slice(-checks - 1)
  return (
    falling.length === checks + 1 &&
    falling.every((depth, index) => index === 0 || depth < falling[index - 1]!)
  )
}

/** Whether to hand over: the target stays dead, and everything else is in order. */
export function mustHandOver(facts: ExitFacts, policy: RunbookPolicy): boolean {
  return (
    facts.now - facts.openedAt >= policy.exit.handOverAfterMs &&
    facts.phases.includes('isolated') &&
    facts.phases.every((phase) => phase === 'isolated' || phase === 'clear') &&
    facts.leftovers === 0
  )
}
