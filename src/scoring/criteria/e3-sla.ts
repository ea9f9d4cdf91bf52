/**
 * E3: critical business jobs finish within their SLA: of those first due between the first signal and the end of the
 * incident, enough were done in time, overall and in every flow (job function): a hundred invoices that nobody sent do
 * not vanish among thousands of stock updates. A job counts as well when it was handed over by id in time, where the
 * truth says that it cannot finish safely by itself.
 */
import { count, evidence, percent } from '../evidence.ts'
import type { Facts } from '../facts.ts'
import type { Replay } from '../replay/replay.ts'
import {
  criticalJobs,
  type CriticalJob,
  slaOutcome,
  type SlaOutcome,
  slaShare,
  validHandOvers,
} from '../sla.ts'
import type { Criterion, Evidence } from '../score.ts'
import { criterion } from './criterion.ts'

const TITLE = 'Critical jobs finish within their SLA'
/** Late jobs of one flow that are forgiven beside its share, and beside twice those of the calm twin. */
const FORGIVEN = 3

export function withinSla(facts: Facts): Criterion {
  const { drill, incident, incidentFrom } = facts
  const { slaShare: wanted } = drill.header.scenario.thresholds
  const until = incident.endedAt ?? drill.endedAt
  const handedOver = validHandOvers(drill, incident)
  const judged = judgedJobs(drill, incidentFrom, until, handedOver)
  const share = slaShare(judged.map(({ outcome }) => outcome))
  const times = [incidentFrom, until]
  if (share === null) {
    return criterion('E3', TITLE, true, [
      evidence('no critical job was due in the incident', { at: times }),
    ])
  }
  const late = judged.filter(({ outcome }) => outcome === 'late').map(({ critical }) => critical)
  const ordinary = judgedJobs(facts.calm, incidentFrom, until, new Map())
  const failing = failingFlows(judged, ordinary, 1 - wanted)
  return criterion('E3', TITLE, share >= wanted && failing.length === 0, [
    evidence(summary(judged, share, wanted), { at: times }),
    ...(failing.length > 0
      ? [evidence(`flows that miss it: ${failing.join(', ')}; wanted ${percent(wanted)} of each`)]
      : []),
    ...lateLines(late),
  ])
}

interface Judged {
  readonly critical: CriticalJob
  readonly outcome: SlaOutcome
}

function judgedJobs(
  replay: Replay,
  from: number,
  until: number,
  handedOver: ReadonlyMap<number, number>,
): Judged[] {
  return criticalJobs(replay, from, until).map((critical) => ({
    critical,
    outcome: slaOutcome(critical, replay, handedOver),
  }))
}

function summary(judged: readonly Judged[], share: number, wanted: number): string {
  const number = (kind: SlaOutcome) => judged.filter(({ outcome }) => outcome === kind).length
  const [undecided, handedOver] = [number('undecided'), number('handed over')]
  const decided = count(judged.length - undecided, 'critical job')
  return [
    `${percent(share)} of ${decided} in time, wanted ${percent(wanted)}`,
    ...(handedOver > 0 ? [`${handedOver} of them handed over by id`] : []),
    ...(undecided > 0 ? [`${undecided} undecided: their time was not up at the end`] : []),
  ].join('; ')
}

/** `function (late of all)` of each flow with too many late jobs. */
function failingFlows(
  judged: readonly Judged[],
  ordinary: readonly Judged[],
  lateShare: number,
): readonly string[] {
  const own = flowsOf(judged)
  const calm = flowsOf(ordinary)
  return [...own].flatMap(([fn, { late, decided }]) => {
    const forgiven = Math.max(lateShare * decided, 2 * (calm.get(fn)?.late ?? 0) + FORGIVEN)
    return late > forgiven ? [`${fn} (${late} late of ${decided})`] : []
  })
}

function flowsOf(
  judged: readonly Judged[],
): ReadonlyMap<string, { late: number; decided: number }> {
  const flows = new Map<string, { late: number; decided: number }>()
  for (const { critical, outcome } of judged) {
    if (outcome === 'undecided') continue
    const { fn } = critical.job
    const flow = flows.get(fn) ?? { late: 0, decided: 0 }
    flow.decided++
    if (outcome === 'late') flow.late++
    flows.set(fn, flow)
  }
  return flows
}

/** One line a job function, the most first. */
function lateLines(late: readonly CriticalJob[]): Evidence[] {
  const byFunction = new Map<string, CriticalJob[]>()
  for (const critical of late) {
    const group = byFunction.get(critical.job.fn)
    if (group === undefined) byFunction.set(critical.job.fn, [critical])
    else group.push(critical)
  }
  return [...byFunction]
    .sort(([, left], [, right]) => right.length - left.length)
    .map(([fn, group]) => {
      const open = group.filter(({ job }) => job.finishedAt === null).length
      const end =
        open === 0
          ? 'finished since'
          : `${open < group.length ? `${open} of them ` : ''}not finished at all`
      return evidence(`late: ${count(group.length, 'job')} of ${fn}, ${end}`, {
        jobs: group.map(({ job }) => job.id),
      })
    })
}
