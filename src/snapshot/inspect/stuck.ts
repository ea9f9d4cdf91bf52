/**
 * Rows that look stuck, by the predicates of reference 7.1 that one look at the table can tell. None proves its cause: a
 * started job may just be long.
 */
import { DAY, HOUR, MINUTE } from '../../foundation/time.ts'
import type { JobRow } from '../../queue-job/job.ts'
import { functionName } from '../../queue-job/job.ts'
import { DURATION_PROBABILITIES } from '../../queue-job/workload.ts'
import type { Workload } from '../../queue-job/workload.ts'
import type { Manifest } from '../format.ts'

/** Examples of each kind. */
const EXAMPLES_MAX = 5

export interface StuckRows {
  /** Number of the failure mode in the reference: `F01`. */
  readonly mode: string
  /** What is seen, for people. */
  readonly what: string
  readonly count: number
  /** ms; since when the oldest of them is like this. */
  readonly oldestAt: number | null
  /** Ids of the first ones. */
  readonly ids: readonly number[]
}

export interface StuckContext {
  /** ms: when the snapshot was taken. */
  readonly now: number
  /** Longer than this no run of the function takes, ms. */
  readonly longestMs: (jobFunction: string) => number
  /** Days after which done jobs of a channel are deleted; undefined = the table does not list it. */
  readonly removalDays: (channel: string) => number | undefined
}

interface Predicate {
  readonly mode: string
  readonly what: string
  holds(job: JobRow, context: StuckContext): boolean
  /** Since when. */
  at(job: JobRow): number | null
}

/** States whose rows the runner still looks at. */
const LIVE: ReadonlySet<string> = new Set(['pending', 'enqueued', 'started', 'wait_dependencies'])
const FINISHED: ReadonlySet<string> = new Set(['done', 'cancelled'])

const finishedAt = (job: JobRow) => job.dateDone ?? job.dateCancelled

const PREDICATES: readonly Predicate[] = [
  {
    mode: 'F01',
    what: 'started for longer than any run of its function takes: its worker may be dead',
    holds: (job, { now, longestMs }) =>
      job.state === 'started' &&
      job.dateStarted !== null &&
      job.dateStarted < now - longestMs(functionName(job)),
    at: (job) => job.dateStarted,
  },
  {
    mode: 'F02',
    what: 'enqueued for more than a minute and never started',
    holds: (job, { now }) =>
      job.state === 'enqueued' &&
      job.dateStarted === null &&
      job.dateEnqueued !== null &&
      job.dateEnqueued < now - MINUTE,
    at: (job) => job.dateEnqueued,
  },
  {
    mode: 'F08',
    what: 'cancelled, yet enqueued afterwards',
    holds: (job) =>
      job.dateCancelled !== null &&
      (job.state === 'enqueued' ||
        (job.state === 'cancelled' && (job.dateEnqueued ?? -Infinity) > job.dateCancelled)),
    at: (job) => job.dateEnqueued,
  },
  {
    mode: 'F09',
    what: 'postponed by a serialization error more often than max_retries',
    holds: (job) =>
      job.maxRetries > 0 &&
      job.retry > job.maxRetries &&
      /could not serialize/i.test(job.result ?? ''),
    at: (job) => job.dateCreated,
  },
  {
    mode: 'F14',
    what: 'enqueued again after it had started: two runners, or a requeue of a running job',
    holds: (job) =>
      job.state === 'enqueued' &&
      job.dateStarted !== null &&
      job.dateEnqueued !== null &&
      job.dateStarted < job.dateEnqueued,
    at: (job) => job.dateEnqueued,
  },
  {
    mode: 'F18',
    what: 'NULL priority or date_created in a live job: the runner cannot order it and stops',
    holds: (job) => LIVE.has(job.state) && (job.priority === null || job.dateCreated === null),
    at: (job) => job.dateCreated,
  },
  {
    mode: 'F23',
    what: 'finished in a channel that queue_job_channel does not list: never cleaned up',
    holds: (job, { removalDays }) =>
      FINISHED.has(job.state) && removalDays(job.channel ?? '') === undefined,
    at: finishedAt,
  },
  {
    mode: 'F23',
    what: 'finished longer ago than its channel keeps jobs: the clean-up does not run',
    holds: (job, { now, removalDays }) => {
      const days = removalDays(job.channel ?? '')
      const at = finishedAt(job)
      // The clean-up runs once a day.
      return (
        FINISHED.has(job.state) && days !== undefined && at !== null && at < now - (days + 1) * DAY
      )
    },
    at: finishedAt,
  },
  {
    mode: 'F25',
    what: 'found dead and failed at once, because max_retries is 0',
    holds: (job) =>
      job.state === 'failed' &&
      job.maxRetries === 0 &&
      /(^|\.)JobFoundDead$/.test(job.excName ?? ''),
    at: (job) => job.dateStarted,
  },
]

/** Looks at each row once; memory does not grow with them. */
export class StuckCounter {
  readonly #context: StuckContext
  readonly #found = PREDICATES.map(() => ({
    count: 0,
    oldestAt: null as number | null,
    ids: [] as number[],
  }))

  constructor(context: StuckContext) {
    this.#context = context
  }

  look(job: JobRow): void {
    for (const [index, predicate] of PREDICATES.entries()) {
      if (!predicate.holds(job, this.#context)) continue
      const found = this.#found[index]!
      const at = predicate.at(job)
      found.count += 1
      if (at !== null && at < (found.oldestAt ?? Infinity)) found.oldestAt = at
      if (found.ids.length < EXAMPLES_MAX) found.ids.push(job.id)
    }
  }

  /** Only the kinds that were seen. */
  result(): StuckRows[] {
    return PREDICATES.map(({ mode, what }, index) => ({
      mode,
      what,
      ...this.#found[index]!,
    })).filter(({ count }) => count > 0)
  }
}

/** A function that the workload does not know: no job of Odoo runs longer without somebody noticing. */
const UNKNOWN_LONGEST_MS = HOUR

/**
 * How long a run can take: what Odoo's limit_time_real allows, and a minute until the worker is killed; where that is not
 * known, twice the longest run that was seen.
 */
export function longestRunMs(
  workload: Workload,
  host: Manifest['host'],
): (jobFunction: string) => number {
  const longest = new Map(
    workload.functions.map(({ name, durationMs }) => [
      name,
      durationMs[DURATION_PROBABILITIES.length - 1]!,
    ]),
  )
  const limitMs = (host?.limit_time_real ?? 0) * 1000
  return (jobFunction) => {
    const seenMs = longest.get(jobFunction)
    if (limitMs > 0) return Math.max(limitMs + MINUTE, seenMs ?? 0)
    return seenMs === undefined ? UNKNOWN_LONGEST_MS : Math.max(2 * seenMs, MINUTE)
  }
}
