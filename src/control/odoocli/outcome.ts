/** What the commands of odoocli have in common: a command line is turned into work first, and performed afterwards. */
import type { ControlClient } from '../client.ts'

export const ODOOCLI_EXIT = {
  done: 0,
  /** The operation said no, or what was asked about is not healthy. */
  refused: 1,
  wrongUsage: 2,
  unreachable: 3,
} as const

export interface Outcome {
  /** As the control plane gave it: what `--json` prints. */
  readonly answer: unknown
  /** For people, on stdout. */
  readonly lines: readonly string[]
  /** For people, on stderr, with `--json` too. */
  readonly remarks?: readonly string[]
  /** Default done. */
  readonly status?: 0 | 1
}

/** What a command line asks for; nothing has been called yet. */
export type Work = (client: ControlClient) => Promise<Outcome>

/** Takes the work of the command that was found on the line. */
export type Choose = (work: Work) => void
