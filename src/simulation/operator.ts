/**
 * What an operator can see and do beside the database: `doctor`, workers, the partner's answers. Pure views of the
 * world; every act is noted in the journal by whoever calls (`drill/operations.ts`).
 */
import type { World } from './world.ts'

/** Where `doctor` begins to worry, as shares of what there is. */
const CPU_LIMIT_SHARE = 0.85
const MEMORY_LIMIT_SHARE = 0.9
const CONNECTIONS_LIMIT_SHARE = 0.9
/** A worker holds a connection for the request and one for the registry's signalling or a failing job's store. */
const CONNECTIONS_PER_WORKER = 2
/** Jobs and users together make a worker this much larger than an idle one. */
const BUSY_MEMORY_SHARE = 1.2

/** What `doctor` reports: the contract of the engine (`recovery/contract.ts`) names each figure. */
export function viewHost(world: World) {
  const { host, runner } = world
  const { parameters } = host
  const memoryUsedMb = Math.round(host.memoryUsedMb)
  const connections = host.httpWorkers * CONNECTIONS_PER_WORKER
  const memoryPerWorkerMb = Math.round(parameters.workerMemoryMb * BUSY_MEMORY_SHARE)
  const memoryRoomMb = parameters.memoryMb * MEMORY_LIMIT_SHARE - memoryUsedMb
  const connectionRoom = parameters.databaseConnections * CONNECTIONS_LIMIT_SHARE - connections
  const cpuHot = host.cpuUsed > CPU_LIMIT_SHARE
  const workersAddable = cpuHot
    ? 0
    : Math.max(
        0,
        Math.floor(
          Math.min(memoryRoomMb / memoryPerWorkerMb, connectionRoom / CONNECTIONS_PER_WORKER),
        ),
      )
  const healthy = !cpuHot && memoryRoomMb > 0 && connectionRoom > 0
  return {
    healthy,
    cpuUsed: Math.round(host.cpuUsed * 1000) / 1000,
    cpuCores: parameters.cpuCores,
    memoryUsedMb,
    memoryTotalMb: parameters.memoryMb,
    memoryPerWorkerMb,
    databaseConnectionsUsed: connections,
    databaseConnectionsMax: parameters.databaseConnections,
    httpWorkers: host.httpWorkers,
    busyWorkers: host.busy,
    rootCapacity: runner.rootCapacity,
    workersAddable,
    advice: adviceOf(cpuHot, memoryRoomMb, connectionRoom, workersAddable),
  }
}

function adviceOf(
  cpuHot: boolean,
  memoryRoomMb: number,
  connectionRoom: number,
  workersAddable: number,
): string {
  if (cpuHot) return 'The processors are busy: more workers would only make every job slower.'
  if (memoryRoomMb <= 0) return 'Memory is short: one more worker risks an out-of-memory kill.'
  if (connectionRoom <= 0) return 'The database has no connections left for more workers.'
  return `There is room for ${workersAddable} more workers.`
}

/** What `workers show` reports. */
export function viewWorkers(world: World) {
  const { host, runner } = world
  return {
    httpWorkers: host.httpWorkers,
    starting: host.starting,
    rootCapacity: runner.rootCapacity,
    pids: host.pids,
    busy: host.busy,
  }
}

/** `workers scale queue --count BY`: as many HTTP workers and slots of `root` more (or fewer). */
export function scaleWorkers(world: World, by: number): void {
  const { host, runner, core } = world
  host.scale(by, () => runner.setRootCapacity(Math.max(1, runner.rootCapacity + by)))
  core.record({ at: core.now, type: 'worker', event: 'scaled', httpWorkers: host.wanted })
}

/** What the partner says of one job: `unknown` where it cannot or does not answer, or the job calls nobody. */
export function lookupEffect(world: World, jobId: number): 'happened' | 'absent' | 'unknown' {
  const job = world.jobs.byId(jobId)
  const integration = job?.operations.integration ?? null
  if (job === undefined || integration === null || job.operations.effect === 'none')
    return 'unknown'
  if (!world.integrations.answersLookups(integration)) return 'unknown'
  return world.ledger.happened(job.key) ? 'happened' : 'absent'
}
