/** Frees the slots that dead jobs hold: one by one, by what the catalogue and the partner say, never a live one. */
import { requeue } from '../../sql/requeue.ts'
import { setFailed, settle } from '../../sql/settle.ts'
import { flowOf } from '../flows.ts'
import { RECONCILED } from '../isolate/pulse.ts'
import { type FailedJob, isReplaced, readReplaced, replacedBy } from '../retry/observe.ts'
import type { RunningJob } from '../signals/observe.ts'
import { jobs as countOf, ownerOf, type Turn } from '../turn.ts'
import { askAndSort } from '../uncertain/ask.ts'
import { isForgotten, judgeLeftover, type LeftoverVerdict } from './decide.ts'

const HAPPENED = `${RECONCILED}: the worker died, and the partner confirms that this has happened`

const WORKER_GONE = {
  name: 'WorkerGone',
  message:
    'The worker that ran this job is gone, and nobody can tell whether the job took effect. Left to a person by the recovery.',
} as const

/** Returns how many dead runs still hold a slot. */
export async function clearLeftovers(turn: Turn): Promise<number> {
  const { incident, at, facts, memory, open, policy } = turn
  const { checksSeen, enqueuedMs } = policy.leftovers
  const byId = new Map(facts.running.map((job) => [job.id, job]))
  const dead = [...memory.leftovers.keys()].flatMap((id) => byId.get(id) ?? [])
  const ours = dead.filter(({ startedAt }) => startedAt! >= open.createdFrom)
  const certain = ours.filter(({ id }) => memory.leftovers.get(id)!.checksSeen >= checksSeen)
  const sorted: Record<LeftoverVerdict, RunningJob[]> = { requeue: [], ask: [], fail: [] }
  for (const job of certain) {
    sorted[judgeLeftover(job, at, policy.retry.retentionMarginMs, incident.catalogue)].push(job)
  }
  const forgotten = facts.running.filter((job) => isForgotten(job, at, enqueuedMs))
  if (certain.length > 0) {
    await incident.notes.decision(
      `Found ${countOf(certain.length)} that no worker runs any more, holding slots`,
      `their worker processes are not alive and were not at the last check either: ${certain.map(({ id, fn }) => `${id} ${fn}`).join(', ')}`,
    )
  }
  const current = await settleReplaced(turn, sorted.requeue)
  await requeueIds(turn, current, ['started'], 'documented safe to repeat')
  await requeueIds(turn, forgotten, ['enqueued'], 'dispatched long ago and never started')
  const asked = await askAbout(turn, sorted.ask)
  await handOver(turn, [...sorted.fail, ...asked.unknown])
  return ours.length - certain.length + asked.waiting
}

/** A dead job that carries a value must not write it over a newer one. Returns the jobs that may run. */
async function settleReplaced(
  { incident, at, open }: Turn,
  found: readonly RunningJob[],
): Promise<readonly RunningJob[]> {
  const carriers = found.filter(({ fn }) => incident.catalogue[fn]?.carriesValue === true)
  const replaced = await readReplaced(
    incident.database,
    [...new Set(carriers.map(({ fn }) => fn))].sort(),
    open,
    carriers.map(({ id }) => id),
  )
  const dead = new Set(carriers.map(({ id }) => id))
  const settled = await settle(
    incident.database,
    replaced
      .filter((job) => dead.has(job.id) && isReplaced(job))
      .map((job) => ({ id: job.id, result: replacedBy(job) })),
    ['started'],
    at,
  )
  for (const id of settled) open.handledJobs.add(id)
  if (settled.length > 0) {
    await incident.notes.decision(
      `Set ${countOf(settled.length)} without a worker done as superseded (${settled.join(', ')})`,
      'each carries a value, and a newer job of the same record carries a newer one',
    )
  }
  return found.filter(({ id }) => !settled.includes(id))
}

async function requeueIds(
  { incident, at, open }: Turn,
  found: readonly RunningJob[],
  from: readonly ('started' | 'enqueued')[],
  why: string,
): Promise<void> {
  if (found.length === 0) return
  const ids = found.map(({ id }) => id)
  await requeue(incident.database, ids, from, at)
  for (const id of ids) open.requeues.set(id, (open.requeues.get(id) ?? 0) + 1)
  open.lastReleaseAt = at
  await incident.notes.decision(
    `Set ${countOf(ids.length)} without a worker back to pending (${ids.join(', ')})`,
    `${why}; this frees their slots`,
  )
}

async function askAbout(
  turn: Turn,
  found: readonly RunningJob[],
): Promise<{ readonly unknown: readonly RunningJob[]; readonly waiting: number }> {
  const { incident, at, open } = turn
  const unknown: RunningJob[] = []
  let waiting = 0
  const flows = new Map<string, RunningJob[]>()
  for (const job of found) {
    const { name } = flowOf(job.fn, incident.catalogue)
    flows.set(name, [...(flows.get(name) ?? []), job])
  }
  for (const [name, running] of flows) {
    const byId = new Map(running.map((job) => [job.id, job]))
    const toAsk = running.map(({ id, fn, createdAt, startedAt }): FailedJob => {
      return { id, fn, createdAt, startedAt: startedAt ?? createdAt }
    })
    const { integration } = flowOf(running[0]!.fn, incident.catalogue)
    const phase = open.flows.get(name)?.phase ?? (await isWell(turn, integration))
    const sorted = await askAndSort(turn, toAsk, { integration, phase })
    const happened = sorted.reconcile.map(({ id }) => ({ id, result: HAPPENED }))
    for (const id of await settle(incident.database, happened, ['started'], at)) {
      open.handledJobs.add(id)
    }
    if (happened.length > 0) {
      await incident.notes.decision(
        `Set ${countOf(happened.length)} without a worker done (${happened.map(({ id }) => id).join(', ')})`,
        'the partner confirms that each has happened: a second run would do it twice',
      )
    }
    const absent = sorted.repeat.flatMap(({ id }) => byId.get(id) ?? [])
    await requeueIds(turn, absent, ['started'], 'the partner says that it did not happen')
    unknown.push(...sorted['hand-over'].flatMap(({ id }) => byId.get(id) ?? []))
    waiting += sorted.wait.length
  }
  return { unknown, waiting }
}

async function isWell(
  { incident }: Turn,
  integration: string | null,
): Promise<'clear' | 'isolated'> {
  if (integration === null) return 'clear'
  return (await incident.operations.target.probe(integration)).healthy ? 'clear' : 'isolated'
}

async function handOver({ incident, open }: Turn, unknown: readonly RunningJob[]): Promise<void> {
  if (unknown.length === 0) return
  const ids = unknown.map(({ id }) => id).sort((left, right) => left - right)
  await setFailed(incident.database, ids, WORKER_GONE, ['started'])
  for (const id of ids) open.handledJobs.add(id)
  const integrations = new Set(unknown.map(({ fn }) => flowOf(fn, incident.catalogue).integration))
  await incident.notes.trackedFix({
    subject: { jobs: ids },
    owner: [...integrations].map(ownerOf).join(' and '),
    reason: `${countOf(ids.length)} lost their worker in mid-run; nobody can tell whether they took effect, so they are not repeated: ${unknown.map(({ id, fn }) => `${id} ${fn}`).join(', ')}`,
    isolatedBy: 'set to failed, which frees their slots; nothing brings them back by itself',
  })
}
