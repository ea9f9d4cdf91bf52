/** One line of the grade: points out of a maximum, never negative, to one decimal. */
import { points } from '../evidence.ts'
import type { Evidence, GradeLine } from '../score.ts'

/** `share` 0..1 of the points. */
export function gradeLine(
  id: string,
  title: string,
  pointsMax: number,
  share: number,
  lines: readonly Evidence[],
): GradeLine {
  const earned = points(pointsMax * Math.min(1, Math.max(0, share)))
  return { id, title, points: earned, pointsMax, evidence: lines }
}

/** 1 up to `full`, 0 from `none` on, linear in between; with `none` ≤ `full` there is nothing in between. */
export function falling(value: number, full: number, none: number): number {
  if (value <= full) return 1
  return none <= full ? 0 : Math.max(0, 1 - (value - full) / (none - full))
}
