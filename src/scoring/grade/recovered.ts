/**
 * Recovered: from then on the due backlog stays no higher than the calm twin's, by E1's factor and slack, and no more
 * critical jobs are beyond their time than a calm day has (DESIGN 6.4: E1 and E3 hold and stay so). Not before the last
 * fault that blocks has ended: until then its jobs only seem well because B and the SLA leave them out.
 */
import { dueBacklogAt } from '../criteria/e1-draining.ts'
import type { Incident } from '../incident.ts'
import { GRID_MS } from '../replay/points.ts'
import type { Replay } from '../replay/replay.ts'
import { criticalJobs, validHandOvers } from '../sla.ts'

/** Overdue critical jobs beside twice those of the calm twin: the share that E3 forgives, of a small company. */
const OVERDUE_MIN = 5

/** Virtual ms; null = not in this journal. */
export function recoveredAt(seen: Replay, calm: Replay, incident: Incident | null): number | null {
  const from = seen.windows.firstBiteAt
  if (from === null) return null
  const { drainingFactor, drainingSlack } = seen.header.scenario.thresholds
  const handedOver = incident === null ? new Map<number, number>() : validHandOvers(seen, incident)
  const overdue = overdueByStep(seen, handedOver)
  const ordinary = overdueByStep(calm, new Map())
  const last = seen.grid.findLastIndex(
    ({ at, dueBacklog }, step) =>
      dueBacklog > drainingFactor * dueBacklogAt(calm, at) + drainingSlack ||
      overdue[step]! > 2 * (ordinary[step] ?? ordinary.at(-1) ?? 0) + OVERDUE_MIN,
  )
  const point = seen.grid[last + 1]
  if (point === undefined) return null
  const blockedUntil = seen.windows.lastBlockingEnd
  const isOver = blockedUntil !== null && blockedUntil !== Infinity
  return Math.max(point.at, isOver ? blockedUntil : from)
}

/** Critical jobs beyond their deadline and not finished, at each step of the grid. */
function overdueByStep(replay: Replay, handedOver: ReadonlyMap<number, number>): number[] {
  const { grid, startedAt } = replay
  const change = Array<number>(grid.length + 1).fill(0)
  const step = (at: number) =>
    Math.min(grid.length, Math.max(0, Math.ceil((at - startedAt) / GRID_MS)))
  for (const { job, deadline } of criticalJobs(replay, startedAt + 1, Infinity)) {
    const endedAt = Math.min(job.finishedAt ?? Infinity, handedOver.get(job.id) ?? Infinity)
    if (deadline === Infinity || endedAt <= deadline) continue
    change[step(deadline)]! += 1
    change[step(endedAt)]! -= 1
  }
  let overdue = 0
  return change.slice(0, grid.length).map((difference) => (overdue += difference))
}
