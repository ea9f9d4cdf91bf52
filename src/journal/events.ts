/**
 * The ordered record of a drill on virtual time, one JSON object a line: the header, then events. It is all that
 * scoring and reports read. Nothing in it depends on wall time, process ids, database names or message texts of the
 * server, so that its SHA-256 (the digest) is a function of snapshot, operations, scenario, engine and seed.
 * `at` is virtual ms since the epoch, never decreasing.
 */
import type { FindingEvent } from './findings.ts'
import type { HostParameters } from '../queue-job/host.ts'
import type { ChangedColumns } from '../queue-job/columns.ts'
import type { JobState } from '../queue-job/job.ts'
import type { Operations } from '../queue-job/operations.ts'
import type { ColumnMapping, Series } from '../queue-job/series.ts'
import type { Scenario } from '../scenario/scenario.ts'

export const JOURNAL_FORMAT = 'queue-drill-journal/1'

/** The drill itself, or one of its twins on the same seed. */
export type RunKind = 'drill' | 'calm' | 'noop' | 'retry-all'

/** First line of a journal: everything that the run was a function of, but for the code. */
export interface JournalHeader {
  readonly type: 'header'
  readonly format: typeof JOURNAL_FORMAT
  readonly run: RunKind
  readonly engine: string
  readonly seed: number
  /** Version line of the addon (reference, top) by whose rules the world plays. */
  readonly profile: string
  readonly snapshot: {
    readonly name: string
    /** SHA-256 of manifest.json, which holds those of every file. */
    readonly manifestSha256: string
    readonly workloadSha256: string
    readonly operationsSha256: string
    readonly odooSeries: Series
    /** Version line of the addon that the snapshot is of; see `profile`. */
    readonly addonProfile: string
    /** Null = its columns are those of its series. */
    readonly mapping: ColumnMapping | null
    /** Absent = nothing was added to the sandbox. */
    readonly extraSqlSha256?: string
  }
  /** Virtual start = the snapshot's `captured_at`. */
  readonly startedAt: number
  /** Hour of the workload's week (0..167) that the start counts as. */
  readonly startHourOfWeek: number
  readonly scenario: Scenario
  readonly operations: Operations
  readonly host: HostParameters
}

/**
 * What last moved a row to pending, or `loaded` for a row that was live at the start:
 * `arrival`; `retry` (T8); `conflict` (T8 after 40001 that nobody but the queue caused); `dependency` (T3); `cron` (T13);
 * `automation:NAME`; `engine:N`, N = number of the `write` event.
 */
export type Cause =
  | 'loaded'
  | 'arrival'
  | 'retry'
  | 'conflict'
  | 'dependency'
  | 'cron'
  | `automation:${string}`
  | `engine:${number}`

/** A row that was live (not done, not cancelled) at the start; or a settled one, when an engine first touches it. */
export interface LoadedEvent {
  readonly at: number
  readonly type: 'loaded'
  readonly id: number
  readonly fn: string
  readonly state: JobState
  readonly channel: string
  readonly eta: number | null
  readonly dateCreated: number
  readonly dateStarted: number | null
  /** Business key, see queue-job/business-key.ts. */
  readonly key: string
  /** Truth: had this job's effect happened before the start (null: the function has none). */
  readonly effect: 'happened' | 'absent' | null
  /** Signature of the stored failure, if there is one. */
  readonly signature: string | null
  /** Truth: it fails at every try for a reason of its own, so that settling it loses nothing; absent = it does not. */
  readonly neverSucceeds?: true
}

/** Counts of all rows at the start. */
export interface CensusEvent {
  readonly at: number
  readonly type: 'census'
  readonly byState: Readonly<Record<JobState, number>>
}

/** T1, T2: a job was created by the business, or inserted by the engine (then `by` names the write). */
export interface ArrivedEvent {
  readonly at: number
  readonly type: 'arrived'
  readonly id: number
  readonly fn: string
  readonly state: JobState
  readonly channel: string
  readonly eta: number | null
  readonly key: string
  readonly by: 'business' | `engine:${number}`
}

/** A state change made by the world (never by the engine: those are `write`). */
export interface MovedEvent {
  readonly at: number
  readonly type: 'moved'
  readonly id: number
  readonly to: JobState
  /** Transition of the reference, section 2: `T4`. */
  readonly by: string
  /** The row's eta after T8; absent otherwise. */
  readonly eta?: number
  readonly cause?: Cause
}

/** A worker took the job (T6). `run` numbers executions from 1. */
export interface RunStartedEvent {
  readonly at: number
  readonly type: 'run-started'
  readonly run: number
  readonly id: number
  readonly cause: Cause
  readonly pid: number
}

/** The execution ended. `killed`: no trace in the row; `conflict`: 40001, its work was rolled back. */
export interface RunEndedEvent {
  readonly at: number
  readonly type: 'run-ended'
  readonly run: number
  readonly id: number
  readonly outcome: 'done' | 'postponed' | 'failed' | 'killed' | 'conflict'
  /** Index of the scenario's fault that shaped this run; absent = none. */
  readonly fault?: number
  /** Of the failure (also of a postponed one); see queue-job/signature.ts. */
  readonly signature?: string
}

/** The effect ledger: something happened outside. The scorer decides what is a duplicate or stale. */
export interface EffectEvent {
  readonly at: number
  readonly type: 'effect'
  readonly run: number
  readonly id: number
  readonly fn: string
  readonly key: string
  readonly effect: 'once' | 'set' | 'each'
  readonly cause: Cause
  /** The partner recognised the idempotency key and did nothing. */
  readonly absorbed: boolean
  /** `once`, `each`: effects of this key before the start (loaded rows, rows no longer in the table). */
  readonly prior: number
  /** `set`: when the written value was true (creation of the job for `value: args`, else now). */
  readonly valueAt: number
  /** `set`: newest `valueAt` written before the start, null = none. */
  readonly priorValueAt: number | null
}

/** `begins`/`ends`: its window; `bites`: the first run or worker that it hit. */
export interface FaultEvent {
  readonly at: number
  readonly type: 'fault'
  readonly fault: number
  readonly phase: 'begins' | 'bites' | 'ends'
  /** Integrations concerned. */
  readonly integrations: readonly string[]
}

/** State of the host, once a virtual minute; means over that minute. */
export interface SampleEvent {
  readonly at: number
  readonly type: 'sample'
  /** 0..1 of all cores. */
  readonly cpu: number
  readonly httpWorkers: number
  readonly busyWorkers: number
  readonly rootCapacity: number
  readonly memoryMb: number
}

/** Something befell the workers of the host. */
export interface WorkerEvent {
  readonly at: number
  readonly type: 'worker'
  readonly event: 'killed' | 'out-of-memory' | 'time-limit' | 'scaled'
  /** Of killed workers: the run they were in. */
  readonly run?: number
  /** `scaled`: workers wanted from now on. */
  readonly httpWorkers?: number
  readonly fault?: number
}

/** Something home-made ran, or was stopped or let go on by an operator. */
export interface AutomationEvent {
  readonly at: number
  readonly type: 'automation'
  readonly name: string
  readonly event: 'ran' | 'paused' | 'resumed'
  /** `ran`: how many rows it set to pending. */
  readonly requeued?: number
}

/** One statement of the engine that wrote to `queue_job`, rows ordered by id. */
export interface WriteEvent {
  readonly at: number
  readonly type: 'write'
  /** Numbers the engine's writes from 1. */
  readonly write: number
  readonly check: number
  readonly op: 'insert' | 'update' | 'delete' | 'truncate'
  /** `queue retry` and other operations write in the engine's name. */
  readonly via: 'sql' | 'operation'
  readonly rows: readonly { readonly id: number; readonly changed: ChangedColumns }[]
}

/** End of one check: what the engine asked of the database. */
export interface CheckEvent {
  readonly at: number
  readonly type: 'check'
  readonly check: number
  readonly statements: number
  /** Rows returned or affected. */
  readonly rows: number
}

/** Acts of the engine that are not SQL. Believed as acts only. */
export type Act =
  | { readonly act: 'open'; readonly signals: readonly string[]; readonly byDeed?: true }
  | {
      readonly act: 'close' | 'hand-over'
      readonly summary: string
      /** The program never said so: its first write opens, how it ends closes or hands over (DESIGN section 5). */
      readonly byDeed?: true
    }
  | {
      readonly act: 'baseline'
      readonly byState: Readonly<Record<string, number>>
      readonly pendingByChannel: Readonly<Record<string, number>>
    }
  | { readonly act: 'decision'; readonly what: string; readonly why: string }
  | {
      readonly act: 'tracked-fix'
      readonly subject: {
        readonly signature?: string
        readonly jobFunction?: string
        readonly channel?: string
        readonly jobs?: readonly number[]
      }
      readonly owner: string
      readonly reason: string
      readonly isolatedBy: string
    }
  | { readonly act: 'doctor'; readonly healthy: boolean }
  | { readonly act: 'scale'; readonly by: number; readonly httpWorkers: number }
  | {
      readonly act: 'retry'
      readonly channel: string
      readonly olderThanMs: number
      /** Null = without, which only force allows. */
      readonly limit: number | null
      readonly forced?: true
      readonly requeued: number
      readonly refused: number
    }
  | {
      readonly act: 'quarantine'
      readonly channel?: string
      readonly jobFunction?: string
      readonly forMs: number
      readonly postponed: number
    }
  | {
      readonly act: 'release'
      readonly channel?: string
      readonly jobFunction?: string
      readonly limit: number | null
      readonly released: number
    }
  | {
      readonly act: 'probe'
      readonly integration: string
      readonly healthy: boolean
      readonly answer: string
    }
  | { readonly act: 'lookup'; readonly id: number; readonly answer: string }
  | { readonly act: 'pause' | 'resume'; readonly automation: string }

/** Something that the engine did besides SQL. */
export type ActEvent = { readonly at: number; readonly type: 'act'; readonly check: number } & Act

/** Last line of a journal. */
export interface EndEvent {
  readonly at: number
  readonly type: 'end'
  /** `limit`: a bound of the harness was hit. */
  readonly reason: 'duration' | 'watch-window' | 'limit'
}

/** One line of a journal after its header; `type` tells which. */
export type JournalEvent =
  | CensusEvent
  | LoadedEvent
  | ArrivedEvent
  | MovedEvent
  | RunStartedEvent
  | RunEndedEvent
  | EffectEvent
  | FaultEvent
  | SampleEvent
  | WorkerEvent
  | AutomationEvent
  | WriteEvent
  | CheckEvent
  | ActEvent
  | FindingEvent
  | EndEvent

/** A journal in memory: what scoring folds over. */
export interface Journal {
  readonly header: JournalHeader
  readonly events: readonly JournalEvent[]
}

/** A drill with its twins; `retryAll` may be missing where it could not run. */
export interface JournalSet {
  readonly drill: Journal
  readonly calm: Journal
  readonly noop: Journal
  readonly retryAll: Journal
}
