/**
 * The public library: play drills, judge stored ones, write an engine. Everything that is exported here and from
 * `queue-drill/vitest` is documented where it is declared; everything else may change at any time. docs/library.md.
 */

// Play drills.
export { drill, openDrills } from './drill/drills.ts'
export type { DrillOutcome, Drills, DrillsOptions } from './drill/drills.ts'
export type { CampaignProgress } from './drill/campaign.ts'
export type { DrillRequest } from './drill/request.ts'
export { DrillError, EXIT } from './foundation/errors.ts'
export type { ErrorCode } from './foundation/errors.ts'

// Write an engine.
export type {
  AutomationReport,
  BaselineFigures,
  Blocker,
  CatalogueEntry,
  ChannelShape,
  DoctorReport,
  Incident,
  LookupAnswer,
  Notes,
  Operations,
  PendingSelection,
  ProbeReport,
  QuarantineReport,
  QuarantineRequest,
  QueueShape,
  RecoveryEngine,
  ReleaseReport,
  ReleaseRequest,
  RetryReport,
  RetryRequest,
  SafetyCatalogue,
  Signal,
  TrackedFix,
  WorkersReport,
} from './recovery/contract.ts'
export type { JobState } from './queue-job/job.ts'
export type { Safety } from './queue-job/operations.ts'

// What a drill came to.
export type { EngineOutput, Report, RunFacts } from './report/report-json.ts'
export type {
  Action,
  Counterfactual,
  Criterion,
  End,
  Evidence,
  ExecutionRef,
  Gate,
  GradeLine,
  Score,
  SideEffectFault,
  TimelinePoint,
  Verdict,
} from './scoring/score.ts'
export { renderScorecard } from './report/scorecard.ts'
export type { ScorecardOptions } from './report/scorecard.ts'

// What happened in it, event by event.
export type {
  Act,
  ActEvent,
  ArrivedEvent,
  AutomationEvent,
  Cause,
  CensusEvent,
  CheckEvent,
  EffectEvent,
  EndEvent,
  EndReason,
  FaultEvent,
  Journal,
  JournalEvent,
  JournalHeader,
  JournalSet,
  LoadedEvent,
  MovedEvent,
  RunEndedEvent,
  RunKind,
  RunStartedEvent,
  SampleEvent,
  WorkerEvent,
  WriteEvent,
} from './journal/events.ts'
export type { FacilitatorEvent, FaultInjectedEvent } from './journal/facilitator.ts'
export type { FindingCode, FindingEvent } from './journal/findings.ts'
export type { AuditedColumn, ChangedColumns } from './queue-job/columns.ts'
export type { HostParameters } from './queue-job/host.ts'
export type {
  Effect,
  FunctionOperations,
  IntegrationOperations,
  Operations as OperationsFile,
} from './queue-job/operations.ts'
export type { ColumnMapping, Columns, Series, TableName } from './queue-job/series.ts'

// Stored drills, and scenario files.
export { scoreDirectory } from './drill/score-directory.ts'
export type { StoredDrill } from './drill/score-directory.ts'
export { bundledScenarios } from './scenario/bundled.ts'
export type { BundledScenario } from './scenario/bundled.ts'
export { parseScenario } from './scenario/scenario-file.ts'
export type {
  AutomationSpec,
  FaultKind,
  FaultSpec,
  Scenario,
  Thresholds,
} from './scenario/scenario.ts'
