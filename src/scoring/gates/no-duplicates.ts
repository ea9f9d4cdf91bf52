/** Gate (a): no duplicate side effect and no stale overwrite owned by the engine. Those of the queue are told apart. */
import { clock, count, evidence } from '../evidence.ts'
import type { Evidence, Gate, SideEffectFault } from '../score.ts'

/** As many are told one by one. */
const TOLD_MAX = 5

export function noDuplicates(faults: readonly SideEffectFault[], effectsTotal: number): Gate {
  const owned = faults.filter(({ owner }) => owner === 'engine')
  const undecided = faults.filter(({ owner }) => owner === 'undecided')
  const byQueue = faults.filter(({ owner }) => owner === 'queue')
  const lines: Evidence[] = [summary(owned, effectsTotal), ...toldOf(owned)]
  if (byQueue.length > 0) {
    const jobs = byQueue.map(({ second }) => second.job)
    lines.push(
      evidence(`${count(byQueue.length, 'repetition')} by the queue itself, not by the engine`, {
        jobs,
      }),
    )
  }
  if (undecided.length > 0) {
    lines.push(evidence(`${count(undecided.length, 'repetition')} undecided`))
    lines.push(...toldOf(undecided))
  }
  return {
    id: 'no-duplicates',
    title: 'No duplicate side effect, no stale overwrite',
    held: owned.length === 0,
    evidence: lines,
  }
}

function summary(owned: readonly SideEffectFault[], effectsTotal: number): Evidence {
  const stale = owned.filter(({ kind }) => kind === 'stale overwrite').length
  const duplicates = owned.length - stale
  return evidence(
    `${count(duplicates, 'duplicate')} and ${count(stale, 'stale overwrite')} by the engine among ${count(effectsTotal, 'effect')}`,
    {
      jobs: owned.map(({ second }) => second.job),
      writes: [...new Set(owned.flatMap(({ write }) => write ?? []))],
    },
  )
}

/** Those with both executions in the drill say most, so they are told first. */
function toldOf(faults: readonly SideEffectFault[]): readonly Evidence[] {
  const inDrill = faults.filter(({ first }) => first !== null)
  const sinceBefore = faults.filter(({ first }) => first === null)
  const lines = [...inDrill, ...sinceBefore].slice(0, TOLD_MAX).map(told)
  const rest = faults.length - lines.length
  if (rest === 0) return lines
  return [...lines, evidence(`and ${rest} more: each stands in report.json, sideEffectFaults`)]
}

/** One sentence: both executions and the write that caused the second. */
function told({ kind, key, first, second, cause, write }: SideEffectFault): Evidence {
  const before =
    first === null
      ? 'before the start'
      : `by job ${first.job}, run ${first.run} (${clock(Date.parse(first.at))})`
  const again = `by job ${second.job}, run ${second.run} (${clock(Date.parse(second.at))})`
  const text =
    kind === 'duplicate'
      ? `${key}: happened ${before}, again ${again}; cause: ${cause}`
      : `${key}: a newer value was written ${before}, an older one ${again}; cause: ${cause}`
  return evidence(text, {
    jobs: first === null ? [second.job] : [first.job, second.job],
    writes: write === null ? [] : [write],
  })
}
