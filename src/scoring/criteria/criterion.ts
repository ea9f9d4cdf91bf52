/** One exit criterion: all or nothing, a quarter of the fifty points. */
import type { Criterion, Evidence } from '../score.ts'

export const CRITERION_POINTS = 12.5

export function criterion(
  id: Criterion['id'],
  title: string,
  met: boolean,
  lines: readonly Evidence[],
  pointsMax: number = CRITERION_POINTS,
): Criterion {
  return { id, title, met, points: met ? pointsMax : 0, pointsMax, evidence: lines }
}
