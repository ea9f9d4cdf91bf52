/**
 * Failed jobs of a broken flow that must not simply be repeated, and postponed ones that had been tried: reconciled
 * where the partner says that it happened, brought back where it surely did not, else handed over by id.
 */
import { requeue } from '../../sql/requeue.ts'
import { setFailed, settle } from '../../sql/settle.ts'
import { repeatOf } from '../flows.ts'
import { RECONCILED } from '../isolate/pulse.ts'
import type { FlowCase } from '../memory.ts'
import {
  type FailedJob,
  isWithinRetention,
  readFailed,
  readTriedPending,
} from '../retry/observe.ts'
import { jobs as countOf, ownerOf, type Turn } from '../turn.ts'
import { askAndSort } from './ask.ts'

const HAPPENED = `${RECONCILED}: the partner confirms that this has happened; it was not run again`

const OUTCOME_UNKNOWN = {
  name: 'OutcomeUnknown',
  message:
    'Tried before, and nobody can tell whether it took effect at the partner. Left to a person by the recovery.',
} as const

/** Returns how many jobs it could not settle yet. */
export async function settleUncertain(turn: Turn, flowCase: FlowCase): Promise<number> {
  const { incident, at, open, memory, policy } = turn
  const { database, notes } = incident
  const { flow, phase, functions } = flowCase
  const limit = policy.uncertain.lookupsPerCheck
  const failed = (await readFailed(database, askable(turn, functions), open, limit)).filter((job) =>
    mustAsk(turn, job),
  )
  const postponed =
    phase === 'releasing'
      ? (await readTriedPending(database, askable(turn, functions), open, limit)).filter((job) =>
          mustAsk(turn, job),
        )
      : []
  if (failed.length + postponed.length === 0) return 0
  const isPending = new Set(postponed.map(({ id }) => id))
  const todo = [...failed, ...postponed].filter(({ id }) => !flowCase.asked.has(id))
  const sorted = await askAndSort(turn, todo, { integration: flow.integration, phase })
  if (phase === 'isolated') for (const { id } of sorted.wait) flowCase.asked.add(id)

  const reconciled = await settle(
    database,
    sorted.reconcile.map(({ id }) => ({ id, result: HAPPENED })),
    ['failed', 'pending'],
    at,
  )
  for (const id of reconciled) open.handledJobs.add(id)
  memory.takenFromFailed += reconciled.filter((id) => !isPending.has(id)).length
  if (reconciled.length > 0) {
    await notes.decision(
      `Set ${countOf(reconciled.length)} of ${flow.name} done without running them again`,
      `the partner was asked about each and confirms that it has happened: a second try would do it twice`,
    )
  }
  const isExhausted = ({ id }: FailedJob) =>
    (open.requeues.get(id) ?? 0) >= policy.retry.requeuesPerJob
  await repeat(
    turn,
    flowCase,
    sorted.repeat.filter((job) => !isExhausted(job)),
    isPending,
  )
  await handOverJobs(
    turn,
    flowCase,
    [...sorted['hand-over'], ...sorted.repeat.filter(isExhausted)],
    isPending,
  )
  return (
    failed.length +
    postponed.length -
    reconciled.length -
    sorted.repeat.length -
    sorted['hand-over'].length
  )
}

/** Functions of the flow some of whose jobs need an answer. */
function askable({ incident }: Turn, functions: readonly string[]): readonly string[] {
  return functions.filter((fn) => repeatOf(fn, incident.catalogue) !== 'safe')
}

function mustAsk({ incident, at, policy }: Turn, job: FailedJob): boolean {
  const { catalogue } = incident
  if (repeatOf(job.fn, catalogue) === 'ask') return true
  return !isWithinRetention(job, at, policy.retry.retentionMarginMs, catalogue)
}

async function repeat(
  { incident, at, open, memory }: Turn,
  { flow }: FlowCase,
  absent: readonly FailedJob[],
  isPending: ReadonlySet<number>,
): Promise<void> {
  if (absent.length === 0) return
  const ids = absent.map(({ id }) => id)
  const count = await requeue(incident.database, ids, ['failed', 'pending'], at)
  for (const id of ids) open.requeues.set(id, (open.requeues.get(id) ?? 0) + 1)
  memory.takenFromFailed += ids.filter((id) => !isPending.has(id)).length
  open.lastReleaseAt = at
  await incident.notes.decision(
    `Brought ${countOf(count)} of ${flow.name} back`,
    'the partner was asked about each just now and says that it did not happen; the flow is well again',
  )
}

async function handOverJobs(
  { incident, open }: Turn,
  { flow }: FlowCase,
  unknown: readonly FailedJob[],
  isPending: ReadonlySet<number>,
): Promise<void> {
  if (unknown.length === 0) return
  const ids = unknown.map(({ id }) => id).sort((left, right) => left - right)
  await setFailed(
    incident.database,
    ids.filter((id) => isPending.has(id)),
    OUTCOME_UNKNOWN,
    ['pending'],
  )
  for (const id of ids) open.handledJobs.add(id)
  await incident.notes.trackedFix({
    subject: { jobs: ids },
    owner: ownerOf(flow.integration),
    reason: `${countOf(ids.length)} of ${flow.name} failed in this incident; they must not be repeated blindly and nobody can tell whether they took effect: check each with the partner, then set it done or requeue it`,
    isolatedBy: 'the jobs stay failed; nothing brings them back by itself',
  })
}
