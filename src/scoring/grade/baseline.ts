/** The baseline counts when it was noted before the first write and its figures equal the truth of that moment. */
import { evidence } from '../evidence.ts'
import type { Incident } from '../incident.ts'
import type { BaselineTruth, Replay } from '../replay/replay.ts'
import type { Evidence } from '../score.ts'

/** The runbook's list: the largest channels. */
const CHANNELS_LISTED = 10

/** What is wrong with it; null = nothing. */
export function baselineProblem(
  { baselines }: Replay,
  { firstWriteAt }: Incident,
): Evidence | null {
  const first = baselines[0]
  if (first === undefined) return evidence('no baseline was noted')
  if (firstWriteAt !== null && first.at > firstWriteAt) {
    return evidence('the baseline was noted after the first write', {
      at: [firstWriteAt, first.at],
    })
  }
  const wrong = wrongFigure(first)
  return wrong === null ? null : evidence(`the baseline is not true: ${wrong}`, { at: [first.at] })
}

function wrongFigure({ act, byState, pendingByChannel }: BaselineTruth): string | null {
  for (const state of new Set([...Object.keys(byState), ...Object.keys(act.byState)])) {
    const noted = act.byState[state] ?? 0
    const truth = (byState as Readonly<Record<string, number>>)[state] ?? 0
    if (noted !== truth) return `${noted} jobs noted as ${state}, there were ${truth}`
  }
  for (const [channel, noted] of Object.entries(act.pendingByChannel)) {
    const truth = pendingByChannel[channel] ?? 0
    if (noted !== truth) return `${noted} pending jobs noted in ${channel}, there were ${truth}`
  }
  const largest = Object.entries(pendingByChannel).sort(([, left], [, right]) => right - left)
  const smallestListed = Math.min(Infinity, ...Object.values(act.pendingByChannel))
  const listed = Object.keys(act.pendingByChannel).length
  const left = largest.find(([channel]) => act.pendingByChannel[channel] === undefined)
  const isComplete = left === undefined || (listed >= CHANNELS_LISTED && left[1] <= smallestListed)
  return isComplete ? null : `${left[0]} with ${left[1]} pending jobs is not in it`
}
