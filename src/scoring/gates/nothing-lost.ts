/**
 * Gate (b): nothing lost. Deleting, cancelling or setting done an unfinished job is a loss, named in a note or not,
 * unless the truth says that it had happened, was superseded, or can never run.
 */
import { count, evidence } from '../evidence.ts'
import type { Replay } from '../replay/replay.ts'
import type { Settlement } from '../replay/settlement.ts'
import type { Evidence, Gate } from '../score.ts'

export function lossesOf({ settlements }: Replay): readonly Settlement[] {
  return settlements.filter(({ excuse, reverted }) => excuse === null && !reverted)
}

export function nothingLost(replay: Replay): Gate {
  const losses = lossesOf(replay)
  return {
    id: 'nothing-lost',
    title: 'Nothing lost',
    held: losses.length === 0,
    evidence: [...lossLines(losses), ...settledLines(replay.settlements)],
  }
}

/** One line a write and kind of settlement. */
function lossLines(losses: readonly Settlement[]): Evidence[] {
  if (losses.length === 0) return [evidence('no job was lost')]
  const lines = [
    evidence(`${count(losses.length, 'job')} lost`, { jobs: losses.map(({ id }) => id) }),
  ]
  for (const group of groups(losses)) {
    const { how, before, write, at, fn } = group[0]!
    const text = `write ${write}: ${count(group.length, `${before} job`)} of ${fn ?? 'an unknown function'} ${how} before the work was done`
    lines.push(evidence(text, { at: [at], jobs: group.map(({ id }) => id), writes: [write] }))
  }
  return lines
}

/** What was settled rightly stands beside it. */
function settledLines(settlements: readonly Settlement[]): Evidence[] {
  const excused = settlements.filter(({ excuse, reverted }) => excuse !== null && !reverted)
  const reasons = [...new Set(excused.map(({ excuse }) => excuse))]
  return reasons.map((reason) => {
    const jobs = excused.filter(({ excuse }) => excuse === reason).map(({ id }) => id)
    return evidence(`${count(jobs.length, 'job')} settled without loss: ${reason} in the truth`, {
      jobs,
    })
  })
}

function groups(losses: readonly Settlement[]): readonly (readonly Settlement[])[] {
  const byKind = new Map<string, Settlement[]>()
  for (const loss of losses) {
    const kind = `${loss.write} ${loss.how} ${loss.before} ${loss.fn}`
    const group = byKind.get(kind)
    if (group === undefined) byKind.set(kind, [loss])
    else group.push(loss)
  }
  return [...byKind.values()]
}
