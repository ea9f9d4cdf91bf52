/** A drill on one line, for runs of many: verdict, scenario, seed, points, what was not held or met, and how fast. */
import { styleText } from 'node:util'
import { formatDuration, SECOND } from '../foundation/time.ts'
import { oneLine } from './one-line.ts'
import type { Report } from './report-json.ts'
import { VERDICT_STYLE } from './verdict-style.ts'

export interface DrillLineOptions {
  readonly color: boolean
  /** Names of all scenarios of the run: the columns are as wide as the longest. */
  readonly scenarios: readonly string[]
}

export function renderDrillLine(report: Report, { color, scenarios }: DrillLineOptions): string {
  const { drill, verdict, score, effects, speed } = report
  const width = Math.max(...scenarios.map((name) => name.length))
  const word = verdict.toUpperCase().padEnd('INCONCLUSIVE'.length)
  const cells = [
    color ? styleText(VERDICT_STYLE[verdict], word, { validateStream: false }) : word,
    drill.scenario.padEnd(width),
    `seed ${drill.seed}`.padEnd('seed 202648'.length),
    `${Math.round(score)}/100`.padStart('100/100'.length),
    ...missed(report),
    ...(effects.duplicates > 0 ? [`${effects.duplicates} duplicates`] : []),
    ...(speed.recoveredAfter === null
      ? []
      : [`recovered after ${formatDuration(speed.recoveredAfter * SECOND)}`]),
  ]
  return cells.join('  ').trimEnd()
}

/** `not E1, E3`; of a drill that decided nothing, why. */
function missed({ verdict, gates, criteria, reasons }: Report): string[] {
  if (verdict === 'inconclusive' || verdict === 'error') return reasons.map(oneLine).slice(0, 1)
  const ids = [
    ...gates.filter(({ held }) => !held).map(({ id }) => id),
    ...criteria.filter(({ met }) => !met).map(({ id }) => id),
  ]
  return ids.length === 0 ? [] : [`not ${ids.join(', ')}`]
}
