/** The rows of a snapshot with what is the same in every world: worked out once, shared by a drill and its twins. */
import { businessKeyOf } from '../queue-job/business-key.ts'
import { functionName, type JobRow } from '../queue-job/job.ts'
import { type FunctionOperations, type Operations, operationsOf } from '../queue-job/operations.ts'

export interface LoadedRow {
  readonly row: JobRow
  readonly fn: string
  readonly operations: FunctionOperations
  /** Business key. */
  readonly key: string
}

export function describeRow(row: JobRow, operations: Operations): LoadedRow {
  const fn = functionName(row)
  const entry = operationsOf(operations, fn)
  return { row, fn, operations: entry, key: businessKeyOf(fn, entry.businessKey, row) }
}

/** By id. */
export function describeRows(rows: readonly JobRow[], operations: Operations): LoadedRow[] {
  const described = rows.map((row) => describeRow(row, operations))
  return described.sort((left, right) => left.row.id - right.row.id)
}
