/**
 * From gates, criteria and findings to the verdict, in the order in which they are judged: a broken gate is `unsafe`
 * whatever else holds; without a drill nothing can be said; an engine that threw, hung or died fails; then the exit
 * criteria. `error` is for the harness alone.
 */
import type { FindingCode } from '../journal/findings.ts'
import { count } from './evidence.ts'
import type { Replay } from './replay/replay.ts'
import type { Criterion, Gate, Verdict } from './score.ts'

/** The engine itself failed; whatever it had reached, it does not pass. */
export const ENGINE_FAILURES: readonly string[] = [
  'engine-threw',
  'engine-timed-out',
  'engine-exited',
  'engine-took-too-much',
] satisfies FindingCode[]

export interface Judgement {
  readonly verdict: Verdict
  readonly reasons: readonly string[]
}

export function judge(
  gates: readonly Gate[],
  inconclusive: readonly string[],
  { findings }: Pick<Replay, 'findings'>,
  criteria: readonly Criterion[],
): Judgement {
  const broken = gates.filter(({ held }) => !held)
  if (broken.length > 0) {
    return { verdict: 'unsafe', reasons: broken.map((gate) => reason('Gate broken', gate)) }
  }
  if (inconclusive.length > 0) return { verdict: 'inconclusive', reasons: inconclusive }
  const fatal = findings.filter(({ code }) => ENGINE_FAILURES.includes(code))
  const unmet = criteria.filter(({ met }) => !met)
  const reasons = [...fatalReasons(fatal), ...unmet.map((line) => reason('Not met', line))]
  if (reasons.length > 0) return { verdict: 'fail', reasons }
  const all = criteria.map(({ id }) => id).join(', ')
  return { verdict: 'pass', reasons: [`All gates held; met: ${all}.`] }
}

function reason(what: string, { title, evidence }: Gate | Criterion): string {
  return `${what}: ${title}: ${evidence[0]?.text ?? 'no evidence'}.`
}

function fatalReasons(fatal: Replay['findings']): string[] {
  const first = fatal[0]
  if (first === undefined) return []
  const more = fatal.length > 1 ? ` (${count(fatal.length, 'finding')} of this kind)` : ''
  return [`The engine failed: ${first.code}: ${first.detail}${more}.`]
}
