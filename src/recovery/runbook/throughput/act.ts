/** Step 4: two more workers when that helps, and back to the start when it does not or when the work is done. */
import { nearNormal } from '../exit/decide.ts'
import { dueSinceOpening, jobs as countOf, type Turn } from '../turn.ts'
import { drainsTooSlowly, judgeScale, mayScale, type Throughput } from './decide.ts'

export async function adjustThroughput(turn: Turn): Promise<void> {
  const { incident, open, measures, policy, at } = turn
  const facts = throughputOf(turn)
  const judged = judgeScale(facts, policy)
  if (judged === 'keep') {
    open.scale!.outcome = 'kept'
    await incident.notes.decision(
      `Kept the ${policy.throughput.step} added workers`,
      `due fell from ${open.scale!.due} to ${measures.due}`,
    )
  } else if (judged === 'roll-back') {
    await restoreWorkers(
      turn,
      `the added workers did not help: due went from ${open.scale!.due} to ${measures.due}`,
    )
  }
  if (!drainsTooSlowly(facts, policy)) return
  const doctor = await incident.operations.doctor()
  if (!mayScale(doctor, policy)) {
    await incident.notes.decision('Added no workers', doctor.advice)
    return
  }
  await incident.operations.workers.scale(policy.throughput.step)
  open.scale = { at, due: measures.due, slots: measures.slots, outcome: 'trying' }
  await incident.notes.decision(
    `Added ${policy.throughput.step} workers`,
    `${countOf(measures.due)} are due and do not get fewer, all ${facts.rootCapacity} slots work on healthy jobs, and the host has room (${doctor.advice})`,
  )
}

function throughputOf(turn: Turn): Throughput {
  const { at, facts, measures, memory, open, policy } = turn
  const unwell = new Set(
    [...open.flows.values()]
      .filter(({ phase }) => phase === 'isolated' || phase === 'proving')
      .flatMap(({ functions }) => functions),
  )
  const running = facts.running.filter(({ id, fn }) => unwell.has(fn) || memory.leftovers.has(id))
  return {
    now: at,
    due: dueSinceOpening(turn),
    near: nearNormal(open.normalDue, policy),
    slots: measures.slots,
    rootCapacity: facts.workers.rootCapacity,
    blockedSlots: running.length,
    scale: open.scale,
  }
}

/** Gives back what the engine added; nothing if the workers are as they were. */
export async function restoreWorkers({ incident, open, facts }: Turn, why: string): Promise<void> {
  const { httpWorkers, starting } = facts.workers
  const added = httpWorkers + starting - open.httpWorkersAtStart
  if (open.scale === null || added <= 0) return
  await incident.operations.workers.scale(-added)
  await incident.notes.decision(`Took ${added} workers back`, why)
}
