/**
 * The simulated machine of a drill: what the scenario says, else what the snapshot recorded of the company's Odoo, else a
 * usual one. The configuration of an Odoo does not tell the machine below it: that grows and shrinks with the workers.
 */
import { DEFAULT_HOST, type HostParameters } from '../queue-job/host.ts'
import { SECOND } from '../foundation/time.ts'
import type { Manifest } from '../snapshot/format.ts'

type Recorded = NonNullable<Manifest['host']>

const WORKERS_MAX = 1000

/** Keys in the order of DEFAULT_HOST: the digest of a journal depends on it. */
export function hostOf(recorded: Recorded, stated: Partial<HostParameters>): HostParameters {
  return { ...DEFAULT_HOST, ...recordedHost(recorded), ...stated }
}

function recordedHost(recorded: Recorded): Partial<HostParameters> {
  const { channels, workers, limit_time_real: real, limit_time_cpu: cpu } = recorded
  return {
    ...(channels === undefined ? {} : { channels }),
    // Without workers Odoo runs threads; workers without the slots that they serve tell nothing.
    ...(channels === undefined || !(Number(workers) > 0) ? {} : machineFor(Number(workers))),
    ...(real === undefined ? {} : { limitTimeRealMs: real * SECOND }),
    ...(cpu === undefined ? {} : { limitTimeCpuMs: cpu * SECOND }),
  }
}

/** As much of everything for each worker as the usual machine has. */
function machineFor(workers: number): Partial<HostParameters> {
  const httpWorkers = Math.min(workers, WORKERS_MAX)
  const share = httpWorkers / DEFAULT_HOST.httpWorkers
  const { usersBusyWorkers, cpuCores, memoryMb, baseMemoryMb, databaseConnections } = DEFAULT_HOST
  return {
    httpWorkers,
    usersBusyWorkers: usersBusyWorkers * share,
    cpuCores: Math.max(1, Math.round(cpuCores * share)),
    memoryMb: Math.ceil(baseMemoryMb + (memoryMb - baseMemoryMb) * share),
    databaseConnections: Math.ceil(databaseConnections * Math.max(1, share)),
  }
}
