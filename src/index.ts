/** The public library: play drills, judge stored ones, write an engine. Everything else may change at any time. */
export { runCampaign } from './drill/campaign.ts'
export type {
  CampaignOptions,
  CampaignProgress,
  CampaignResult,
  CampaignScenario,
  DrillResult,
} from './drill/campaign.ts'
export { scoreDirectory } from './drill/score-directory.ts'
export type { StoredDrill } from './drill/score-directory.ts'
export { DrillError, EXIT } from './foundation/errors.ts'
export type {
  AutomationReport,
  BaselineFigures,
  CatalogueEntry,
  DoctorReport,
  Incident,
  LookupAnswer,
  Notes,
  Operations,
  ProbeReport,
  RecoveryEngine,
  RetryReport,
  RetryRequest,
  SafetyCatalogue,
  Signal,
  TrackedFix,
  WorkersReport,
} from './recovery/contract.ts'
export type { Report } from './report/report-json.ts'
export { renderScorecard } from './report/scorecard.ts'
export { bundledScenarios } from './scenario/bundled.ts'
export { parseScenario } from './scenario/scenario-file.ts'
export type { Scenario } from './scenario/scenario.ts'
export type { Score, Verdict } from './scoring/score.ts'
