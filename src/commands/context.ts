/** What `cli.ts` hands to every command: the signal that Ctrl-C gives, and where the exit status is noted. */
export interface CommandContext {
  /** Aborted by the first Ctrl-C or SIGTERM: finish cleaning up, then throw DrillError `interrupted`. */
  readonly signal: AbortSignal
  /** What the process ends with, 0 unless a command says otherwise. */
  exitStatus: number
}

/** What `cli.ts` makes of a lone `-`. */
export const STANDARD_INPUT = '/dev/stdin'

/** End of the help of commands that judge drills. */
export const EXIT_STATUSES = `Exit status:
  0 every drill passed   1 a drill failed   2 the input is wrong
  3 could not finish     4 unsafe           5 inconclusive        130 interrupted
Of many drills the worst counts: 4, 1, 3, 5, 0.`
