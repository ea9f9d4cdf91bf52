/**
 * Asks the partner about single jobs and sorts them by what its answer means. Stops asking a partner that does not
 * answer: a question too many helps nobody in an incident.
 */
import type { LookupAnswer } from '../../contract.ts'
import type { Phase } from '../memory.ts'
import type { FailedJob } from '../retry/observe.ts'
import type { Turn } from '../turn.ts'
import { judge, type Verdict } from './decide.ts'

export type Sorted = Readonly<Record<Verdict, readonly FailedJob[]>>

export async function askAndSort(
  { incident, at, policy }: Turn,
  jobs: readonly FailedJob[],
  flow: { readonly integration: string | null; readonly phase: Phase },
): Promise<Sorted> {
  const sorted: Record<Verdict, FailedJob[]> = {
    reconcile: [],
    repeat: [],
    'hand-over': [],
    wait: [],
  }
  let unknowns = 0
  for (const job of jobs) {
    const isSilent = unknowns >= policy.uncertain.unknownsInARow
    const answer: LookupAnswer =
      flow.integration === null || isSilent
        ? 'unknown'
        : await incident.operations.target.lookup(job.id)
    unknowns = answer === 'unknown' ? unknowns + 1 : 0
    const verdict = judge({ answer, startedAt: job.startedAt, phase: flow.phase }, at, policy)
    sorted[verdict].push(job)
  }
  return sorted
}
