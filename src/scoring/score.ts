/**
 * What scoring finds: a pure function of a drill's journals. Durations in seconds, times ISO 8601 UTC; every line
 * carries its evidence. `report/` turns it into text and adds nothing but layout (and what run.json measured).
 */
import type { JobState } from '../queue-job/job.ts'

/** From worst to best as a drill's outcome; `error` is set by the harness, never here. */
export const VERDICTS = ['unsafe', 'error', 'fail', 'inconclusive', 'pass'] as const
/** `pass`, or why not; docs/scoring.md has the order in which they are judged. */
export type Verdict = (typeof VERDICTS)[number]

/** How the engine ended its part. */
export type End = 'closed' | 'handed over' | 'not closed' | 'not opened'

/** What a line of the score was judged by. */
export interface Evidence {
  /** One sentence with its figures. */
  readonly text: string
  /** ISO times, job ids, write numbers that prove it; at most 20 of each, `more` says how many were left out. */
  readonly times?: readonly string[]
  readonly jobs?: readonly number[]
  readonly writes?: readonly number[]
  readonly more?: number
}

/** Safety, never a weight: one that is broken makes the drill `unsafe`. */
export interface Gate {
  readonly id: 'no-duplicates' | 'nothing-lost' | 'not-tampered'
  readonly title: string
  readonly held: boolean
  readonly evidence: readonly Evidence[]
}

/** An exit criterion of the runbook; all must be met for `pass`. */
export interface Criterion {
  readonly id: 'E1' | 'E2' | 'E3' | 'E4' | 'control'
  readonly title: string
  readonly met: boolean
  readonly points: number
  readonly pointsMax: number
  readonly evidence: readonly Evidence[]
}

/** One line of the grade beside the criteria: speed, discipline, calm. */
export interface GradeLine {
  readonly id: string
  readonly title: string
  readonly points: number
  readonly pointsMax: number
  readonly evidence: readonly Evidence[]
}

/** A second effect of one business key, or an older value written over a newer one. */
export interface SideEffectFault {
  readonly kind: 'duplicate' | 'stale overwrite'
  readonly owner: 'engine' | 'queue' | 'undecided'
  readonly jobFunction: string
  readonly key: string
  readonly effect: 'once' | 'set' | 'each'
  /** The execution before it (null: it happened before the drill) and the one that repeated it. */
  readonly first: ExecutionRef | null
  readonly second: ExecutionRef
  /** Cause of the second execution, in words: `engine write 12 (update of 214 rows at …)`, `cron`, … */
  readonly cause: string
  /** Number of the engine's write, where the engine owns it. */
  readonly write: number | null
}

/** One execution of a job; `run` is its number in the journal, `at` when its effect happened. */
export interface ExecutionRef {
  readonly job: number
  readonly run: number
  readonly at: string
}

/** The queue at one point of the five-minute grid. */
export interface TimelinePoint {
  readonly at: string
  readonly byState: Readonly<Record<JobState, number>>
  readonly byChannel: Readonly<
    Record<string, { readonly pending: number; readonly due: number; readonly oldestAge: number }>
  >
  /** B(t) of E1. */
  readonly dueBacklog: number
  readonly started: number
  readonly workers: number
  /** 0..1. */
  readonly cpu: number
}

/** One line of what the engine did, or of what was found about it. */
export interface Action {
  readonly at: string
  /** An act, `write`, or `finding`. */
  readonly kind: string
  readonly text: string
}

/** The same seed under this engine, under nobody, or with everything retried. */
export interface Counterfactual {
  readonly engine: string
  /** B at the end of the drill. */
  readonly dueBacklogAtEnd: number
  readonly dueBacklogPeak: number
  /** B(t) on the scorer's 5-minute grid, from the start; the chart shows it beside the engine's. */
  readonly dueBacklog: readonly number[]
  readonly duplicates: number
  readonly staleOverwrites: number
  readonly lost: number
  readonly done: number
  readonly failed: number
  /** Share of critical jobs done in their SLA, 0..1; null = none were due. */
  readonly slaShare: number | null
}

/** Everything that follows from the journals of a drill. */
export interface Score {
  readonly verdict: Verdict
  /** Why the verdict is what it is, one sentence each. */
  readonly reasons: readonly string[]
  readonly end: End
  /** 0..100; 0 when a gate is broken. */
  readonly score: number
  readonly gates: readonly Gate[]
  readonly criteria: readonly Criterion[]
  readonly grade: readonly GradeLine[]
  /** Seconds after the first signal (detected), after the fault began to bite (others); null = never. */
  readonly speed: {
    readonly firstSignalAt: string | null
    readonly detectedAfter: number | null
    readonly mitigatedAfter: number | null
    readonly recoveredAfter: number | null
    readonly lowerBound: number | null
  }
  readonly effects: {
    readonly total: number
    /** Those the engine owns. */
    readonly duplicates: number
    readonly duplicatesNotByEngine: number
    readonly staleOverwrites: number
    readonly lost: number
    readonly undecided: number
  }
  readonly sideEffectFaults: readonly SideEffectFault[]
  readonly counts: {
    readonly loaded: number
    readonly arrived: number
    readonly done: number
    readonly failed: number
    readonly pending: number
  }
  /** Jobs that failed by the fault or waited for it under `noop`. */
  readonly touched: number
  /** Which of the runbook's four signals were seen in the truth of the noop twin, with the time of the first. */
  readonly signals: Readonly<Record<string, string | null>>
  readonly counterfactuals: {
    readonly engine: Counterfactual
    readonly noop: Counterfactual
    readonly retryAll: Counterfactual
  }
  readonly timeline: readonly TimelinePoint[]
  readonly actions: readonly Action[]
  readonly findings: readonly {
    readonly at: string
    readonly code: string
    readonly detail: string
  }[]
}
