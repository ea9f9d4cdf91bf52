/**
 * Who owns each duplicate and each stale overwrite (DESIGN section 4, "Causes", and 6.2): what last brought the row
 * back. The world names the cause; three things it cannot know are found here: a cron or an automation that picked a
 * row because the engine had changed it, work that was rolled back because the engine wrote into a running job, and
 * kills for want of memory after the engine had added workers.
 */
import { isoUtc } from '../../foundation/time.ts'
import type { Cause, EffectEvent, WriteEvent } from '../../journal/events.ts'
import { clock, count } from '../evidence.ts'
import type { RunTruth } from '../replay/job-truth.ts'
import type { Repeat } from '../replay/ledger.ts'
import type { Replay } from '../replay/replay.ts'
import type { ExecutionRef, SideEffectFault } from '../score.ts'

/** Every repeated effect of `seen`, in the order in which they happened. */
export function sideEffectFaults(seen: Replay, noop: Replay): readonly SideEffectFault[] {
  const writes = new Map(seen.writes.map((write) => [write.write, write]))
  const killedByScaling = rerunsAfterScaling(seen, noop)
  return seen.repeats.map((repeat) => {
    const { second, first, kind } = repeat
    const { owner, write, cause } = ownerOf(repeat, seen, writes, killedByScaling)
    return {
      kind,
      owner,
      jobFunction: second.fn,
      key: second.key,
      effect: second.effect,
      first: first === null ? null : executionOf(first),
      second: executionOf(second),
      cause,
      write,
    }
  })
}

function executionOf({ id, run, at }: EffectEvent): ExecutionRef {
  return { job: id, run, at: isoUtc(at) }
}

type Ownership = Pick<SideEffectFault, 'owner' | 'write' | 'cause'>

function ownerOf(
  { second, kind }: Repeat,
  seen: Replay,
  writes: ReadonlyMap<number, WriteEvent>,
  killedByScaling: ReadonlyMap<number, string>,
): Ownership {
  const run = seen.runs.get(second.run)
  const named = writeOf(second.cause)
  const number = named ?? run?.engineBehind ?? null
  if (number !== null) {
    const write = writes.get(number)
    if (write === undefined) {
      return {
        owner: 'undecided',
        write: number,
        cause: `engine write ${number}, which the journal does not hold`,
      }
    }
    // An older value is the engine's only where its requeue ran it; postponing a job reorders nothing by itself.
    if (kind === 'stale overwrite' && !bringsBack(write, second.id)) {
      return { owner: 'queue', write: null, cause: describeCause(second.cause, run) }
    }
    const how = named === null ? `${describeCause(second.cause, run)} after ` : ''
    return { owner: 'engine', write: number, cause: how + describeWrite(write) }
  }
  const scaling = kind === 'duplicate' ? killedByScaling.get(second.run) : undefined
  if (scaling !== undefined) return { owner: 'engine', write: null, cause: scaling }
  return { owner: 'queue', write: null, cause: describeCause(second.cause, run) }
}

function bringsBack(write: WriteEvent, id: number): boolean {
  if (write.op === 'insert') return true
  return write.rows.some((row) => row.id === id && row.changed.state !== undefined)
}

function writeOf(cause: Cause): number | null {
  return cause.startsWith('engine:') ? Number(cause.slice('engine:'.length)) : null
}

/** `engine write 12 (update of 214 rows at 10:25:00)`. */
function describeWrite({ write, op, via, rows, at }: WriteEvent): string {
  const how = via === 'operation' ? 'operation, ' : ''
  return `engine write ${write} (${how}${op} of ${count(rows.length, 'row')} at ${clock(at)})`
}

function describeCause(cause: Cause, run: RunTruth | undefined): string {
  if (cause.startsWith('automation:')) return `automation ${cause.slice('automation:'.length)}`
  if (cause.startsWith('engine:')) return `engine write ${cause.slice('engine:'.length)}`
  switch (cause) {
    case 'loaded':
      return 'it was in the queue at the start'
    case 'arrival':
      return 'the business created the job'
    case 'retry':
      return 'the retry rule of the job'
    case 'conflict':
      return run?.engineBehind == null
        ? 'a serialization conflict within the queue'
        : 'its work was rolled back (40001)'
    case 'dependency':
      return 'the job it depended on was done'
    default:
      return 'the cron that requeues dead jobs'
  }
}

/**
 * Runs that only exist because the run before was killed for want of memory after the engine had added workers, where
 * nobody is killed so when nobody acts. Run → the cause in words.
 */
function rerunsAfterScaling(seen: Replay, noop: Replay): ReadonlyMap<number, string> {
  const found = new Map<number, string>()
  const scaled = seen.acts.find((act) => act.act === 'scale' && act.by > 0)
  const isOrdinary = noop.workers.some(({ event }) => event === 'out-of-memory')
  if (scaled === undefined || isOrdinary) return found
  const last = new Map<number, RunTruth>()
  for (const run of seen.runs.values()) {
    const before = last.get(run.job)
    last.set(run.job, run)
    if (before === undefined || !before.outOfMemory || (before.endedAt ?? 0) < scaled.at) continue
    found.set(
      run.run,
      `run ${before.run} was killed for want of memory after the engine had added workers at ${clock(scaled.at)}`,
    )
  }
  return found
}
