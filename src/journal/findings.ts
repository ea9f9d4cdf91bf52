/** What was found about an engine or the drill itself: codes for programs, details for people. */

/** Something about the engine, or the drill itself, that a reader should know; `code` is stable, `detail` deterministic. */
export interface FindingEvent {
  readonly at: number
  readonly type: 'finding'
  readonly check: number
  readonly code: FindingCode
  readonly detail: string
}

export const FINDING_CODES = [
  'engine-threw',
  'engine-timed-out',
  'engine-exited',
  'engine-took-too-much',
  'engine-left-children',
  'engine-output-cut',
  'engine-ended-early',
  'command-not-mapped',
  'eta-in-session-time',
  'engine-not-deterministic',
  'transaction-left-open',
  'denied',
  'slept-in-sql',
  'real-clock-used',
  'search-path-left',
  'tampered',
  'runner-stopped',
  'rules-of-another-line',
] as const
/** One of the codes of findings. */
export type FindingCode = (typeof FINDING_CODES)[number]
