/**
 * Step 3, second half: a flow that is well again gets its jobs back in batches of at most 200: first those that we
 * postponed, then the failed ones that are documented safe to repeat. Of jobs that carry a value only the newest of the
 * same records runs.
 */
import type { JobState } from '../../../queue-job/job.ts'
import { requeue } from '../../sql/requeue.ts'
import { settle } from '../../sql/settle.ts'
import { repeatOf } from '../flows.ts'
import { release } from '../isolate/quarantine.ts'
import type { FlowCase } from '../memory.ts'
import { jobs as countOf, ownerOf, type Turn } from '../turn.ts'
import {
  type FailedJob,
  isReplaced,
  isWithinRetention,
  readFailed,
  readReplaced,
  replacedBy,
} from './observe.ts'

/** How many jobs this check may still bring back. */
export interface Budget {
  left: number
}

export interface Returned {
  readonly released: number
  readonly requeued: number
  /** Neither yet: the budget was used up, or a newer job goes first. */
  readonly remaining: boolean
}

export async function bringBack(turn: Turn, flowCase: FlowCase, budget: Budget): Promise<Returned> {
  const { incident, at, open, policy } = turn
  const carriers = flowCase.functions.filter((fn) => incident.catalogue[fn]?.carriesValue === true)
  const replaced = (await readReplaced(incident.database, carriers, open)).filter(
    ({ id }) => !open.handledJobs.has(id),
  )
  const held = replaced.map(({ id }) => id)
  const askFirst = flowCase.functions.filter((fn) => repeatOf(fn, incident.catalogue) === 'ask')
  let released = 0
  let remaining = false
  for (;;) {
    const limit = Math.min(policy.retry.limit, budget.left)
    const ids = await release(incident.database, flowCase.functions, open, {
      now: at,
      askFirst,
      held,
      limit,
    })
    for (const id of ids) open.ownEtas.delete(id)
    released += ids.length
    budget.left -= ids.length
    if (ids.length < limit || limit === 0) break
  }
  remaining ||= budget.left === 0
  const requeued = await requeueSafe(turn, flowCase, held, budget.left)
  budget.left -= requeued
  remaining ||= budget.left === 0
  // By now the newer ones are on their way.
  if (held.length > 0) remaining = (await settleReplaced(turn, flowCase, carriers)) || remaining
  if (released + requeued > 0) {
    open.lastReleaseAt = at
    await incident.notes.decision(
      `Brought ${countOf(released + requeued)} of ${flowCase.flow.name} back: ${released} released from the quarantine, ${requeued} failed ones requeued`,
      `the flow is well again; only jobs of this incident that are documented safe to repeat, at most ${policy.retry.limit} at a time`,
    )
  }
  return { released, requeued, remaining }
}

/** Failed jobs of this incident that the catalogue promises to be safe; the ones that failed again are handed over. */
async function requeueSafe(
  { incident, at, open, memory, policy }: Turn,
  { flow, functions }: FlowCase,
  held: readonly number[],
  limit: number,
): Promise<number> {
  const { database, catalogue } = incident
  const { retentionMarginMs, requeuesPerJob } = policy.retry
  const candidates = functions.filter((fn) => repeatOf(fn, catalogue) !== 'ask')
  const isHeld = new Set(held)
  const failed = (await readFailed(database, candidates, open, limit + held.length)).filter(
    (job) =>
      !isHeld.has(job.id) &&
      (repeatOf(job.fn, catalogue) === 'safe' ||
        isWithinRetention(job, at, retentionMarginMs, catalogue)),
  )
  const tries = ({ id }: FailedJob) => open.requeues.get(id) ?? 0
  const again = failed.filter((job) => tries(job) < requeuesPerJob).slice(0, limit)
  const from: readonly JobState[] = ['failed']
  for (let index = 0; index < again.length; index += policy.retry.limit) {
    const batch = again.slice(index, index + policy.retry.limit).map(({ id }) => id)
    memory.takenFromFailed += await requeue(database, batch, from, at)
    for (const id of batch) open.requeues.set(id, (open.requeues.get(id) ?? 0) + 1)
  }
  const exhausted = failed.filter((job) => tries(job) >= requeuesPerJob && !again.includes(job))
  if (exhausted.length > 0) {
    const ids = exhausted.map(({ id }) => id).sort((left, right) => left - right)
    for (const id of ids) open.handledJobs.add(id)
    await incident.notes.trackedFix({
      subject: { jobs: ids },
      owner: ownerOf(flow.integration),
      reason: `${countOf(ids.length)} of ${flow.name} failed again after ${requeuesPerJob} retries although the flow is well: each has a reason of its own`,
      isolatedBy: 'the jobs stay failed; nothing brings them back by itself',
    })
  }
  return again.length
}

/**
 * Jobs that carry a value: an older one is settled once a newer one of the same records is done or on its way; a newer
 * one that failed stands for nothing. Returns whether some still wait for their newer one.
 */
async function settleReplaced(
  { incident, at, open, memory }: Turn,
  { flow }: FlowCase,
  carriers: readonly string[],
): Promise<boolean> {
  const replaced = (await readReplaced(incident.database, carriers, open)).filter(
    ({ id }) => !open.handledJobs.has(id),
  )
  const settled = await settle(
    incident.database,
    replaced.filter(isReplaced).map((job) => ({ id: job.id, result: replacedBy(job) })),
    ['pending', 'failed'],
    at,
  )
  const isFailed = new Set(replaced.filter(({ state }) => state === 'failed').map(({ id }) => id))
  for (const id of settled) open.handledJobs.add(id)
  memory.takenFromFailed += settled.filter((id) => isFailed.has(id)).length
  if (settled.length > 0) {
    await incident.notes.decision(
      `Set ${countOf(settled.length)} of ${flow.name} done as superseded`,
      'each carries a value, and a newer job of the same record carries a newer one: run now it would write an old value over it',
    )
  }
  // A newer job that is given to a person holds nobody up.
  return replaced.some((job) => !isReplaced(job) && !open.handledJobs.has(job.newestId))
}
