/**
 * What the operations file says of a queue: which integration a job function calls, which role it plays, what its
 * effect is, and what its written documentation promises about retries (DESIGN section 4). Types and lookups only;
 * `scenario/operations-file.ts` reads the YAML.
 */

/**
 * What a run leaves outside the database: `none`; `once` — mail, capture, label: a second one is a duplicate; `set` —
 * stock level, status: repeating is harmless, an older value after a newer one is a stale overwrite when the value
 * travels in the arguments; `each` — every call counts, so every repetition is a duplicate.
 */
export const EFFECTS = ['none', 'once', 'set', 'each'] as const
/** One of the kinds of effect. */
export type Effect = (typeof EFFECTS)[number]

/** What the team's catalogue *says*; `unknown` (nothing written) is to be treated as `unsafe`. */
export type Safety =
  | { readonly kind: 'idempotent' }
  | { readonly kind: 'keyed'; readonly retentionMs: number }
  | { readonly kind: 'unsafe' }
  | { readonly kind: 'unknown' }

/** One job function as the operations file describes it, every default filled in. */
export interface FunctionOperations {
  /** Key of `Operations.integrations`; null = the job stays inside Odoo. */
  readonly integration: string | null
  /** `webhook`, `payment`, `invoice`, `stock`, `label`, `edi`, `export`, `internal`, or the team's own word. */
  readonly role: string
  readonly effect: Effect
  /** Paths into the payload that identify the business object: `records`, `args`, `args.0`, `kwargs.order_ref`. */
  readonly businessKey: readonly string[]
  /** `args`: the value written is the one of the job's arguments; `current`: it is read when the job runs. */
  readonly value: 'args' | 'current'
  readonly safety: Safety
  /** Critical jobs are measured against `slaMs` (E3); null = not critical. */
  readonly slaMs: number | null
  /** `fail`: an error of the integration ends in `failed` (T9); `postpone`: RetryableJobError, back to `pending` (T8). */
  readonly failureStyle: 'fail' | 'postpone'
}

/** An external system. */
export interface IntegrationOperations {
  /** Client-side time-out of one call, ms (default 30 s). */
  readonly timeoutMs: number
  /** Where inside a call the effect happens, as a share of its latency, 0..1 (default 0.7). */
  readonly effectAt: number
  /** Whether the partner can be asked whether a job's effect has happened (default false: the answer is `unknown`). */
  readonly lookup: boolean
  /**
   * Exception class → probability that the effect had happened before it was raised, for rows that failed before the
   * drill (default: see `simulation/before-the-start.ts`).
   */
  readonly effectBeforeFailure: Readonly<Record<string, number>>
}

/** An operations file: the integrations, and what each job function does through them. */
export interface Operations {
  readonly integrations: Readonly<Record<string, IntegrationOperations>>
  readonly functions: Readonly<Record<string, FunctionOperations>>
}

/** What is assumed of a function that the file does not name: nothing outside, nothing promised. */
export const UNMAPPED: FunctionOperations = {
  integration: null,
  role: 'unmapped',
  effect: 'none',
  businessKey: ['records', 'args'],
  value: 'current',
  safety: { kind: 'unknown' },
  slaMs: null,
  failureStyle: 'fail',
}

export function operationsOf(operations: Operations, jobFunction: string): FunctionOperations {
  return operations.functions[jobFunction] ?? UNMAPPED
}
