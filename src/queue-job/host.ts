/** The machine and settings of the simulated Odoo; a scenario overrides single values. */
export interface HostParameters {
  /** The runner's channel text (`ODOO_QUEUE_JOB_CHANNELS`). */
  readonly channels: string
  /** HTTP workers (`workers`), which run the jobs beside the users' requests. */
  readonly httpWorkers: number
  /** HTTP workers that users keep busy on average. */
  readonly usersBusyWorkers: number
  readonly cpuCores: number
  readonly memoryMb: number
  /** Resident memory of an idle worker. */
  readonly workerMemoryMb: number
  /** Memory of everything else on the host. */
  readonly baseMemoryMb: number
  readonly databaseConnections: number
  /** Odoo's `limit_time_real`: a request (so also a job) that runs longer is killed; 0 = no limit. */
  readonly limitTimeRealMs: number
  /** Odoo's `limit_time_cpu`: an exception in the job. */
  readonly limitTimeCpuMs: number
  /** The cron "Jobs Garbage Collector" (reference 6.2), every 5 minutes. */
  readonly cronRequeue: boolean
  /** From `workers scale` until the new workers take requests. */
  readonly scaleDelayMs: number
}

/** A mid-size Odoo 16. */
export const DEFAULT_HOST: HostParameters = {
  channels: 'root:8,root.payment:1',
  httpWorkers: 12,
  usersBusyWorkers: 2,
  cpuCores: 4,
  memoryMb: 16_384,
  workerMemoryMb: 600,
  baseMemoryMb: 3_000,
  databaseConnections: 64,
  limitTimeRealMs: 120_000,
  limitTimeCpuMs: 60_000,
  cronRequeue: true,
  scaleDelayMs: 30_000,
}
