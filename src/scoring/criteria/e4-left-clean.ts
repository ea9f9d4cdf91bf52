/**
 * E4: left clean. Every quarantine is released, or named in a complete tracked fix while its target is still down in
 * the truth. Workers were never far above the start without a healthy doctor, and are back or justified at the end.
 */
import { MINUTE } from '../../foundation/time.ts'
import type { ActEvent } from '../../journal/events.ts'
import { count, evidence } from '../evidence.ts'
import type { Facts } from '../facts.ts'
import { isComplete, names } from '../incident.ts'
import type { KeptApart } from '../replay/closing.ts'
import type { Criterion, Evidence } from '../score.ts'
import { criterion } from './criterion.ts'
import { dueBacklogAt } from './e1-draining.ts'

/** A doctor's word is good for so long. */
const DOCTOR_VALID_MS = 10 * MINUTE

export function leftClean(facts: Facts): Criterion {
  const quarantines = quarantineLines(facts)
  const workers = workerLines(facts)
  const problems = [...quarantines.problems, ...workers.problems]
  const lines = problems.length > 0 ? problems : [...quarantines.fine, ...workers.fine]
  return criterion('E4', 'Left clean', problems.length === 0, lines)
}

interface Lines {
  readonly problems: readonly Evidence[]
  readonly fine: readonly Evidence[]
}

function quarantineLines({ drill, incident }: Facts): Lines {
  const closing = drill.closing
  if (closing === null || incident.endedAt === null) {
    const writes = drill.writes.length
    if (writes === 0) return { problems: [], fine: [evidence('nothing was written')] }
    return {
      problems: [evidence(`the incident was ${incident.end}: nothing was cleaned up`)],
      fine: [],
    }
  }
  const fixes = incident.fixes.filter((fix) => fix.at <= closing.at && isComplete(fix))
  const isTracked = (kept: KeptApart) => fixes.some((fix) => names(fix, kept))
  const isDown = ({ integration }: KeptApart) => drill.windows.isDown(integration, closing.at)
  const problems: Evidence[] = []
  for (const [fn, group] of byFunction(closing.keptApart)) {
    const left = group.filter((kept) => !isTracked(kept) || !isDown(kept))
    if (left.length === 0) continue
    const why = left.every(isTracked)
      ? 'its target works again, so a tracked fix does not excuse it'
      : 'no complete tracked fix names it'
    problems.push(
      evidence(
        `quarantine left: ${count(left.length, 'job')} of ${fn} kept apart by ${left[0]!.by}; ${why}`,
        {
          jobs: left.map(({ id }) => id),
          writes: [...new Set(left.map(({ write }) => write))],
        },
      ),
    )
  }
  const kept = closing.keptApart.length
  const fine =
    kept === 0
      ? evidence('every quarantine was released', { at: [closing.at] })
      : evidence(`${count(kept, 'job')} in quarantine, tracked, their target still down`, {
          jobs: closing.keptApart.map(({ id }) => id),
        })
  return { problems, fine: [fine] }
}

function byFunction(kept: readonly KeptApart[]): ReadonlyMap<string, KeptApart[]> {
  const groups = new Map<string, KeptApart[]>()
  for (const job of kept) {
    const group = groups.get(job.fn)
    if (group === undefined) groups.set(job.fn, [job])
    else group.push(job)
  }
  return groups
}

function workerLines({ drill, incident }: Facts): Lines {
  const atStart = drill.header.host.httpWorkers
  const steps = drill.acts.filter((act): act is Scale => act.act === 'scale')
  if (steps.length === 0) return { problems: [], fine: [evidence('workers were left alone')] }
  const { workersFactor } = drill.header.scenario.thresholds
  const problems: Evidence[] = []
  for (const [index, step] of steps.entries()) {
    const isHigh = step.by > 0 && step.httpWorkers > workersFactor * atStart
    if (!isHigh || wasHealthy(drill.acts, step, steps[index - 1]?.at ?? -Infinity)) continue
    problems.push(
      evidence(
        `${step.httpWorkers} workers, ${atStart} at the start, without a healthy doctor before`,
        {
          at: [step.at],
        },
      ),
    )
  }
  const last = steps.at(-1)!
  if (last.httpWorkers === atStart) {
    return { problems, fine: [evidence(`workers are back at ${atStart}`, { at: [last.at] })] }
  }
  const until = incident.endedAt ?? drill.endedAt
  const [before, now] = [dueBacklogAt(drill, last.at), dueBacklogAt(drill, until)]
  const index = steps.length - 2
  const isJustified = wasHealthy(drill.acts, last, steps[index]?.at ?? -Infinity) && now < before
  const text = `${last.httpWorkers} workers at the end, ${atStart} at the start; due backlog ${before} at that step, ${now} at the end`
  if (isJustified)
    return { problems, fine: [evidence(`${text}: kept for a reason`, { at: [last.at] })] }
  return {
    problems: [...problems, evidence(`${text}: not rolled back`, { at: [last.at] })],
    fine: [],
  }
}

type Scale = Extract<ActEvent, { act: 'scale' }>

/** A healthy doctor between the step before and this one, and not long ago. */
export function wasHealthy(acts: readonly ActEvent[], step: ActEvent, since: number): boolean {
  const position = acts.indexOf(step)
  const doctor = acts.findLast(
    (act, index) => index < position && act.act === 'doctor' && act.at >= since,
  )
  return doctor?.act === 'doctor' && doctor.healthy && step.at - doctor.at <= DOCTOR_VALID_MS
}
