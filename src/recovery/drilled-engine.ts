/** An engine as a drill plays it: the contract, and what a program beside it needs that is no module of ours. */
import type { RecoveryEngine } from './contract.ts'
import type { Output } from './process/output-log.ts'

export interface DrilledEngine extends RecoveryEngine, AsyncDisposable {
  /** Virtual ms of the next check, of an engine that sets its own pace; Infinity = it has ended. Null = the scenario's grid. */
  readonly nextCheckAt: number | null
  /**
   * Of a program, which need not speak of the incident: how it ended in the last check, null = it goes on. Undefined =
   * the engine says itself when the incident is open.
   */
  readonly exit: ProgramExit | null | undefined
  /** What was found about it since the last call. */
  takeFindings(): readonly EngineFinding[]
  /** What it printed so far; null for built-in engines, which print nothing. */
  readonly output: Output | null
}

export interface ProgramExit {
  /** 0..255. */
  readonly status: number
  /** False for a program that is started anew at every check. */
  readonly last: boolean
}

/** Codes of the journal. */
export interface EngineFinding {
  readonly code: 'engine-left-children' | 'engine-output-cut' | 'command-not-mapped'
  /** Deterministic: no process ids, no wall time. */
  readonly detail: string
}
