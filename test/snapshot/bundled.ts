/** The bundled companies, read once for the tests that look at them. */
import { readFile } from 'node:fs/promises'
import type { JobRow } from '../../src/queue-job/job.ts'
import type { Operations } from '../../src/queue-job/operations.ts'
import type { WorkloadFunction } from '../../src/queue-job/workload.ts'
import { parseOperations } from '../../src/scenario/operations-file.ts'
import { openSnapshot } from '../../src/snapshot/open.ts'
import type { Snapshot } from '../../src/snapshot/open.ts'
import { readJobs } from '../../src/snapshot/rows.ts'

export const COMPANIES = ['company-25k', 'company-60k'] as const

export interface Company {
  readonly snapshot: Snapshot
  readonly operations: Operations
  readonly jobs: readonly JobRow[]
}

export async function readCompany(name: string): Promise<Company> {
  const snapshot = await openSnapshot(name)
  const text = await readFile(snapshot.operationsPath, 'utf8')
  const jobs: JobRow[] = []
  for await (const job of readJobs(snapshot)) jobs.push(job)
  return { snapshot, operations: parseOperations(text, snapshot.operationsPath), jobs }
}

/** The week of these functions: for each of its 168 hours the sum of jobs × weight. */
export function hourly(
  functions: readonly WorkloadFunction[],
  weight: (fn: WorkloadFunction) => number,
): number[] {
  return Array.from({ length: 168 }, (_, hour) =>
    total(functions.map((fn) => fn.ratePerHour[hour]! * weight(fn))),
  )
}

export function total(list: readonly number[]): number {
  return list.reduce((sum, value) => sum + value, 0)
}
