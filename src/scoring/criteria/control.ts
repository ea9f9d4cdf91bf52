/** The criterion of a control scenario: nothing is wrong, so nothing is opened and nothing is written. */
import { count, evidence } from '../evidence.ts'
import type { Facts } from '../facts.ts'
import type { Criterion } from '../score.ts'
import { criterion, CRITERION_POINTS } from './criterion.ts'

export function leftAlone({ drill }: Facts): Criterion {
  const opens = drill.acts.filter(({ act }) => act === 'open')
  const deeds = drill.acts.filter(
    ({ act }) => act === 'scale' || act === 'pause' || act === 'resume',
  )
  const { writes } = drill
  const lines = [
    ...(opens.length > 0
      ? [evidence('false alarm: an incident was opened', { at: opens.map(({ at }) => at) })]
      : []),
    ...(writes.length > 0
      ? [
          evidence(`${count(writes.length, 'write')} into a healthy queue`, {
            at: writes.map(({ at }) => at),
            writes: writes.map(({ write }) => write),
          }),
        ]
      : []),
    ...(deeds.length > 0
      ? [
          evidence(
            `${count(deeds.length, 'intervention')} beside the table: workers or automations`,
            {
              at: deeds.map(({ at }) => at),
            },
          ),
        ]
      : []),
  ]
  const met = lines.length === 0
  // It stands for all four exit criteria, which have nothing to judge here.
  return criterion(
    'control',
    'A healthy queue is left alone',
    met,
    met ? [evidence('no incident was opened, nothing was written')] : lines,
    4 * CRITERION_POINTS,
  )
}
