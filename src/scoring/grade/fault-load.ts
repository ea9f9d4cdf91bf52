/**
 * What the faults cost, five minutes by five minutes: runs that ended badly by them, and slots that they held. Mitigated
 * is when both stay below a tenth of what they come to when nobody acts (DESIGN 6.4).
 */
import { GRID_MS } from '../replay/points.ts'
import type { Replay } from '../replay/replay.ts'

/** "Below a tenth of their peak"; so few are a canary, not a flood. */
const PEAK_SHARE = 0.1
const FAILURES_MIN = 2
const SLOTS_MIN = 0.2

interface FaultLoad {
  /** Runs that a fault ended, by step of the grid. */
  readonly failures: readonly number[]
  /** Slots that they held, mean over the step. */
  readonly slots: readonly number[]
}

/** When the fault's load had come down for good, virtual ms; null = not in this journal. */
export function mitigatedAt(seen: Replay, noop: Replay): number | null {
  const load = faultLoad(seen)
  const peak = faultLoad(noop)
  const failuresMax = Math.max(FAILURES_MIN, PEAK_SHARE * Math.max(...peak.failures))
  const slotsMax = Math.max(SLOTS_MIN, PEAK_SHARE * Math.max(...peak.slots))
  const last = load.failures.findLastIndex(
    (failures, step) => failures > failuresMax || load.slots[step]! > slotsMax,
  )
  if (last === load.failures.length - 1) return null
  return seen.startedAt + (last + 1) * GRID_MS
}

function faultLoad({ startedAt, endedAt, runs, workers }: Replay): FaultLoad {
  const steps = Math.max(1, Math.ceil((endedAt - startedAt) / GRID_MS))
  const failures = Array<number>(steps).fill(0)
  const slots = Array<number>(steps).fill(0)
  const killed = new Set(
    workers.flatMap(({ run, fault }) => (run !== undefined && fault !== undefined ? [run] : [])),
  )
  for (const run of runs.values()) {
    if ((run.fault === null || run.outcome === 'done') && !killed.has(run.run)) continue
    const until = Math.min(run.slotUntil ?? endedAt, endedAt)
    const step = (at: number) => Math.min(steps - 1, Math.floor((at - startedAt) / GRID_MS))
    failures[step(run.endedAt ?? until)]! += 1
    for (let index = step(run.startedAt); index <= step(until); index++) {
      const from = startedAt + index * GRID_MS
      const held = Math.min(until, from + GRID_MS) - Math.max(run.startedAt, from)
      slots[index]! += Math.max(0, held) / GRID_MS
    }
  }
  return { failures, slots }
}
