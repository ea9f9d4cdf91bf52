/**
 * What an engine's statements mean for the world: rows it knows change, rows it did not know are learned, and each
 * write that brings a job back to pending, grants it more tries, or pushes a keyed effect beyond its retention makes
 * the engine the cause of what follows (DESIGN section 4, "Causes").
 */
import { type ChangedColumns } from '../queue-job/columns.ts'
import type { JobRow } from '../queue-job/job.ts'
import { fromAudit, type JobTable } from './table.ts'
import type { World } from './world.ts'
import type { WorldJob } from './world-job.ts'

/** One audited statement; see `sandbox/sandbox.ts`. */
export interface EngineStatement {
  readonly op: 'insert' | 'update' | 'delete' | 'truncate'
  readonly rows: readonly { readonly id: number; readonly changed: ChangedColumns }[]
}

/**
 * Applies the statements in order. `numbers` are their write numbers in the journal; `current` holds the touched rows
 * as they stand in `table` now (a deleted row is absent).
 */
export function applyEngineWrites(
  world: World,
  table: JobTable,
  statements: readonly EngineStatement[],
  numbers: readonly number[],
  current: ReadonlyMap<number, JobRow>,
): void {
  learnUnknown(world, statements, current)
  for (const [index, { op, rows }] of statements.entries()) {
    const by = `engine:${numbers[index]!}` as const
    for (const { id, changed } of rows) {
      const job = world.jobs.byId(id)
      if (op === 'insert') {
        const row = current.get(id)
        if (row !== undefined && job === undefined) world.jobs.inserted(row, by)
      } else if (job !== undefined && (op === 'delete' || op === 'truncate')) {
        world.runner.forget(job)
        world.jobs.remove(job)
      } else if (job !== undefined) {
        update(world, job, changed, by)
      }
    }
  }
  // The audit cuts long texts: the rows themselves have the last word.
  for (const row of current.values()) {
    const job = world.jobs.byId(row.id)
    if (job !== undefined) Object.assign(job, table.mutableOf(row))
  }
}

/** Settled rows become known as they stood before the first statement that touched them. */
function learnUnknown(
  world: World,
  statements: readonly EngineStatement[],
  current: ReadonlyMap<number, JobRow>,
): void {
  const inserted = new Set(
    statements.filter(({ op }) => op === 'insert').flatMap(({ rows }) => rows.map(({ id }) => id)),
  )
  const before = new Map<number, JobRow>()
  for (const { op, rows } of statements.toReversed()) {
    if (op !== 'update') continue
    for (const { id, changed } of rows) {
      const row = before.get(id) ?? current.get(id)
      if (row === undefined || inserted.has(id) || world.jobs.byId(id) !== undefined) continue
      before.set(id, { ...row, ...patchOf(changed, 0) })
    }
  }
  for (const row of [...before.values()].sort((left, right) => left.id - right.id)) world.adopt(row)
}

function update(
  world: World,
  job: WorldJob,
  changed: ChangedColumns,
  by: `engine:${number}`,
): void {
  const patch = patchOf(changed, 1)
  const comesBack = changed.state !== undefined && ['pending', 'enqueued'].includes(patch.state!)
  const { safety } = job.operations
  if (!comesBack && (changed.retry !== undefined || changed.max_retries !== undefined)) {
    const left = Math.max(0, job.maxRetries - job.retry)
    job.triesBeforeGrant ??= job.maxRetries === 0 ? null : { left, by }
  }
  const firstAt = safety.kind === 'keyed' ? world.ledger.firstAt(job.key) : null
  const beyondRetention =
    safety.kind === 'keyed' &&
    firstAt !== null &&
    typeof patch.eta === 'number' &&
    patch.eta >= firstAt + safety.retentionMs
  world.jobs.overwrite(job, patch, comesBack || beyondRetention ? by : undefined)
}

/** `side` 0: what stood there before, 1: what was written. */
function patchOf(changed: ChangedColumns, side: 0 | 1): Partial<JobRow> {
  const entries = Object.entries(changed).flatMap(([name, values]) => {
    const value = fromAudit(name, values[side])
    return value === null ? [] : [[value.field, value.value] as const]
  })
  return Object.fromEntries(entries)
}
