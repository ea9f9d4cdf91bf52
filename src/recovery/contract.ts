/**
 * The contract between a drill and whatever performs the recovery (DESIGN section 5). An engine knows only what an
 * operator knows: the database through the gateway, `doctor`, worker scaling, the written safety catalogue with its
 * gaps, the partner's answers, and its own notes. It never sees scenario, fault or truth.
 */
import type { ClientBase } from 'pg'
import type { JobState } from '../queue-job/job.ts'
import type { Safety } from '../queue-job/operations.ts'

/** Whatever performs the recovery: called at every check, on a grid of virtual time. */
export interface RecoveryEngine {
  readonly name: string
  /** One check. The world stands still until the promise settles. Goes on being called after `close()`. */
  check(incident: Incident): Promise<void>
}

/** All that an engine sees and may do during one check. */
export interface Incident {
  /** Virtual time. */
  readonly now: Date
  /** A connection through the gateway; `timestamp` columns arrive as UTC dates. */
  readonly database: ClientBase
  readonly operations: Operations
  readonly catalogue: SafetyCatalogue
  readonly notes: Notes
  /** Declares the incident. A second call while it is open does nothing. */
  open(signals: readonly Signal[]): Promise<void>
  /** Declares it over; the watch window begins. */
  close(summary: string): Promise<void>
  /** Ends the engine's part where no safe closing exists; the tracked fixes say what is left to whom. */
  handOver(summary: string): Promise<void>
}

/** The runbook's four signals ("It is an incident when at least one of these lasts"). */
export const SIGNALS = [
  'pending-grows-started-flat',
  'failed-pending-loop',
  'cpu-idle-queue-grows',
  'business-lag',
] as const
/** One of the four, as `open()` names what was seen. */
export type Signal = (typeof SIGNALS)[number]

/** What an operator can do besides SQL. Each call stands in the journal as an act of the engine. */
export interface Operations {
  /** State of the host: CPU, memory, connections, workers. Changes nothing. */
  doctor(): Promise<DoctorReport>
  readonly workers: {
    show(): Promise<WorkersReport>
    /** Adds (or with a negative number removes) that many HTTP workers and slots of `root`, after a start-up delay. */
    scale(by: number): Promise<WorkersReport>
  }
  readonly queue: {
    /** Runbook step 1: how many jobs by state, and what waits in which channel. Changes nothing. */
    shape(): Promise<QueueShape>
    /** Runbook step 2: the oldest pending and failed jobs of this incident, at most `limit` (default 30). */
    blockers(limit?: number): Promise<readonly Blocker[]>
    /**
     * `odoocli queue retry`: failed jobs of the channel, of this incident (`date_started` ≥ opening or first write −
     * 60 min), older than `olderThanMs` (now − date_started), ordered by date_started and id, only those documented
     * safe, at most `limit`; as transition T10. The others are listed with the reason.
     */
    retry(request: RetryRequest): Promise<RetryReport>
    /** Runbook step 3: pushes the eta of what is pending to now + `forMs`, where it is not later already. */
    quarantine(request: QuarantineRequest): Promise<QuarantineReport>
    /** Clears the eta of pending jobs that lies in the future, oldest first; with a `limit` as canaries. */
    release(request: ReleaseRequest): Promise<ReleaseReport>
  }
  readonly target: {
    /** Asks the integration whether it works; no effect outside. */
    probe(integration: string): Promise<ProbeReport>
    /** Asks the partner whether the effect of one job has happened. */
    lookup(jobId: number): Promise<LookupAnswer>
  }
  readonly automations: {
    list(): Promise<readonly AutomationReport[]>
    pause(name: string): Promise<void>
    resume(name: string): Promise<void>
  }
}

/** The queue by state and by channel (runbook step 1). */
export interface QueueShape {
  /** Largest first; states that no job is in are left out. */
  readonly byState: readonly { readonly state: JobState; readonly jobs: number }[]
  /** Largest first, by pending jobs. */
  readonly channels: readonly ChannelShape[]
}

/** The jobs of one channel. */
export interface ChannelShape {
  readonly channel: string
  readonly pending: number
  /** Pending with no eta in the future. */
  readonly due: number
  readonly started: number
  readonly failed: number
  /** Creation of the oldest job that is due; null = none is. */
  readonly oldestDue: Date | null
}

/** A job that waits or failed, with the beginning of its reason. */
export interface Blocker {
  readonly id: number
  readonly state: JobState
  readonly channel: string
  readonly jobFunction: string
  readonly eta: Date | null
  readonly dateCreated: Date
  /** The first 140 characters of the exception's text, or of `result` for a job that postponed itself. */
  readonly exception: string
}

/** The pending jobs of one channel (not those below it), or of one job function. */
export type PendingSelection = { readonly channel: string } | { readonly jobFunction: string }

/** What to postpone, and for how long from now. */
export type QuarantineRequest = PendingSelection & {
  /** 1 s to 24 h. */
  readonly forMs: number
}

/** How many jobs were postponed, and until when. */
export interface QuarantineReport {
  readonly postponed: number
  readonly until: Date
}

/** What to let go, and how many. */
export type ReleaseRequest = PendingSelection & {
  /** Absent = all. */
  readonly limit?: number | undefined
}

/** The jobs that were let go. */
export interface ReleaseReport {
  readonly released: readonly number[]
}

/** Failed jobs of one channel; see `Operations.queue.retry`. */
export interface RetryRequest {
  readonly channel: string
  readonly olderThanMs: number
  /** Null = all; only with `force`. */
  readonly limit: number | null
  /** Also what is not documented safe, and without a limit. Shows in the score. */
  readonly force?: boolean | undefined
}

/** Which jobs went back to pending, and which did not, each with its reason. */
export interface RetryReport {
  readonly requeued: readonly number[]
  readonly refused: readonly { readonly id: number; readonly reason: string }[]
}

/** How an integration answered a question without effect. */
export interface ProbeReport {
  readonly integration: string
  readonly healthy: boolean
  /** `ok`, `timeout`, `refused`, `unauthorized`, `slow`. */
  readonly answer: string
  readonly latencyMs: number
}

/** What the partner knows of an effect; `unknown` where it cannot be asked or does not know. */
export type LookupAnswer = 'happened' | 'absent' | 'unknown'

/** Something home-made that acts on the queue by itself. */
export interface AutomationReport {
  readonly name: string
  readonly description: string
  readonly everyMs: number
  readonly paused: boolean
}

/** The HTTP workers of the host, which run the jobs. */
export interface WorkersReport {
  /** HTTP workers alive, and those still starting. */
  readonly httpWorkers: number
  readonly starting: number
  /** Capacity of `root`. */
  readonly rootCapacity: number
  /** Process ids of the workers that are alive (`queue_job.worker_pid` of a job that runs is one of them). */
  readonly pids: readonly number[]
  readonly busy: number
}

/** Whether the host can carry more. Memory in MB; `healthy` asks for room in CPU, memory and connections. */
export interface DoctorReport {
  readonly healthy: boolean
  /** Mean over the last five minutes, 0..1 of all cores. */
  readonly cpuUsed: number
  readonly cpuCores: number
  readonly memoryUsedMb: number
  readonly memoryTotalMb: number
  readonly memoryPerWorkerMb: number
  readonly databaseConnectionsUsed: number
  readonly databaseConnectionsMax: number
  readonly httpWorkers: number
  readonly busyWorkers: number
  readonly rootCapacity: number
  /** How many workers can be added before memory or connections run out; 0 = none. */
  readonly workersAddable: number
  /** One sentence for an operator. */
  readonly advice: string
}

/** What the team wrote down about a job function; functions that are not in it are unsafe. */
export interface CatalogueEntry {
  readonly jobFunction: string
  readonly safety: Safety
  readonly integration: string | null
  /** Critical flows have an agreed time; null = not critical. */
  readonly slaMs: number | null
  /** The job writes the value it carries, so an older one must not run after a newer one of the same record. */
  readonly carriesValue: boolean
}

/** Job function → what is written down about it. */
export type SafetyCatalogue = Readonly<Record<string, CatalogueEntry>>

/** The incident notes: they become `notes.md`, and acts in the journal. */
export interface Notes {
  /** Runbook step 1. Counts if its figures equal the truth of that moment. */
  baseline(figures: BaselineFigures): Promise<void>
  decision(what: string, why: string): Promise<void>
  trackedFix(fix: TrackedFix): Promise<void>
}

/** Numbers of jobs at the moment of the call, finished ones too. */
export interface BaselineFigures {
  readonly byState: Partial<Readonly<Record<JobState, number>>>
  /** The ten largest channels by pending jobs. */
  readonly pendingByChannel: Readonly<Record<string, number>>
}

/** Work that outlives the incident: what, who, and what keeps it isolated meanwhile. */
export interface TrackedFix {
  readonly subject:
    | { readonly signature: string }
    | { readonly jobFunction: string }
    | { readonly channel: string }
    | { readonly jobs: readonly number[] }
  readonly owner: string
  readonly reason: string
  readonly isolatedBy: string
}
