/**
 * Operating errors: what went wrong, where, and what to do, with a code that decides the exit status.
 * Our own mistakes are assertions (`node:assert`), never a DrillError.
 */

/** Exit statuses of the command, one meaning each (DESIGN section 7). */
export const EXIT = {
  passed: 0,
  failed: 1,
  input: 2,
  harness: 3,
  unsafe: 4,
  inconclusive: 5,
  interrupted: 130,
} as const

/**
 * `input` — a flag, scenario, snapshot or operations file is wrong (exit 2);
 * `harness` — the drill could not be finished: no PostgreSQL, disk full, server died (exit 3);
 * `interrupted` — somebody pressed Ctrl-C (exit 130).
 */
export type ErrorCode = 'input' | 'harness' | 'interrupted'

/** The one error that is shown to people without a stack. */
export class DrillError extends Error {
  readonly code: ErrorCode

  constructor(code: ErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.name = 'DrillError'
    this.code = code
  }

  get exitStatus(): number {
    return EXIT[this.code]
  }
}

/** The text of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
