/** Step 2, pure: which exceptions repeat, and which flows deserve a probe. */
import type { SafetyCatalogue } from '../../contract.ts'
import { type Flow, flowOf } from '../flows.ts'
import type { RunbookPolicy } from '../policy.ts'
import { deadRuns, standingFailures } from '../signals/decide.ts'
import type { Facts } from '../signals/observe.ts'
import type { Blocker } from './observe.ts'

/** `12 × sale.order.push_status | requests.exceptions.ReadTimeout | …`, most frequent first, at most five. */
export function repeatedSignatures(blockers: readonly Blocker[]): readonly string[] {
  const counts = new Map<string, number>()
  for (const { signature } of blockers) {
    if (signature !== null) counts.set(signature, (counts.get(signature) ?? 0) + 1)
  }
  return [...counts]
    .sort(([left, leftCount], [right, rightCount]) =>
      leftCount === rightCount ? (left < right ? -1 : 1) : rightCount - leftCount,
    )
    .slice(0, 5)
    .map(([signature, count]) => `${count} × ${signature}`)
}

/** A flow that may be what blocks: a probe will tell. */
export interface Suspect {
  readonly flow: Flow
  /** Jobs that failed in this incident, and those that postponed themselves. */
  readonly failed: number
  readonly retrying: number
  /** Jobs that hold a slot for longer than ordinary ones, their workers alive. */
  readonly longRuns: number
}

/** Sorted by name. */
export function suspectsOf(
  facts: Facts,
  catalogue: SafetyCatalogue,
  { blockers, signals: { standing } }: RunbookPolicy,
): readonly Suspect[] {
  const byFlow = new Map<string, { -readonly [Key in keyof Suspect]: Suspect[Key] }>()
  const entry = (fn: string) => {
    const flow = flowOf(fn, catalogue)
    let suspect = byFlow.get(flow.name)
    if (suspect === undefined) {
      suspect = { flow, failed: 0, retrying: 0, longRuns: 0 }
      byFlow.set(flow.name, suspect)
    }
    return suspect
  }
  for (const { fn, failedRecently, retrying } of facts.byFunction) {
    if (failedRecently + retrying === 0) continue
    const suspect = entry(fn)
    suspect.failed += failedRecently
    suspect.retrying += retrying
  }
  for (const [name, count] of standingFailures(facts.byFunction, catalogue)) {
    const { fn } = facts.byFunction.find((depth) => flowOf(depth.fn, catalogue).name === name)!
    if (count >= standing) entry(fn).failed = Math.max(entry(fn).failed, count)
  }
  const dead = new Set(deadRuns(facts).map(({ id }) => id))
  for (const { id, fn, startedAt } of facts.running) {
    if (startedAt === null || dead.has(id)) continue
    if (facts.at - startedAt > blockers.longRunMs) entry(fn).longRuns++
  }
  return [...byFlow.values()]
    .filter(
      ({ failed, retrying, longRuns }) =>
        failed + retrying >= blockers.suspectFailures || longRuns >= blockers.suspectSlots,
    )
    .sort((left, right) => (left.flow.name < right.flow.name ? -1 : 1))
}
