/** Workloads for the tests of the map: the bundled ones, and small ones made of names. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Workload, WorkloadFunction } from '../../../src/queue-job/workload.ts'

const SNAPSHOTS = fileURLToPath(new URL('../../../snapshots/', import.meta.url))

export async function bundledFile(company: string, name: string): Promise<string> {
  return readFile(join(SNAPSHOTS, company, name), 'utf8')
}

export async function bundledWorkload(company: string): Promise<Workload> {
  return JSON.parse(await bundledFile(company, 'workload.json')) as Workload
}

export function workload(...functions: readonly WorkloadFunction[]): Workload {
  return { format: 'queue-drill-workload/1', jobsPerDay: 1000, functions }
}

/** A function of which nothing but the name is told, unless `rest` does. */
export function fn(name: string, rest: Partial<WorkloadFunction> = {}): WorkloadFunction {
  return {
    name,
    channel: 'root',
    priority: 10,
    maxRetries: 5,
    retryPattern: null,
    ratePerHour: Array<number>(168).fill(1),
    durationMs: [10, 20, 40, 80, 120, 200, 300, 500, 900],
    cpuShare: 0.5,
    memoryMb: 50,
    failures: [],
    burstMean: 1,
    model: name.slice(0, name.lastIndexOf('.')),
    recordPool: null,
    argument: 'none',
    identityKey: false,
    companyIds: [1],
    ...rest,
  }
}

/** A failure of a partner, as requests tells it. */
export function timeoutOf(host: string, seconds: number): WorkloadFunction['failures'][number] {
  return {
    excName: 'requests.exceptions.ReadTimeout',
    excMessage: `HTTPSConnectionPool(host='${host}', port=443): Read timed out. (read timeout=${seconds})`,
    share: 0.01,
  }
}
