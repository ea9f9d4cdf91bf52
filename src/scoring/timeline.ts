/** The drill on the scorer's five-minute grid, for charts. */
import { isoUtc } from '../foundation/time.ts'
import type { Replay } from './replay/replay.ts'
import type { TimelinePoint } from './score.ts'

export function timeline({ grid }: Replay): readonly TimelinePoint[] {
  return grid.map(({ at, byState, byChannel, dueBacklog, started, httpWorkers, cpu }) => ({
    at: isoUtc(at),
    byState,
    byChannel,
    dueBacklog,
    started,
    workers: httpWorkers,
    cpu,
  }))
}
