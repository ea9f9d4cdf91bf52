/**
 * How things stood when the engine ended the incident: after everything that it wrote in that check. Looked at in the
 * sweep, since jobs go on afterwards.
 */
import type { JobTruth } from './job-truth.ts'

export interface KeptApart {
  readonly id: number
  readonly fn: string
  readonly channel: string
  readonly signature: string | null
  readonly integration: string | null
  /** `eta`: pushed beyond the closing; `channel`: moved to another one; `state`: hidden in a state. */
  readonly by: 'eta' | 'channel' | 'state'
  readonly write: number
}

export interface Unfinished {
  readonly job: JobTruth
  readonly id: number
  readonly fn: string
  readonly channel: string
  readonly signature: string | null
}

export interface ClosingState {
  readonly at: number
  /** Jobs that a write of the engine keeps from running. */
  readonly keptApart: readonly KeptApart[]
  /** Jobs that failed in this drill, or were killed, and are not finished. */
  readonly unfinished: readonly Unfinished[]
}

export function closingState(at: number, jobs: Iterable<JobTruth>): ClosingState {
  const keptApart: KeptApart[] = []
  const unfinished: Unfinished[] = []
  for (const job of jobs) {
    if (!job.present || job.finishedAt !== null) continue
    const { id, fn, channel, signature } = job
    const kept = keptBy(job, at)
    if (kept !== null) {
      const { integration } = job.operations
      keptApart.push({ id, fn, channel, signature, integration, ...kept })
    }
    const ended = job.lastRun?.outcome
    if (ended === 'failed' || ended === 'killed' || ended === 'postponed') {
      unfinished.push({ job, id, fn, channel, signature })
    }
  }
  return { at, keptApart, unfinished }
}

function keptBy(job: JobTruth, at: number): Pick<KeptApart, 'by' | 'write'> | null {
  const isWaiting = job.state === 'pending' || job.state === 'wait_dependencies'
  if (isWaiting && job.etaBy !== null && job.eta !== null && job.eta > at) {
    return { by: 'eta', write: job.etaBy }
  }
  if (isWaiting && job.channelBy !== null) return { by: 'channel', write: job.channelBy }
  // A dead run written down as what it is keeps nobody from anything: the row held a slot, now it waits for a person.
  if (job.state === 'failed' && job.lastRun?.outcome === 'killed') return null
  const wouldRun = job.ownState !== null && isRunnable(job.ownState)
  const isHidden = wouldRun && job.chosenBy !== null && !isRunnable(job.state)
  return isHidden ? { by: 'state', write: job.chosenBy! } : null
}

/** The runner takes it, or has taken it. */
function isRunnable(state: JobTruth['state']): boolean {
  return state === 'pending' || state === 'enqueued' || state === 'started'
}
