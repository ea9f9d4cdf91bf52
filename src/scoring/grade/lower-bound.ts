/**
 * The fluid lower bound of a recovery: how long after the first bite even a perfect engine needs. Until the last
 * blocking fault ends its jobs cannot be done; what gathered meanwhile is work, and only the slots that the ordinary
 * traffic leaves free can do it. Work and traffic are those of the calm twin: the same world without the fault.
 */
import type { RunTruth } from '../replay/job-truth.ts'
import type { Replay } from '../replay/replay.ts'

/** Never more than this share of the slots is taken for ordinary traffic: the rest must drain at all. */
const TRAFFIC_SHARE_MAX = 0.95

/** Milliseconds; null = no fault bit, or one that blocks never ended. */
export function fluidLowerBoundMs(seen: Replay, calm: Replay): number | null {
  const bitAt = seen.windows.firstBiteAt
  if (bitAt === null) return null
  const blockedUntil = seen.windows.lastBlockingEnd
  if (blockedUntil === null) return 0
  if (blockedUntil === Infinity) return null
  const blocked = new Set(
    seen.windows.all.flatMap((window) => (window.isBlocking ? window.integrations : [])),
  )
  const slots = Math.max(...calm.minutes.map(({ rootCapacity }) => rootCapacity), 1)
  let gatheredMs = 0
  let ordinaryMs = 0
  for (const run of calm.runs.values()) {
    const { integration } = calm.jobs.get(run.job)!.operations
    const isGathered =
      run.startedAt >= bitAt &&
      run.startedAt < blockedUntil &&
      integration !== null &&
      blocked.has(integration)
    ordinaryMs += slotMs(run, calm.endedAt)
    if (isGathered) gatheredMs += slotMs(run, calm.endedAt)
  }
  const busy = ordinaryMs / Math.max(1, calm.endedAt - calm.startedAt)
  const free = slots - Math.min(busy, TRAFFIC_SHARE_MAX * slots)
  return blockedUntil - bitAt + gatheredMs / free
}

/** How long a run held its slot. */
function slotMs(run: RunTruth, endedAt: number): number {
  return (run.slotUntil ?? endedAt) - run.startedAt
}
