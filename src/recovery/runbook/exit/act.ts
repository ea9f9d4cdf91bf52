/** Step 5: closes, or hands over what nobody can finish now; every job that stays behind is in a tracked fix. */
import { formatDuration } from '../../../foundation/time.ts'
import { countPostponed, postpone } from '../isolate/quarantine.ts'
import { restoreWorkers } from '../throughput/act.ts'
import { jobs as countOf, ownerOf, type Turn } from '../turn.ts'
import { type ExitFacts, mustHandOver, whatIsMissing } from './decide.ts'
import { readLeftFailed } from './observe.ts'

/** How the engine's part ended. */
export type End = 'closed' | 'handed-over'

/** Null = it goes on. */
export async function tryExit(
  turn: Turn,
  leftovers: number,
  signs: readonly string[],
): Promise<End | null> {
  const { incident, at, facts, measures, open, policy } = turn
  const exitFacts: ExitFacts = {
    now: at,
    openedAt: open.openedAt,
    depths: open.depths,
    normalDue: open.normalDue,
    phases: [...open.flows.values()].map(({ phase }) => phase),
    leftovers,
    late: facts.byFunction.reduce((sum, { late }) => sum + late, 0),
    signs,
    lastReleaseAt: open.lastReleaseAt,
    workersAdded: facts.workers.httpWorkers - open.httpWorkersAtStart,
  }
  if (mustHandOver(exitFacts, policy)) {
    await handOver(turn)
    return 'handed-over'
  }
  if (whatIsMissing(exitFacts, policy).length > 0) return null
  if (open.scale !== null && exitFacts.workersAdded > 0) {
    // Closing waits for the next check: does the queue hold its depth with the workers it had?
    await restoreWorkers(turn, 'the backlog is gone')
    open.lastReleaseAt = at
    return null
  }
  await incident.close(
    `Closed after ${formatDuration(at - open.openedAt)}: ${countOf(measures.due)} due (normally ${open.normalDue}), no failures of the incident came back, nothing is quarantined${tracked(turn)}.`,
  )
  return 'closed'
}

function tracked({ open }: Turn): string {
  const paused = [...open.pausedAutomations]
  const handled = paused.length === 0 ? '' : `; paused and tracked: ${paused.join(', ')}`
  return handled
}

/** The quarantine must outlast the incident: it is pushed far, and every part of it gets an owner. */
async function handOver(turn: Turn): Promise<void> {
  const { incident, at, open, policy } = turn
  const isolated = [...open.flows.values()].filter(({ phase }) => phase === 'isolated')
  const until = at + policy.exit.handOverQuarantineMs
  for (const { flow, functions } of isolated) {
    await postpone(incident.database, functions, incident.catalogue, open, {
      now: at,
      dueBefore: until,
      until,
    })
    const postponed = await countPostponed(incident.database, functions, open)
    for (const fn of functions) {
      const waiting = postponed.find((each) => each.fn === fn)?.jobs ?? 0
      await incident.notes.trackedFix({
        subject: { jobFunction: fn },
        owner: ownerOf(flow.integration),
        reason: `${flow.name} is still broken; ${countOf(waiting)} of ${fn} wait for it, beside those that failed`,
        isolatedBy: `eta ${new Date(until).toISOString()}; new jobs must be postponed until the target is back`,
      })
    }
  }
  await nameLeftFailed(
    turn,
    isolated.flatMap(({ functions }) => functions),
  )
  await restoreWorkers(turn, 'the engine hands over')
  await incident.handOver(
    `Handed over after ${formatDuration(at - open.openedAt)}: ${isolated.map(({ flow }) => flow.name).join(', ')} still broken, everything else drains.`,
  )
}

/** Ordinary failures of these hours: nobody has looked at them while the incident lasted. */
async function nameLeftFailed(
  { incident, open }: Turn,
  brokenFunctions: readonly string[],
): Promise<void> {
  const ids = await readLeftFailed(incident.database, brokenFunctions, open)
  if (ids.length === 0) return
  for (const id of ids) open.handledJobs.add(id)
  await incident.notes.trackedFix({
    subject: { jobs: ids },
    owner: 'whoever looks after the queue',
    reason: `${countOf(ids.length)} of healthy flows failed while the incident lasted, each for a reason of its own`,
    isolatedBy: 'the jobs stay failed; nothing brings them back by itself',
  })
}
