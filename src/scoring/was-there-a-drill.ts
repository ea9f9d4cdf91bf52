/**
 * Was there a drill (DESIGN 6.1)? The fault was seen in force in the truth, and with nobody acting enough jobs failed by
 * it or waited for it. Control scenarios have no fault and need none.
 */
import { MINUTE } from '../foundation/time.ts'
import { after, count } from './evidence.ts'
import type { Facts } from './facts.ts'
import type { Replay } from './replay/replay.ts'

/** A job that was due for so long before a worker took it has waited. */
const WAITED_MS = 5 * MINUTE

/** Jobs that failed by the fault, or waited beyond what the calm twin shows. */
export function touchedJobs(noop: Replay, calm: Replay): number {
  const hit = new Set<number>()
  for (const { fault, outcome, job } of noop.runs.values()) {
    if (fault !== null && outcome !== 'done') hit.add(job)
  }
  for (const { run, fault } of noop.workers) {
    const killed = run === undefined || fault === undefined ? undefined : noop.runs.get(run)
    if (killed !== undefined) hit.add(killed.job)
  }
  const waited = waitedJobs(noop)
  const onlyWaited = [...waited].filter((id) => !hit.has(id)).length
  // Ids differ between twins, counts do not: what waits in the calm twin would have waited anyway.
  return hit.size + Math.max(0, onlyWaited - waitedJobs(calm).size)
}

function waitedJobs({ jobs, runs, endedAt, startedAt }: Replay): ReadonlySet<number> {
  const firstRunAt = new Map<number, number>()
  for (const { job, startedAt: at } of runs.values()) {
    if (!firstRunAt.has(job)) firstRunAt.set(job, at)
  }
  const waited = new Set<number>()
  for (const { id, firstDueAt } of jobs.values()) {
    if (firstDueAt === null || firstDueAt <= startedAt) continue
    if ((firstRunAt.get(id) ?? endedAt) - firstDueAt > WAITED_MS) waited.add(id)
  }
  return waited
}

/** Why the drill says nothing about the engine, one sentence each; empty = it was a drill. */
export function whyInconclusive({ drill, noop }: Facts, touched: number): readonly string[] {
  const { scenario } = drill.header
  const reasons: string[] = []
  if (drill.endReason === 'limit') {
    const at = after(drill.startedAt, drill.endedAt)
    reasons.push(`A limit of the harness was hit after ${at} of virtual time.`)
  }
  if (drill.isControl) return reasons
  if (noop.windows.firstBiteAt === null) {
    reasons.push('The fault never bit: no job and no worker was hit by it.')
  } else if (touched < scenario.thresholds.touchedMin) {
    reasons.push(
      `With nobody acting only ${count(touched, 'job')} failed by the fault or waited for it; the scenario asks for ${scenario.thresholds.touchedMin}.`,
    )
  }
  return reasons
}
