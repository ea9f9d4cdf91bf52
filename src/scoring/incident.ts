/**
 * The engine's own account of the incident: when it opened, closed, handed over, and which fixes it tracks. Believed as
 * acts only; whether the queue agrees is for the criteria. An engine that never says open is judged by its deeds.
 */
import { parsePgTimestamp } from '../foundation/time.ts'
import type { ActEvent, WriteEvent } from '../journal/events.ts'
import type { Replay } from './replay/replay.ts'
import type { End } from './score.ts'

export type TrackedFix = Extract<ActEvent, { act: 'tracked-fix' }>

export interface Incident {
  readonly end: End
  /** First open; null = never. */
  readonly openedAt: number | null
  /** First open or, without one, first write: when the engine had noticed. */
  readonly detectedAt: number | null
  readonly firstWriteAt: number | null
  /** Last closing or hand-over that no open followed; null = the incident was not ended. */
  readonly endedAt: number | null
  /** End of the watch window; null without an end. */
  readonly watchUntil: number | null
  /** Longest push of an eta into the future, ms. */
  readonly longestQuarantineMs: number
  readonly fixes: readonly TrackedFix[]
  /** Writes in later checks than the one that ended the incident. */
  readonly writesAfterEnd: readonly WriteEvent[]
}

export function incidentOf({ header, acts, writes }: Replay): Incident {
  const opens = acts.filter(({ act }) => act === 'open')
  const ending = acts.findLast(
    ({ act }) => act === 'open' || act === 'close' || act === 'hand-over',
  )
  const isEnded = ending !== undefined && ending.act !== 'open'
  const openedAt = opens[0]?.at ?? null
  const firstWriteAt = writes[0]?.at ?? null
  const longestQuarantineMs = longestQuarantine(writes)
  const { watchMinMs, watchMaxMs } = header.scenario.thresholds
  const watchMs = Math.min(watchMaxMs, Math.max(watchMinMs, 2 * longestQuarantineMs))
  return {
    end: isEnded
      ? ending.act === 'close'
        ? 'closed'
        : 'handed over'
      : openedAt === null
        ? 'not opened'
        : 'not closed',
    openedAt,
    detectedAt: openedAt ?? firstWriteAt,
    firstWriteAt,
    endedAt: isEnded ? ending.at : null,
    watchUntil: isEnded ? ending.at + watchMs : null,
    longestQuarantineMs,
    fixes: acts.filter((event): event is TrackedFix => event.act === 'tracked-fix'),
    writesAfterEnd: isEnded ? writesAfter(writes, ending) : [],
  }
}

/** What the check that ended the incident wrote belongs to it: the audit is taken when the check is over. */
function writesAfter(writes: readonly WriteEvent[], ending: ActEvent): readonly WriteEvent[] {
  return writes.filter(
    ({ at, check }) => at > ending.at || (at === ending.at && check > ending.check),
  )
}

function longestQuarantine(writes: readonly WriteEvent[]): number {
  let longest = 0
  for (const { at, rows } of writes) {
    for (const { changed } of rows) {
      const eta = changed.eta?.[1] ?? null
      if (eta !== null) longest = Math.max(longest, parsePgTimestamp(eta) - at)
    }
  }
  return longest
}

/** A fix that somebody can work with: who, why, and what keeps it isolated meanwhile. */
export function isComplete(fix: TrackedFix): boolean {
  return [fix.owner, fix.reason, fix.isolatedBy].every((text) => text.trim() !== '')
}

/** What a tracked fix may name. */
export interface FixTarget {
  readonly id: number
  readonly fn: string
  readonly channel: string
  readonly signature: string | null
}

/** Whether the fix names this job: by id, by its function, by its channel or one above it, by its signature. */
export function names({ subject }: TrackedFix, target: FixTarget): boolean {
  const { signature, jobFunction, channel, jobs } = subject
  if (jobs !== undefined) return jobs.includes(target.id)
  if (jobFunction !== undefined) return jobFunction === target.fn
  if (signature !== undefined) return signature === target.signature
  if (channel === undefined) return false
  return channel === target.channel || target.channel.startsWith(`${channel}.`)
}
