/**
 * What differs between versions of the addon, as data: the date of the addon matters more than the series of Odoo
 * (reference, top and 8.1). Only switches that the world obeys are here; other lines join as further entries of
 * PROFILES. Until then a queue of another line plays by the rules of 2024, and whoever reads the report is told.
 */
import { MINUTE, SECOND } from '../foundation/time.ts'
import type { JobRow } from './job.ts'

/** The cron "Jobs Garbage Collector" (reference 6.2): ages in ms, 0 = not looked at. */
export interface RequeueCron {
  readonly everyMs: number
  /** `enqueued` for so long → T13. */
  readonly enqueuedMs: number
  /** `started` for so long → T13; `limit-time-real`: one minute more than Odoo's limit for requests. */
  readonly startedMs: number | 'limit-time-real'
}

export interface Profile {
  readonly name: string
  readonly odooSeries: string
  readonly addonVersion: string
  /** `select()` of the runner without a wakeup time. */
  readonly selectTimeoutMs: number
  /** Pause of the runner after any exception. */
  readonly errorRecoveryMs: number
  /** From the start of the server to that of the runner. */
  readonly startDelayMs: number
  /** The runner cuts the HTTP request that starts a job after so long. */
  readonly httpTimeoutMs: number
  /** A failed or timed-out request sets the row back to pending if it is still enqueued (T5). */
  readonly undoesFailedRequest: boolean
  readonly knowsCancelled: boolean
  readonly unknownChannel: 'create' | 'root'
  /** null = this version has no such cron. */
  readonly requeueCron: RequeueCron | null
  /** How the runner finds jobs whose worker died. */
  readonly deadJobs: 'none' | 'lock-row' | 'lock-row-or-none'
  /** What a second request for the same row does. */
  readonly pickUp: 'waits' | 'skips'
  /** Cancelling a job also cancels its waiting children. */
  readonly cancelCascade: boolean
  /** Whether a concurrency error while waking children can be retried at all. */
  readonly wakeRetryWorks: boolean
  /** Whether two runners on one database exclude each other. */
  readonly masterLock: boolean
}

/** 16.0 with the addon of October 2024 (16.0.2.6.8). */
export const PROFILE_2024: Profile = {
  name: '2024',
  odooSeries: '16.0',
  addonVersion: '16.0.2.6.8',
  selectTimeoutMs: 60 * SECOND,
  errorRecoveryMs: 5 * SECOND,
  startDelayMs: 5 * SECOND,
  httpTimeoutMs: SECOND,
  undoesFailedRequest: true,
  knowsCancelled: true,
  unknownChannel: 'create',
  requeueCron: { everyMs: 5 * MINUTE, enqueuedMs: MINUTE, startedMs: 'limit-time-real' },
  deadJobs: 'none',
  pickUp: 'waits',
  cancelCascade: false,
  wakeRetryWorks: false,
  masterLock: false,
}

/** Version lines of the addon, oldest first. */
export const ADDON_LINES = ['12.0', '2024', '2025', '2026'] as const
export type AddonLine = (typeof ADDON_LINES)[number]

/** Line → its rules, as far as they are known. */
const PROFILES: Readonly<Partial<Record<AddonLine, Profile>>> = { '2024': PROFILE_2024 }

/** The rules that the world plays by: those of the line, else those of 2024 (`profileWarning` tells). */
export function profileOf(line: AddonLine): Profile {
  return PROFILES[line] ?? PROFILE_2024
}

/** A sentence for the report where a line does not play by its own rules; null where it does. */
export function profileWarning(line: AddonLine): string | null {
  const { name } = profileOf(line)
  if (name === line) return null
  return `the addon's version line is ${line}; this world plays it by the rules of ${name}`
}

/** Ages at which the cron takes a job, with Odoo's `limit_time_real` (ms; 0 = no limit) put in. 0 = not looked at. */
export function stuckAfterMs(
  cron: RequeueCron,
  limitTimeRealMs: number,
): { readonly enqueuedMs: number; readonly startedMs: number } {
  // 120 s gives 3 minutes; no limit (0) gives 1 minute, so that every longer job is requeued while it runs (F09).
  const byLimit = (Math.floor(limitTimeRealMs / MINUTE) + 1) * MINUTE
  return {
    enqueuedMs: cron.enqueuedMs,
    startedMs: cron.startedMs === 'limit-time-real' ? byLimit : cron.startedMs,
  }
}

/** Whether the cron requeues this row (T13). It looks at the clock only: the job may well be running. */
export function isStuck(
  row: Pick<JobRow, 'state' | 'dateEnqueued' | 'dateStarted'>,
  now: number,
  after: { readonly enqueuedMs: number; readonly startedMs: number },
): boolean {
  if (row.state === 'enqueued') return isOlder(row.dateEnqueued, now, after.enqueuedMs)
  if (row.state === 'started') return isOlder(row.dateStarted, now, after.startedMs)
  return false
}

function isOlder(date: number | null, now: number, ageMs: number): boolean {
  return ageMs > 0 && date !== null && date <= now - ageMs
}
