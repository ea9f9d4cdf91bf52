/**
 * Calm, 10 points: healthy jobs are not delayed (4), nothing is written for nothing (3), and the engine does not load
 * the database that everybody waits for (3).
 */
import { MINUTE, parsePgTimestamp } from '../../foundation/time.ts'
import { count, evidence } from '../evidence.ts'
import type { Facts } from '../facts.ts'
import { isSettled } from '../replay/job-truth.ts'
import type { Replay } from '../replay/replay.ts'
import type { GradeLine } from '../score.ts'
import { falling, gradeLine } from './grade-line.ts'

/** After a fault has ended an engine may take so long to find out. */
const GRACE_MS = 10 * MINUTE
/** Healthy jobs delayed: no points left. */
const DELAYED_NONE = 200
/** Times that one row is written: quarantine, renewals of half an hour each, release. */
const REWRITES_FULL = 4
const REWRITES_NONE = 12
/** A check: the runbook needs half a dozen statements; lists of some hundred rows. */
const STATEMENTS_FULL = 30
const STATEMENTS_NONE = 150
const ROWS_FULL = 3_000
const ROWS_NONE = 30_000

export function calm({ drill }: Facts): readonly GradeLine[] {
  return [healthyLine(drill), writesLine(drill), queriesLine(drill)]
}

function healthyLine(drill: Replay): GradeLine {
  const delayed = new Set<number>()
  const writes = new Set<number>()
  for (const { at, write, op, rows } of drill.writes) {
    if (op !== 'update') continue
    for (const { id, changed } of rows) {
      const job = drill.jobs.get(id)
      const eta = changed.eta?.[1] ?? null
      const isPushed = eta !== null && parsePgTimestamp(eta) > at
      const isMoved = changed.channel !== undefined && changed.channel[1] !== job?.ownChannel
      if (job === undefined || (!isPushed && !isMoved)) continue
      const { integration } = job.operations
      if (drill.windows.blockingWithin(integration, at - GRACE_MS, at).length > 0) continue
      delayed.add(id)
      writes.add(write)
    }
  }
  const text =
    delayed.size === 0
      ? 'no healthy job was kept back'
      : `${count(delayed.size, 'job')} kept back although their target worked`
  return gradeLine(
    'healthy',
    'Healthy jobs left alone',
    4,
    falling(delayed.size, 0, DELAYED_NONE),
    [evidence(text, { jobs: [...delayed], writes: [...writes] })],
  )
}

function writesLine(drill: Replay): GradeLine {
  const timesById = new Map<number, number>()
  for (const { rows } of drill.writes) {
    for (const { id } of rows) timesById.set(id, (timesById.get(id) ?? 0) + 1)
  }
  const total = [...timesById.values()].reduce((sum, times) => sum + times, 0)
  const mean = timesById.size === 0 ? 0 : total / timesById.size
  // Settled rows that the journal does not name at all were deleted: also written to for nothing.
  const settled = [...timesById.keys()].filter((id) => {
    const job = drill.jobs.get(id)
    return job === undefined || isSettled(job.loadedAs)
  })
  const share = Math.min(
    falling(mean, REWRITES_FULL, REWRITES_NONE),
    falling(settled.length, 0, 50),
  )
  const lines = [
    evidence(
      total === 0
        ? 'nothing was written'
        : `${count(total, 'row')} written, ${mean.toFixed(1)} times each on average`,
    ),
  ]
  if (settled.length > 0) {
    lines.push(evidence(`${count(settled.length, 'settled job')} written to`, { jobs: settled }))
  }
  return gradeLine('writes', 'No needless writes', 3, share, lines)
}

function queriesLine({ checks }: Replay): GradeLine {
  const mean = (value: (check: Replay['checks'][number]) => number) =>
    checks.length === 0 ? 0 : checks.reduce((sum, check) => sum + value(check), 0) / checks.length
  const statements = mean((check) => check.statements)
  const rows = mean((check) => check.rows)
  const share = Math.min(
    falling(statements, STATEMENTS_FULL, STATEMENTS_NONE),
    falling(rows, ROWS_FULL, ROWS_NONE),
  )
  return gradeLine('queries', 'Light on the database', 3, share, [
    evidence(
      `${statements.toFixed(1)} statements and ${Math.round(rows).toLocaleString('en-US')} rows a check`,
    ),
  ])
}
