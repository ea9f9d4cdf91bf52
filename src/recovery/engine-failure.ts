/** How an engine that runs outside the harness can end before the drill does. */

/** The journal's finding codes for it. */
export type EngineFailureCode =
  | 'engine-threw'
  | 'engine-timed-out'
  | 'engine-exited'
  | 'engine-took-too-much'

/** Thrown by `check()`: the engine is out, the world goes on without it. The message is free of wall time and paths. */
export class EngineFailure extends Error {
  readonly code: EngineFailureCode

  constructor(code: EngineFailureCode, message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.name = 'EngineFailure'
    this.code = code
  }
}
