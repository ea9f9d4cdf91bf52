/**
 * `handed over` ends an incident where no safe closing exists (DESIGN 6.3): some target is still down, or jobs cannot
 * finish safely without a person; and complete tracked fixes name all that is left.
 */
import { count } from './evidence.ts'
import type { Facts } from './facts.ts'
import { isComplete, names } from './incident.ts'
import type { Unfinished } from './replay/closing.ts'
import { canFinishSafely, unansweredLookups } from './sla.ts'

/** What is wrong with the hand-over, as a sentence; null = nothing, or the incident was not handed over. */
export function handOverProblem({ drill, incident }: Facts): string | null {
  if (incident.end !== 'handed over' || drill.closing === null) return null
  const { at, unfinished, keptApart } = drill.closing
  const unanswered = unansweredLookups(drill.acts)
  const isDown = ({ job }: Unfinished) => drill.windows.isDown(job.operations.integration, at)
  const isStuck = (left: Unfinished) =>
    isDown(left) || !canFinishSafely(left.job, drill, unanswered)
  const stuck = unfinished.filter(isStuck)
  const isTargetDown = drill.windows.all.some(
    ({ isBlocking, from, until }) => isBlocking && from <= at && at < until,
  )
  if (stuck.length === 0 && !isTargetDown) {
    return 'it was handed over although everything could be brought to a safe end: no target was down and no outcome unknown'
  }
  const fixes = incident.fixes.filter((fix) => fix.at <= at && isComplete(fix))
  const unnamed = [...stuck, ...keptApart].filter((left) => !fixes.some((fix) => names(fix, left)))
  if (unnamed.length === 0) return null
  return `the hand-over leaves ${count(unnamed.length, 'job')} that no complete tracked fix names, such as job ${unnamed[0]!.id} of ${unnamed[0]!.fn}`
}
