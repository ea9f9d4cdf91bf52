/**
 * The shapes of the engine's contract (`recovery/contract.ts`) as schemas: what other programs send is checked against
 * them, and the OpenAPI document is made of them. The interfaces bind; each schema must fit its own.
 */
import { z } from 'zod'
import { DAY } from '../foundation/time.ts'
import { STATES } from '../queue-job/job.ts'
import {
  type AutomationReport,
  type BaselineFigures,
  type CatalogueEntry,
  type DoctorReport,
  type ProbeReport,
  type RetryReport,
  type RetryRequest,
  SIGNALS,
  type TrackedFix,
  type WorkersReport,
} from '../recovery/contract.ts'

/** More than anybody writes into a note, and little enough for a journal. */
const TEXT_MAX = 10_000

const text = z.string().min(1).max(TEXT_MAX)
const jobId = z.int().positive()
const count = z.int().nonnegative()
/** Ten years: with more a moment would leave the calendar. */
const milliseconds = z
  .int()
  .nonnegative()
  .max(3650 * DAY)
/** JSON knows no dates: ISO 8601 in UTC. */
const moment = z.iso.datetime()
const jobState = z.enum(STATES)
const limit = z.int().positive()

export const doctorReport = z.object({
  healthy: z.boolean(),
  cpuUsed: z.number().describe('Mean over the last five minutes, 0 to 1 of all cores'),
  cpuCores: z.number(),
  memoryUsedMb: z.number(),
  memoryTotalMb: z.number(),
  memoryPerWorkerMb: z.number(),
  databaseConnectionsUsed: count,
  databaseConnectionsMax: count,
  httpWorkers: count,
  busyWorkers: count,
  rootCapacity: count,
  workersAddable: count.describe(
    'How many workers can be added before memory or connections run out',
  ),
  advice: z.string(),
}) satisfies z.ZodType<DoctorReport>

export const workersReport = z.object({
  httpWorkers: count,
  starting: count,
  rootCapacity: count,
  pids: z.array(z.int()),
  busy: count,
}) satisfies z.ZodType<WorkersReport>

export const scaleRequest = z.strictObject({
  by: z
    .int()
    .min(-1000)
    .max(1000)
    .describe('How many HTTP workers, and slots of root, more or fewer'),
})

export const queueShape = z.object({
  byState: z.array(z.object({ state: jobState, jobs: count })),
  channels: z.array(
    z.object({
      channel: z.string(),
      pending: count,
      due: count,
      started: count,
      failed: count,
      oldestDue: moment.nullable(),
    }),
  ),
})

export const blockersRequest = z.strictObject({
  limit: limit.max(1000).optional().describe('At most so many; default 30'),
})

export const blockers = z.array(
  z.object({
    id: jobId,
    state: jobState,
    channel: z.string(),
    jobFunction: z.string(),
    eta: moment.nullable(),
    dateCreated: moment,
    exception: z.string(),
  }),
)

export const retryRequest = z.strictObject({
  channel: text,
  olderThanMs: milliseconds.describe('Only what started so long ago'),
  limit: limit.nullable().describe('Null = all; only with force'),
  force: z.boolean().optional().describe('Also what is not documented safe; shows in the score'),
}) satisfies z.ZodType<RetryRequest>

export const retryReport = z.object({
  requeued: z.array(jobId),
  refused: z.array(z.object({ id: jobId, reason: z.string() })),
}) satisfies z.ZodType<RetryReport>

const forMs = milliseconds.describe('From now on, ms: one second to 24 hours')
const EITHER = { error: 'expected either channel or jobFunction, and nothing unknown' }
export const quarantineRequest = z.union(
  [z.strictObject({ channel: text, forMs }), z.strictObject({ jobFunction: text, forMs })],
  EITHER,
)

export const quarantineReport = z.object({ postponed: count, until: moment })

const released = limit.optional().describe('At most so many, the oldest first; default all')
export const releaseRequest = z.union(
  [
    z.strictObject({ channel: text, limit: released }),
    z.strictObject({ jobFunction: text, limit: released }),
  ],
  EITHER,
)

export const releaseReport = z.object({ released: z.array(jobId) })

export const probeRequest = z.strictObject({ integration: text })

export const probeReport = z.object({
  integration: z.string(),
  healthy: z.boolean(),
  answer: z.string().describe('ok, timeout, refused, unauthorized or slow'),
  latencyMs: z.number(),
}) satisfies z.ZodType<ProbeReport>

export const lookupRequest = z.strictObject({ job: jobId })
export const lookupReport = z.object({ answer: z.enum(['happened', 'absent', 'unknown']) })

export const automationRequest = z.strictObject({ name: text })
export const automationReports = z.array(
  z.object({
    name: z.string(),
    description: z.string(),
    everyMs: milliseconds,
    paused: z.boolean(),
  }) satisfies z.ZodType<AutomationReport>,
)

export const catalogue = z.record(
  z.string(),
  z.object({
    jobFunction: z.string(),
    safety: z.union([
      z.object({ kind: z.enum(['idempotent', 'unsafe', 'unknown']) }),
      z.object({ kind: z.literal('keyed'), retentionMs: milliseconds }),
    ]),
    integration: z.string().nullable(),
    slaMs: milliseconds.nullable(),
    carriesValue: z.boolean(),
  }) satisfies z.ZodType<CatalogueEntry>,
)

export const openRequest = z.strictObject({
  signals: z.array(z.enum(SIGNALS)).min(1).max(SIGNALS.length),
})
export const summaryRequest = z.strictObject({ summary: text })

export const baselineRequest = z.strictObject({
  byState: z.partialRecord(jobState, count),
  pendingByChannel: z.record(z.string(), count),
}) satisfies z.ZodType<BaselineFigures>

export const decisionRequest = z.strictObject({ what: text, why: text })

export const trackedFixRequest = z.strictObject({
  subject: z.union(
    [
      z.strictObject({ signature: text }),
      z.strictObject({ jobFunction: text }),
      z.strictObject({ channel: text }),
      z.strictObject({ jobs: z.array(jobId).min(1) }),
    ],
    { error: 'expected one of signature, jobFunction, channel and jobs' },
  ),
  owner: text,
  reason: text,
  isolatedBy: text.describe('What keeps it from running meanwhile'),
}) satisfies z.ZodType<TrackedFix>
