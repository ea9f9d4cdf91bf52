/**
 * Reads the runbook's four signals off the facts of one check, and decides when one has lasted. Pure: facts and the
 * engine's own earlier observations in, signs out. A sign is what one check shows; only a sign that keeps showing for
 * 10–15 minutes is a signal.
 */
import { MINUTE } from '../../../foundation/time.ts'
import { type SafetyCatalogue, type Signal, SIGNALS } from '../../contract.ts'
import { flowOf } from '../flows.ts'
import type { RunbookPolicy } from '../policy.ts'
import type { Facts, RunningJob } from './observe.ts'

/** What the engine keeps of a check. */
export interface Observation {
  readonly at: number
  readonly due: number
  /** Started and enqueued: slots that the runner believes to be taken. */
  readonly slots: number
  readonly failed: number
  /** Failures by flow since the check before. */
  readonly failures: ReadonlyMap<string, number>
  /** Jobs that left `failed` since the check before, by somebody else's hand. */
  readonly returned: number
  readonly signs: readonly Sign[]
  /** Neither signs nor an incident: "normal" is learnt from these. */
  readonly quiet: boolean
}

export interface Sign {
  readonly signal: Signal
  /** With its figures, for the notes. */
  readonly because: string
}

export interface Measures {
  readonly due: number
  readonly slots: number
  readonly slotsFull: boolean
  readonly failed: number
  readonly failures: ReadonlyMap<string, number>
  readonly returned: number
  /** Started rows whose worker is not alive. */
  readonly dead: number
}

/** `ownRequeues`: failed jobs that the engine itself set back since the last check. */
export function measure(
  facts: Facts,
  last: Observation | null,
  catalogue: SafetyCatalogue,
  ownRequeues: number,
): Measures {
  const sum = (pick: (depth: Facts['byFunction'][number]) => number) =>
    facts.byFunction.reduce((total, depth) => total + pick(depth), 0)
  const failures = new Map<string, number>()
  for (const { fn, failed, failedSettled } of facts.byFunction) {
    if (failed === failedSettled) continue
    const { name } = flowOf(fn, catalogue)
    failures.set(name, (failures.get(name) ?? 0) + failed - failedSettled)
  }
  const slots = sum(({ started, enqueued }) => started + enqueued)
  const settled = sum(({ failedSettled }) => failedSettled)
  return {
    due: sum(({ due }) => due),
    slots,
    slotsFull: slots >= facts.workers.rootCapacity,
    failed: sum(({ failed }) => failed),
    failures,
    returned: last === null ? 0 : Math.max(0, last.failed - settled - ownRequeues),
    dead: deadRuns(facts).length,
  }
}

/** Started rows whose worker process is not there any more. */
export function deadRuns({ running, workers }: Facts): readonly RunningJob[] {
  const alive = new Set(workers.pids)
  return running.filter(({ state, workerPid }) => state === 'started' && !alive.has(workerPid))
}

/** Due depth of an ordinary check: median of the quiet ones; 0 while nothing was seen. */
export function normalDue(history: readonly Observation[], checks: number): number {
  const quiet = history.filter(({ quiet }) => quiet).slice(-checks)
  const sorted = quiet.map(({ due }) => due).sort((left, right) => left - right)
  return sorted[Math.floor(sorted.length / 2)] ?? 0
}

/** Whether the due backlog is beyond normal and does not drain by itself while the slots give no more. */
export function backlogGrows(
  measures: Measures,
  history: readonly Observation[],
  facts: Facts,
  { signals }: RunbookPolicy,
): boolean {
  const last = history.at(-1) ?? null
  if (last === null) return false
  const normal = normalDue(history, signals.normalChecks)
  const { due, slots, slotsFull, dead } = measures
  const flat = slotsFull || slots <= last.slots + 1
  const deadSlots = dead >= Math.max(2, signals.deadSlotsShare * facts.workers.rootCapacity)
  if (deadSlots && flat && due >= normal + signals.deadSlotsDue) return true
  const beyond = due >= normal * signals.dueFactor + signals.dueSlack
  return beyond && flat && due >= last.due * signals.fallingShare
}

/** `cpuUsed`: of `doctor`, 0..1; null = not asked, because nothing grows. */
export function readSigns(
  facts: Facts,
  measures: Measures,
  history: readonly Observation[],
  cpuUsed: number | null,
  catalogue: SafetyCatalogue,
  policy: RunbookPolicy,
): readonly Sign[] {
  const signs: Sign[] = []
  const { due, slots } = measures
  const last = history.at(-1) ?? null
  if (backlogGrows(measures, history, facts, policy)) {
    const normal = normalDue(history, policy.signals.normalChecks)
    signs.push({
      signal: 'pending-grows-started-flat',
      because: `${due} jobs are due (${last?.due ?? 0} at the last check, ${normal} normally) while ${slots} of ${facts.workers.rootCapacity} slots are taken`,
    })
    if (cpuUsed !== null && cpuUsed <= policy.signals.cpuIdle) {
      signs.push({
        signal: 'cpu-idle-queue-grows',
        because: `the workers use ${Math.round(cpuUsed * 100)} % of the CPU while ${due} jobs wait`,
      })
    }
  }
  const loop = loopSign(measures, history, policy)
  if (loop !== null) signs.push(loop)
  const lag = lagSign(facts, measures, history, catalogue, policy)
  if (lag !== null) signs.push(lag)
  return signs
}

/** The same jobs go round: many leave `failed` without anybody of us having touched them. */
function loopSign(
  { returned }: Measures,
  history: readonly Observation[],
  { signals }: RunbookPolicy,
): Sign | null {
  const before = history.slice(Math.max(0, history.length + 1 - signals.returnedChecks))
  const most = Math.max(returned, ...before.map((each) => each.returned))
  if (most < signals.returned) return null
  return {
    signal: 'failed-pending-loop',
    because: `${most} failed jobs were set back to pending between two checks, and not by us`,
  }
}

function lagSign(
  { byFunction }: Facts,
  { failures }: Measures,
  history: readonly Observation[],
  catalogue: SafetyCatalogue,
  { signals }: RunbookPolicy,
): Sign | null {
  const late = byFunction.filter((depth) => depth.late > 0)
  const lateJobs = late.reduce((sum, depth) => sum + depth.late, 0)
  if (lateJobs >= signals.lateJobs) {
    const percent = Math.round(signals.slaShare * 100)
    return {
      signal: 'business-lag',
      because: `${lateJobs} critical jobs have waited for more than ${percent} % of their agreed time (${late.map(({ fn }) => fn).join(', ')})`,
    }
  }
  const failing = [...failures].filter(
    ([flow, count]) =>
      isCritical(flow, catalogue) &&
      count >= signals.failures &&
      count >= signals.failuresFactor * normalFailures(flow, history, signals.normalChecks),
  )
  if (failing.length > 0) {
    const counts = failing.map(([flow, count]) => `${count} of ${flow}`).join(', ')
    return {
      signal: 'business-lag',
      because: `critical jobs fail in numbers since the last check (${counts}) and will not finish by themselves`,
    }
  }
  const standing = [...standingFailures(byFunction, catalogue)].filter(
    ([flow, count]) =>
      isCritical(flow, catalogue) &&
      count >= signals.standing &&
      count >=
        signals.standingFactor *
          signals.normalChecks *
          normalFailures(flow, history, signals.normalChecks),
  )
  if (standing.length === 0) return null
  const counts = standing.map(([flow, count]) => `${count} of ${flow}`).join(', ')
  return {
    signal: 'business-lag',
    because: `critical jobs of the last hour failed in numbers (${counts}) and wait for somebody`,
  }
}

/** Failed jobs that wait for somebody, by flow. */
export function standingFailures(
  byFunction: Facts['byFunction'],
  catalogue: SafetyCatalogue,
): ReadonlyMap<string, number> {
  const standing = new Map<string, number>()
  for (const { fn, failedStanding } of byFunction) {
    if (failedStanding === 0) continue
    const { name } = flowOf(fn, catalogue)
    standing.set(name, (standing.get(name) ?? 0) + failedStanding)
  }
  return standing
}

function isCritical(flow: string, catalogue: SafetyCatalogue): boolean {
  return Object.values(catalogue).some(
    ({ jobFunction, slaMs }) => slaMs !== null && flowOf(jobFunction, catalogue).name === flow,
  )
}

function normalFailures(flow: string, history: readonly Observation[], checks: number): number {
  const quiet = history.filter(({ quiet }) => quiet).slice(-checks)
  if (quiet.length === 0) return 0
  return quiet.reduce((sum, { failures }) => sum + (failures.get(flow) ?? 0), 0) / quiet.length
}

export interface LastingSignals {
  readonly signals: readonly Signal[]
  readonly because: readonly string[]
  /** When the first of them was first seen. */
  readonly firstSeenAt: number
}

/** The signals that are there now and were at enough of the last checks since `watchFrom`; null = none. */
export function lastingSignals(
  observed: readonly Observation[],
  watchFrom: number,
  { signals }: RunbookPolicy,
): LastingSignals | null {
  const history = observed.filter(({ at }) => at > watchFrom)
  const now = history.at(-1)?.signs ?? []
  const lasting = SIGNALS.flatMap((signal) => {
    const wanted = signal === 'business-lag' ? signals.checksSeenLag : signals.checksSeen
    const seen = history
      .slice(-wanted - signals.gapChecks)
      .filter(({ signs }) => signs.some((sign) => sign.signal === signal))
    const sign = now.find((each) => each.signal === signal)
    return sign === undefined || seen.length < wanted ? [] : [{ sign, firstSeenAt: seen[0]!.at }]
  })
  if (lasting.length === 0) return null
  return {
    signals: lasting.map(({ sign }) => sign.signal),
    because: lasting.map(({ sign }) => sign.because),
    firstSeenAt: Math.min(...lasting.map(({ firstSeenAt }) => firstSeenAt)),
  }
}

/** A check without a predecessor looks back so long: failures since then are recent. */
export const FIRST_LOOK_BACK_MS = 5 * MINUTE
