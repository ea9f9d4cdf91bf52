/** `summary.json`: a whole run at a glance, one entry a drill. */
import type { Report } from './report-json.ts'

const SUMMARY_FORMAT = 'queue-drill-summary/1'

/** `wallSeconds`: of the whole run, start of PostgreSQL included. */
export function renderSummary(reports: readonly Report[], wallSeconds: number): string {
  const drills = reports.map(({ drill, verdict, score, end, effects, reasons, digest }) => ({
    scenario: drill.scenario,
    snapshot: drill.snapshot,
    engine: drill.engine,
    seed: drill.seed,
    verdict,
    score,
    end,
    duplicates: effects.duplicates,
    staleOverwrites: effects.staleOverwrites,
    lost: effects.lost,
    reasons,
    digest,
  }))
  const summary = { format: SUMMARY_FORMAT, drills, wall: { total: round(wallSeconds) } }
  return `${JSON.stringify(summary, null, 2)}\n`
}

function round(seconds: number): number {
  return Math.round(seconds * 10) / 10
}
