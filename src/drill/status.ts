/** From verdicts to the exit status of the command (DESIGN section 7). */
import { EXIT } from '../foundation/errors.ts'
import type { Report } from '../report/report-json.ts'
import type { Verdict } from '../scoring/score.ts'

/** Exit status of one drill. */
export function statusOf(report: Report, failUnder: number | null): number {
  const byVerdict: Readonly<Record<Verdict, number>> = {
    pass: EXIT.passed,
    fail: EXIT.failed,
    error: EXIT.harness,
    unsafe: EXIT.unsafe,
    inconclusive: EXIT.inconclusive,
  }
  const tooLow = report.verdict === 'pass' && failUnder !== null && report.score < failUnder
  return tooLow ? EXIT.failed : byVerdict[report.verdict]
}

const WORST_FIRST = [EXIT.unsafe, EXIT.failed, EXIT.harness, EXIT.inconclusive, EXIT.passed]

/** Of many drills the worst counts: 4, 1, 3, 5, 0. */
export function worstStatus(statuses: readonly number[]): number {
  return WORST_FIRST.find((status) => statuses.includes(status)) ?? EXIT.passed
}
