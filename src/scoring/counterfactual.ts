/** One world beside the drill: what became of the queue under this engine, under nobody, under retry-all. */
import type { Facts } from './facts.ts'
import { lossesOf } from './gates/nothing-lost.ts'
import type { Incident } from './incident.ts'
import type { Replay } from './replay/replay.ts'
import type { Counterfactual } from './score.ts'
import { criticalJobs, slaOutcome, slaShare, validHandOvers } from './sla.ts'

/** All of the drill counts, not only what lies before the closing: the worlds must be comparable. */
export function counterfactual(
  replay: Replay,
  { incidentFrom }: Pick<Facts, 'incidentFrom'>,
  incident: Incident,
): Counterfactual {
  const handedOver = validHandOvers(replay, incident)
  const outcomes = criticalJobs(replay, incidentFrom, Infinity).map((critical) =>
    slaOutcome(critical, replay, handedOver),
  )
  const share = slaShare(outcomes)
  return {
    engine: replay.header.engine,
    dueBacklogAtEnd: replay.grid.at(-1)?.dueBacklog ?? 0,
    dueBacklogPeak: Math.max(0, ...replay.grid.map(({ dueBacklog }) => dueBacklog)),
    dueBacklog: replay.grid.map(({ dueBacklog }) => dueBacklog),
    duplicates: replay.repeats.filter(({ kind }) => kind === 'duplicate').length,
    staleOverwrites: replay.repeats.filter(({ kind }) => kind === 'stale overwrite').length,
    lost: lossesOf(replay).length,
    done: replay.byStateAtEnd.done,
    failed: replay.byStateAtEnd.failed,
    slaShare: share === null ? null : Math.round(share * 10_000) / 10_000,
  }
}
