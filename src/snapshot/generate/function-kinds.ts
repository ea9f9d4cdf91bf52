/** Job functions of the usual kinds, from the few things that tell one from another. */
import { INTEGRATIONS } from './integrations.ts'
import type { IntegrationName } from './integrations.ts'
import { businessFailures, httpFailures, jobFunction, longTailed } from './job-function.ts'
import type { JobFunction, OperationsEntry } from './job-function.ts'

export interface FunctionOutline {
  /** `<model>.<method>`. */
  readonly name: string
  readonly title: string
  readonly channel: string
  /** Per mille of the company's jobs of a day. */
  readonly share: number
  readonly rhythm: JobFunction['rhythm']
  readonly medianMs: number
}

type Rhythm = JobFunction['rhythm']

/** Makes outlines of a company most of whose functions have one rhythm. */
export function outlines(usual: Rhythm) {
  return (
    name: string,
    title: string,
    channel: string,
    share: number,
    medianMs: number,
    rhythm: Rhythm = usual,
  ): FunctionOutline => ({ name, title, channel, share, medianMs, rhythm })
}

/** What a company has given up: old rows only, in a channel that is configured nowhere. */
export function legacyJob({ medianMs, ...outline }: Omit<FunctionOutline, 'share'>): JobFunction {
  const durationMs = longTailed(medianMs, 0.5, 20_000)
  return jobFunction({ ...outline, share: 0, durationMs, configured: false })
}

/** A job that calls a partner; no call takes longer than half of its time-out. */
export function partnerCall(
  integration: IntegrationName,
  outline: FunctionOutline,
  operations: OperationsEntry,
  given: Partial<JobFunction> = {},
): JobFunction {
  const { medianMs, ...rest } = outline
  const maxMs = INTEGRATIONS[integration].timeout * 500
  return jobFunction({
    ...rest,
    durationMs: longTailed(medianMs, 0.55, Math.min(maxMs, medianMs * 30)),
    integration,
    failures: httpFailures(integration, 0.0012),
    operations,
    ...(operations.failureStyle === 'postpone' ? { retryPattern: { '1': 600 } } : {}),
    ...given,
  })
}

/** A job that stays inside Odoo. Without `operations` it is a gap of the team's catalogue. */
export function internalJob(
  outline: FunctionOutline,
  operations: OperationsEntry | null,
  given: Partial<JobFunction> = {},
): JobFunction {
  const { medianMs, ...rest } = outline
  return jobFunction({
    ...rest,
    durationMs: longTailed(medianMs, 0.6, Math.min(60_000, medianMs * 30)),
    cpuShare: 0.45,
    memoryMb: 80,
    failures: businessFailures(outline.name.slice(0, outline.name.lastIndexOf('.')), 0.001),
    operations,
    ...given,
  })
}

/** A job of many minutes; only where the host allows an hour a request (`limit_time_real` 3600). */
export function longJob(
  { medianMs, ...outline }: FunctionOutline,
  given: Partial<JobFunction>,
): JobFunction {
  return jobFunction({
    ...outline,
    priority: 20,
    durationMs: longTailed(medianMs, 0.3, 900_000),
    // 60 s of CPU are what `limit_time_cpu` allows: such jobs wait for the database most of the time.
    cpuShare: 0.06,
    memoryMb: 500,
    failures: businessFailures(outline.name.slice(0, outline.name.lastIndexOf('.')), 0.002),
    ...given,
  })
}

/** The addon wraps what the partner answers as RetryableJobError: the job comes back by itself. */
export const POSTPONES = { failureStyle: 'postpone' } as const

/** The target takes what it is told; the newest state counts. */
export const SETS_STATE = {
  effect: 'set',
  businessKey: ['records'],
  value: 'current',
  safety: 'idempotent',
} as const satisfies Partial<OperationsEntry>

/** Happens again with every run: money, mail, paper. */
export const HAPPENS_ONCE = {
  effect: 'once',
  businessKey: ['records'],
  safety: 'unsafe',
} as const satisfies Partial<OperationsEntry>

export const HARMLESS: OperationsEntry = { role: 'internal', effect: 'none', safety: 'idempotent' }
/** Nobody wrote down whether it may run again. */
export const UNDOCUMENTED: OperationsEntry = { role: 'internal', effect: 'none' }
