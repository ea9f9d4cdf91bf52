/**
 * The regression gate: the exit status of a run that is compared with a baseline. What was already failing there, and
 * fails no worse, is no loss; an unsafe drill is never excused.
 */
import { EXIT } from '../foundation/errors.ts'
import { type Asked, type Baseline, BASELINE_FORMAT } from '../report/baseline.ts'
import { compareWithBaseline, type Comparison } from '../report/compare.ts'
import type { Report } from '../report/report-json.ts'
import { statusOf, worstStatus } from './status.ts'

/** What a run is compared with (docs/ci.md). */
export interface RegressionGate {
  /** Null = there is none yet, which only `update` allows. */
  readonly baseline: Baseline | null
  readonly asked: Asked
  /** The run becomes the baseline: its losses are accepted. */
  readonly update: boolean
}

export interface GateResult {
  readonly comparison: Comparison
  readonly exitStatus: number
}

export function judgeAgainst(
  reports: readonly Report[],
  { baseline, asked, update }: RegressionGate,
  failUnder: number | null,
): GateResult {
  const comparison = compareWithBaseline(
    reports,
    baseline ?? { format: BASELINE_FORMAT, drills: [] },
    asked,
  )
  const { drills } = comparison
  const lost = drills.some(({ items }) => items.some(({ difference }) => difference === 'loss'))
  const own = reports.map((report) => {
    const status = statusOf(report, failUnder)
    if (report.verdict !== 'fail' && report.verdict !== 'inconclusive') return status
    const state = drills.find(
      ({ scenario, seed }) => scenario === report.drill.scenario && seed === report.drill.seed,
    )?.state
    // What the baseline knows counts by its losses alone; what it does not know, as without one.
    return state === 'new' && !update ? status : EXIT.passed
  })
  return {
    comparison,
    exitStatus: worstStatus([...own, lost && !update ? EXIT.failed : EXIT.passed]),
  }
}
