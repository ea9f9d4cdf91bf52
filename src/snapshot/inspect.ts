/** What is in a snapshot, as figures: the first look at a queue, before anything is loaded. */
import { STATES, functionName } from '../queue-job/job.ts'
import type { JobRow, JobState } from '../queue-job/job.ts'
import { signatureOf } from '../queue-job/signature.ts'
import { DuplicateCounter } from './inspect/duplicates.ts'
import type { DuplicateKeys } from './inspect/duplicates.ts'
import { StuckCounter, longestRunMs } from './inspect/stuck.ts'
import type { StuckRows } from './inspect/stuck.ts'
import { trafficOf, wholeRhythm } from './inspect/traffic.ts'
import type { FunctionTraffic, Rhythm } from './inspect/traffic.ts'
import { WaitingCounter } from './inspect/waiting.ts'
import type { WaitingJobs } from './inspect/waiting.ts'
import type { Snapshot } from './open.ts'
import { readJobs, readTable } from './rows.ts'

/** Rows in the lists of oldest jobs and of signatures. */
const LISTED_MAX = 10

export interface Counts {
  readonly rows: number
  readonly pending: number
  /** Pending and not before its eta. */
  readonly due: number
  /** Enqueued or started. */
  readonly running: number
  readonly failed: number
}

export interface OldPending {
  readonly id: number
  readonly jobFunction: string
  readonly channel: string
  /** ms. */
  readonly createdAt: number | null
  readonly eta: number | null
  /** Why it came back, if it did. */
  readonly result: string | null
}

export interface SignatureCount {
  readonly signature: string
  readonly count: number
  /** ms, of `date_started`. */
  readonly firstAt: number | null
  readonly lastAt: number | null
}

export interface Inspection {
  readonly rows: number
  /** Mean over the week, of the workload. */
  readonly jobsPerDay: number
  /** When jobs arrive, all functions together. */
  readonly rhythm: Rhythm
  readonly oldestAt: number | null
  readonly byState: Readonly<Record<JobState, number>>
  /** Most rows first; `listed`: the table of channels knows it. */
  readonly channels: readonly (Counts & { readonly channel: string; readonly listed: boolean })[]
  /** Most rows first, those of the workload without a row last; `traffic` null: not in the workload. */
  readonly functions: readonly (Counts & {
    readonly jobFunction: string
    readonly traffic: FunctionTraffic | null
  })[]
  /** Oldest first. */
  readonly oldestPending: readonly OldPending[]
  /** Of failed jobs, most frequent first. */
  readonly signatures: readonly SignatureCount[]
  readonly waiting: WaitingJobs
  readonly duplicateKeys: DuplicateKeys
  /** Only what was seen. */
  readonly stuck: readonly StuckRows[]
}

/** Reads every row once, twice where jobs wait for others or share a key; memory grows with channels, functions and signatures, not with rows. */
export async function inspectSnapshot(snapshot: Snapshot): Promise<Inspection> {
  const removalDays = new Map<string, number>()
  for await (const channel of readTable(snapshot, 'queue_job_channel')) {
    removalDays.set(channel['complete_name'] ?? '', Number(channel['removal_interval'] ?? 0))
  }
  const waiting = new WaitingCounter()
  const duplicates = new DuplicateCounter()
  const stuck = new StuckCounter({
    now: snapshot.capturedAt,
    longestMs: longestRunMs(snapshot.workload, snapshot.manifest.host),
    removalDays: (channel) => removalDays.get(channel),
  })
  const byState = Object.fromEntries(STATES.map((state) => [state, 0])) as Record<JobState, number>
  const channels = new Map<string, Counts>()
  const functions = new Map<string, Counts>()
  const signatures = new Map<string, SignatureCount>()
  let oldestPending: JobRow[] = []
  let oldestAt: number | null = null
  for await (const job of readJobs(snapshot)) {
    byState[job.state] += 1
    count(channels, job.channel ?? '', job, snapshot.capturedAt)
    count(functions, functionName(job), job, snapshot.capturedAt)
    oldestAt = earlier(oldestAt, job.dateCreated)
    if (job.state === 'pending') oldestPending = oldest([...oldestPending, job])
    if (job.state === 'failed') countSignature(signatures, job)
    waiting.look(job)
    duplicates.look(job)
    stuck.look(job)
  }
  if (waiting.needsParents || duplicates.hasSuspects) {
    for await (const job of readJobs(snapshot)) {
      waiting.lookAtParents(job)
      duplicates.count(job)
    }
  }
  const traffic = new Map(snapshot.workload.functions.map((fn) => [fn.name, trafficOf(fn)]))
  for (const name of traffic.keys()) if (!functions.has(name)) functions.set(name, NO_ROWS)
  return {
    rows: snapshot.manifest.tables.queue_job.rows,
    jobsPerDay: snapshot.workload.jobsPerDay,
    rhythm: wholeRhythm(snapshot.workload),
    oldestAt,
    byState,
    channels: ranked(channels).map(([channel, counts]) => ({
      channel,
      listed: removalDays.has(channel),
      ...counts,
    })),
    functions: ranked(functions).map(([jobFunction, counts]) => ({
      jobFunction,
      traffic: traffic.get(jobFunction) ?? null,
      ...counts,
    })),
    oldestPending: oldestPending.map((job) => ({
      id: job.id,
      jobFunction: functionName(job),
      channel: job.channel ?? '',
      createdAt: job.dateCreated,
      eta: job.eta,
      result: job.result,
    })),
    signatures: [...signatures.values()]
      .sort((left, right) => right.count - left.count || compare(left.signature, right.signature))
      .slice(0, LISTED_MAX),
    waiting: waiting.result(),
    duplicateKeys: duplicates.result(),
    stuck: stuck.result(),
  }
}

const NO_ROWS: Counts = { rows: 0, pending: 0, due: 0, running: 0, failed: 0 }

function count(map: Map<string, Counts>, key: string, job: JobRow, now: number): void {
  const before = map.get(key) ?? NO_ROWS
  const pending = job.state === 'pending'
  map.set(key, {
    rows: before.rows + 1,
    pending: before.pending + Number(pending),
    due: before.due + Number(pending && (job.eta ?? now) <= now),
    running: before.running + Number(job.state === 'enqueued' || job.state === 'started'),
    failed: before.failed + Number(job.state === 'failed'),
  })
}

function countSignature(map: Map<string, SignatureCount>, job: JobRow): void {
  const signature = signatureOf({ ...job, jobFunction: functionName(job) }) ?? functionName(job)
  const before = map.get(signature)
  map.set(signature, {
    signature,
    count: (before?.count ?? 0) + 1,
    firstAt: earlier(before?.firstAt ?? null, job.dateStarted),
    lastAt: later(before?.lastAt ?? null, job.dateStarted),
  })
}

function oldest(jobs: readonly JobRow[]): JobRow[] {
  return [...jobs]
    .sort((left, right) => (left.dateCreated ?? 0) - (right.dateCreated ?? 0) || left.id - right.id)
    .slice(0, LISTED_MAX)
}

function ranked(map: ReadonlyMap<string, Counts>): [string, Counts][] {
  return [...map].sort(
    ([leftKey, left], [rightKey, right]) => right.rows - left.rows || compare(leftKey, rightKey),
  )
}

/** By code units: the order of the machine's locale would differ from place to place. */
function compare(left: string, right: string): number {
  return left < right ? -1 : Number(left > right)
}

function earlier(left: number | null, right: number | null): number | null {
  return left === null || right === null ? (left ?? right) : Math.min(left, right)
}

function later(left: number | null, right: number | null): number | null {
  return left === null || right === null ? (left ?? right) : Math.max(left, right)
}
