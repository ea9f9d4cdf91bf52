/** What gates, criteria and grade are judged by: the folded journals and what follows from them, computed once. */
import type { JournalSet } from '../journal/events.ts'
import { sideEffectFaults } from './gates/side-effects.ts'
import { type Incident, incidentOf } from './incident.ts'
import { type Replay, replay } from './replay/replay.ts'
import type { SideEffectFault } from './score.ts'
import { firstSignalAt, type SignalTimes, signalTimes } from './signals.ts'

export interface Facts {
  readonly drill: Replay
  readonly calm: Replay
  readonly noop: Replay
  readonly retryAll: Replay
  readonly incident: Incident
  /** Signals of the noop twin: what was to be seen had nobody acted. */
  readonly signals: SignalTimes
  readonly firstSignalAt: number | null
  /** Where the incident begins for the scorer: first signal, else first bite, else the start. */
  readonly incidentFrom: number
  readonly sideEffectFaults: readonly SideEffectFault[]
}

export function factsOf(set: JournalSet): Facts {
  const [drill, calm, noop, retryAll] = [set.drill, set.calm, set.noop, set.retryAll].map(
    replay,
  ) as [Replay, Replay, Replay, Replay]
  const signals = signalTimes(noop, calm)
  const first = firstSignalAt(signals)
  return {
    drill,
    calm,
    noop,
    retryAll,
    incident: incidentOf(drill),
    signals,
    firstSignalAt: first,
    incidentFrom: first ?? noop.windows.firstBiteAt ?? drill.startedAt,
    sideEffectFaults: sideEffectFaults(drill, noop),
  }
}
