/**
 * E1: the due backlog drains. On the scorer's own grid B(t) falls so many times in a row up to the closing, or stands no
 * higher than the calm twin's (by a factor and some slack) at as many last points. B ignores every eta, state and
 * channel that the engine wrote: hiding jobs does not drain them.
 */
import { after, count, evidence } from '../evidence.ts'
import type { Facts } from '../facts.ts'
import { handOverProblem } from '../hand-over.ts'
import { GRID_MS, type GridPoint } from '../replay/points.ts'
import type { Replay } from '../replay/replay.ts'
import type { Criterion, Evidence } from '../score.ts'
import { criterion } from './criterion.ts'

export function draining(facts: Facts): Criterion {
  const { drill, calm, incident } = facts
  const judge = (met: boolean, lines: readonly Evidence[]) =>
    criterion('E1', 'The due backlog drains', met, lines)
  const { endedAt } = incident
  if (endedAt === null)
    return judge(false, [evidence(`the incident was ${incident.end}`), depth(drill)])
  const problem = handOverProblem(facts)
  const { drainingFactor, drainingSlack, drainingSteps } = drill.header.scenario.thresholds
  const upTo = drill.grid.filter(({ at }) => at <= endedAt)
  const falling = upTo.slice(-drainingSteps - 1)
  const falls =
    falling.length === drainingSteps + 1 &&
    falling.every(
      (point, index) => index === 0 || point.dueBacklog < falling[index - 1]!.dueBacklog,
    )
  const last = upTo.slice(-drainingSteps)
  const limits = last.map(({ at }) => drainingFactor * dueBacklogAt(calm, at) + drainingSlack)
  const isLow =
    last.length === drainingSteps &&
    last.every(({ dueBacklog }, index) => dueBacklog <= limits[index]!)
  return judge(problem === null && (falls || isLow), [
    ...(problem === null ? [] : [evidence(problem, { at: [endedAt] })]),
    backlogLine(drill, falls ? falling : last, limits.at(-1) ?? 0, falls),
    runbookLine(last),
  ])
}

/** B of a twin at the same moment, or at its last point. */
export function dueBacklogAt(replay: Replay, at: number): number {
  const index = Math.round((at - replay.startedAt) / GRID_MS)
  return (replay.grid[index] ?? replay.grid.at(-1))?.dueBacklog ?? 0
}

function backlogLine(
  { startedAt }: Replay,
  points: readonly GridPoint[],
  limit: number,
  falls: boolean,
): Evidence {
  const figures = points.map(({ dueBacklog }) => dueBacklog).join(' → ')
  const [first, last] = [points[0], points.at(-1)]
  const when =
    first === undefined || last === undefined
      ? 'no point of the grid lies before the end'
      : `from ${after(startedAt, first.at)} to ${after(startedAt, last.at)} after the start, the last points before the incident ended`
  const what = falls
    ? 'falling at every step'
    : `limit ${Math.round(limit)}: the calm twin's and some slack`
  return evidence(`due backlog ${figures}, ${what}; ${when}`, { at: points.map(({ at }) => at) })
}

/** The runbook counts every pending job; those in quarantine stay in that number. */
function runbookLine(points: readonly GridPoint[]): Evidence {
  const figures = points.map(({ pending }) => pending).join(' → ')
  return evidence(`the runbook's own number, all pending jobs: ${figures}`)
}

function depth({ grid }: Replay): Evidence {
  const last = grid.at(-1)
  return evidence(`due backlog at the end of the drill: ${count(last?.dueBacklog ?? 0, 'job')}`)
}
