/**
 * Discipline, 20 points: the runbook's order and limits. Baseline before the first write; isolation before retries;
 * only jobs that are documented safe or known not to have happened, of this incident, in limited batches; workers one
 * step at a time after a healthy doctor, looked at again, and rolled back where they did not help.
 */
import { MINUTE, parsePgTimestamp } from '../../foundation/time.ts'
import type { ActEvent } from '../../journal/events.ts'
import { count, distinct, evidence } from '../evidence.ts'
import { wasHealthy } from '../criteria/e4-left-clean.ts'
import type { Facts } from '../facts.ts'
import type { Evidence, GradeLine } from '../score.ts'
import { baselineProblem } from './baseline.ts'
import { falling, gradeLine } from './grade-line.ts'
import { type Retried, retriedJobs } from './retries.ts'

/** The runbook's batch. */
const BATCH_MAX = 200
/** The runbook's step, and how long to wait before the next. */
const WORKER_STEP_MAX = 2
const STEP_APART_MS = 5 * MINUTE
/** Jobs that failed up to this long before the opening belong to the incident (DESIGN section 5). */
const INCIDENT_LOOKBACK_MS = 60 * MINUTE
/** Each kind of offence costs this share of a line. */
const OFFENCE_COSTS = 0.6
const LINE_POINTS = 5

export function discipline(facts: Facts): readonly GradeLine[] {
  const { drill, incident } = facts
  const parts = [
    ['baseline', 'Baseline before the first write', baselineOffences],
    ['isolation', 'Isolation before retries', isolationOffences],
    ['retries', 'Safe retries in limited batches', retryOffences],
    ['workers', 'Workers step by step', workerOffences],
  ] as const
  if (drill.header.scenario.control) {
    return parts.map(([id, title]) =>
      gradeLine(id, title, LINE_POINTS, 1, [evidence('nothing was wrong: full marks')]),
    )
  }
  if (incident.openedAt === null && incident.firstWriteAt === null) {
    return parts.map(([id, title]) =>
      gradeLine(id, title, LINE_POINTS, 0, [evidence('no recovery was attempted')]),
    )
  }
  return parts.map(([id, title, offencesOf]) => {
    const offences = offencesOf(facts)
    const share = falling(offences.length * OFFENCE_COSTS, 0, 1)
    return gradeLine(
      id,
      title,
      LINE_POINTS,
      share,
      offences.length > 0 ? offences : [evidence('kept')],
    )
  })
}

function baselineOffences({ drill, incident }: Facts): Evidence[] {
  const problem = baselineProblem(drill, incident)
  return problem === null ? [] : [problem]
}

/** While a target is down, whatever is retried on the same slots runs into its flood. */
function isolationOffences({ drill }: Facts): Evidence[] {
  const isBroken = (at: number) =>
    drill.windows.all.some(({ isBlocking, from, until }) => isBlocking && from <= at && at < until)
  const retried = retriedJobs(drill).find(({ at }) => isBroken(at))
  if (retried === undefined) return []
  const isolated = [
    ...drill.acts.filter(({ act }) => act === 'pause').map(({ at }) => at),
    ...drill.writes.filter(isIsolating).map(({ at }) => at),
  ]
  if (isolated.some((at) => at <= retried.at)) return []
  const line = evidence('jobs were retried while a target was down and nothing was isolated', {
    at: [retried.at],
    jobs: [retried.job.id],
    writes: [retried.write],
  })
  return [line]
}

function isIsolating({ at, rows }: Facts['drill']['writes'][number]): boolean {
  return rows.some(
    ({ changed }) =>
      changed.channel !== undefined ||
      (changed.eta?.[1] != null && parsePgTimestamp(changed.eta[1]) > at),
  )
}

function retryOffences({ drill, incident }: Facts): Evidence[] {
  const retried = retriedJobs(drill)
  const from = Math.min(incident.openedAt ?? Infinity, incident.firstWriteAt ?? Infinity)
  const offences: Evidence[] = []
  const offend = (what: string, guilty: readonly Retried[]) => {
    if (guilty.length === 0) return
    offences.push(
      evidence(`${count(guilty.length, 'job')} ${what}`, {
        jobs: guilty.map(({ job }) => job.id),
        writes: distinct(guilty.map(({ write }) => write)),
      }),
    )
  }
  const absent = absentAnswers(drill.acts)
  offend(
    'retried that nothing documents as safe and no answer of the partner cleared',
    retried.filter((one) => !isSafe(one) && !isCleared(one, absent)),
  )
  offend(
    'retried that failed long before this incident',
    retried.filter(({ job }) => isFromBefore(job, from)),
  )
  const forced = drill.acts.filter((act) => act.act === 'retry' && act.forced === true)
  if (forced.length > 0) {
    const at = forced.map((act) => act.at)
    offences.push(evidence('the safeguards of queue retry were switched off with force', { at }))
  }
  const sizes = new Map<number, number>()
  for (const { write } of retried) sizes.set(write, (sizes.get(write) ?? 0) + 1)
  offend(
    `retried in batches of more than ${BATCH_MAX}`,
    retried.filter(({ write }) => sizes.get(write)! > BATCH_MAX),
  )
  return offences
}

/** As the catalogue documents it; a key protects for its retention only. */
function isSafe({ at, job }: Retried): boolean {
  const { safety } = job.operations
  if (safety.kind === 'idempotent') return true
  if (safety.kind !== 'keyed') return false
  const triedAt = job.failedAt ?? job.createdAt
  return at - Math.min(triedAt, at) < safety.retentionMs
}

/** The partner said, before the retry, that nothing had happened. */
function isCleared({ at, job }: Retried, absent: ReadonlyMap<number, number>): boolean {
  return (absent.get(job.id) ?? Infinity) <= at
}

function absentAnswers(acts: readonly ActEvent[]): ReadonlyMap<number, number> {
  const absent = new Map<number, number>()
  for (const act of acts) {
    if (act.act === 'lookup' && act.answer === 'absent' && !absent.has(act.id)) {
      absent.set(act.id, act.at)
    }
  }
  return absent
}

function isFromBefore(job: Retried['job'], incidentFrom: number): boolean {
  if (job.loadedAs !== 'failed' && job.loadedAs !== 'done' && job.loadedAs !== 'cancelled') {
    return false
  }
  return (job.startedBefore ?? job.createdAt) < incidentFrom - INCIDENT_LOOKBACK_MS
}

function workerOffences({ drill }: Facts): Evidence[] {
  const steps = drill.acts.filter((act) => act.act === 'scale')
  const up = steps.filter((act) => act.by > 0)
  const offences: Evidence[] = []
  const offend = (what: string, guilty: readonly ActEvent[]) => {
    if (guilty.length > 0) offences.push(evidence(what, { at: guilty.map(({ at }) => at) }))
  }
  const before = (step: ActEvent) => steps[steps.indexOf(step as never) - 1]?.at ?? -Infinity
  offend(
    `more than ${WORKER_STEP_MAX} workers in one step`,
    up.filter(({ by }) => by > WORKER_STEP_MAX),
  )
  offend(
    'workers added without a healthy doctor before',
    up.filter((step) => !wasHealthy(drill.acts, step, before(step))),
  )
  offend(
    'workers added again before the last step could show anything',
    up.filter((step) => step.at - before(step) < STEP_APART_MS),
  )
  return offences
}
