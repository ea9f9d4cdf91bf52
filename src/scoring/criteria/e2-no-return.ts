/**
 * E2: what was the incident does not come back in the watch window. A signature is back when it occurs often enough and
 * more often than in the calm twin. A write after the closing without a new open is an incident that went on.
 */
import { formatDuration } from '../../foundation/time.ts'
import { count, distinct, evidence } from '../evidence.ts'
import type { Facts } from '../facts.ts'
import { handOverProblem } from '../hand-over.ts'
import { type Incident, isComplete, names } from '../incident.ts'
import type { RunTruth } from '../replay/job-truth.ts'
import type { Replay } from '../replay/replay.ts'
import type { Criterion, Evidence } from '../score.ts'
import { criterion } from './criterion.ts'

export function noReturn(facts: Facts): Criterion {
  const { drill, calm, incident } = facts
  const judge = (met: boolean, lines: readonly Evidence[]) =>
    criterion('E2', 'No signature of the incident returns', met, lines)
  const { endedAt, watchUntil } = incident
  if (endedAt === null || watchUntil === null) {
    return judge(false, [evidence(`the incident was ${incident.end}: there is no watch window`)])
  }
  const lines: Evidence[] = []
  const problem = handOverProblem(facts)
  if (problem !== null) lines.push(evidence(problem, { at: [endedAt] }))
  if (drill.endedAt < watchUntil) {
    lines.push(
      evidence(
        `the journal ends ${formatDuration(watchUntil - drill.endedAt)} before the watch window`,
      ),
    )
  }
  if (incident.writesAfterEnd.length > 0) lines.push(writesLine(incident))
  const signatures = incidentSignatures(facts)
  const { returnCount, returnFactor } = drill.header.scenario.thresholds
  for (const signature of signatures) {
    const back = failuresOf(drill, signature, endedAt, watchUntil)
    const ordinary = failuresOf(calm, signature, endedAt, watchUntil).length
    if (back.length < returnCount || back.length <= returnFactor * ordinary) continue
    if (isHandedOver(facts, back)) continue
    lines.push(
      evidence(`back: ${signature} — ${count(back.length, 'time')} (calm twin: ${ordinary})`, {
        at: back.map(({ endedAt: at }) => at ?? endedAt),
        jobs: distinct(back.map(({ job }) => job)),
      }),
    )
  }
  if (lines.length > 0) return judge(false, lines)
  const window = formatDuration(watchUntil - endedAt)
  const none =
    signatures.length === 0
      ? 'the incident left no signature'
      : `none of ${count(signatures.length, 'signature')} came back`
  return judge(true, [
    evidence(`${none}; watched for ${window} after the end of the incident`, {
      at: [endedAt, watchUntil],
    }),
  ])
}

function writesLine({ writesAfterEnd }: Incident): Evidence {
  return evidence(
    `${count(writesAfterEnd.length, 'write')} after the end of the incident without a new open`,
    {
      at: writesAfterEnd.map(({ at }) => at),
      writes: writesAfterEnd.map(({ write }) => write),
    },
  )
}

/** Signatures of runs that a fault shaped, and those that are much more frequent than in the calm twin. */
function incidentSignatures({ drill, calm, incident }: Facts): readonly string[] {
  const from = drill.windows.firstBiteAt ?? drill.startedAt
  const until = incident.endedAt ?? drill.endedAt
  const counts = new Map<string, number>()
  const byFault = new Set<string>()
  for (const { signature, endedAt, fault } of drill.runs.values()) {
    if (signature === null || endedAt === null || endedAt < from || endedAt > until) continue
    if (fault !== null) byFault.add(signature)
    counts.set(signature, (counts.get(signature) ?? 0) + 1)
  }
  const { returnCount, returnFactor } = drill.header.scenario.thresholds
  const ordinary = countsOf(calm, from, until)
  for (const [signature, times] of counts) {
    if (times >= returnCount && times > returnFactor * (ordinary.get(signature) ?? 0)) {
      byFault.add(signature)
    }
  }
  return [...byFault].sort()
}

function countsOf({ runs }: Replay, from: number, until: number): ReadonlyMap<string, number> {
  const counts = new Map<string, number>()
  for (const { signature, endedAt } of runs.values()) {
    if (signature === null || endedAt === null || endedAt < from || endedAt > until) continue
    counts.set(signature, (counts.get(signature) ?? 0) + 1)
  }
  return counts
}

function failuresOf({ runs }: Replay, signature: string, from: number, until: number): RunTruth[] {
  return [...runs.values()].filter(
    ({ signature: own, endedAt }) =>
      own === signature && endedAt !== null && endedAt > from && endedAt <= until,
  )
}

/** After a hand-over, what a complete tracked fix names may go on failing while its target is down. */
function isHandedOver({ drill, incident }: Facts, runs: readonly RunTruth[]): boolean {
  if (incident.end !== 'handed over') return false
  const fixes = incident.fixes.filter(isComplete)
  return runs.every(({ job: id, endedAt }) => {
    const job = drill.jobs.get(id)
    if (job === undefined) return false
    const isDown = drill.windows.isDown(job.operations.integration, endedAt ?? 0)
    return isDown && fixes.some((fix) => names(fix, job))
  })
}
