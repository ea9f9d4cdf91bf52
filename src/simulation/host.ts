/**
 * The machine: HTTP workers that run jobs beside the users' requests, CPU cores, memory. A job that waits for a
 * partner holds its worker and no CPU, which is why a dead target leaves the CPU idle while the queue grows.
 */
import { random } from '../foundation/random.ts'
import { MINUTE, SECOND } from '../foundation/time.ts'
import type { HostParameters } from '../queue-job/host.ts'
import type { Core } from './core.ts'

/** A killed worker is replaced by the server after this. */
const RESTART_MS = 2 * SECOND
/** CPU that one user request keeps busy on average. */
const USER_CPU_SHARE = 0.3
/** Minutes over which `doctor` and the samples look back. */
const DOCTOR_MINUTES = 5

export interface Worker {
  readonly pid: number
  /** Number of the run it performs; null = it waits for a request. */
  run: number | null
  memoryMb: number
}

export class Host {
  readonly parameters: HostParameters
  readonly #core: Core
  readonly #workers: Worker[] = []
  readonly #waiting: (() => void)[] = []
  readonly #cpuByMinute: number[] = []
  #nextPid: number
  #wanted: number
  #starting = 0
  #users = 0
  #computing = 0
  #cpuIntegral = 0
  #busyIntegral = 0
  #integratedAt: number
  #minuteStartedAt: number

  constructor(core: Core, parameters: HostParameters) {
    this.#core = core
    this.parameters = parameters
    this.#nextPid = random(core.seed, 'pids').int(10_000, 20_000)
    this.#wanted = parameters.httpWorkers
    this.#integratedAt = this.#minuteStartedAt = core.now
    for (let index = 0; index < parameters.httpWorkers; index++) this.#spawn()
  }

  /** Begins users' requests; `sample` gets each finished minute. */
  start(sample: (cpu: number, busyWorkers: number) => void): void {
    const users = random(this.#core.seed, 'users')
    this.#core.every(this.#core.now, MINUTE, () => {
      if (this.#core.now > this.#minuteStartedAt) sample(...this.#closeMinute())
      this.#integrate()
      // Requests of users come and go within seconds; a minute sees an average of them.
      const share = users.next() + users.next()
      this.#users = Math.round(this.parameters.usersBusyWorkers * share)
      this.#serve()
    })
  }

  get httpWorkers(): number {
    return this.#workers.length
  }

  get starting(): number {
    return this.#starting
  }

  get pids(): number[] {
    return this.#workers.map((worker) => worker.pid).sort((left, right) => left - right)
  }

  get busy(): number {
    return Math.min(this.#workers.length, this.#running.length + this.#users)
  }

  get memoryUsedMb(): number {
    const { baseMemoryMb, workerMemoryMb } = this.parameters
    const jobs = this.#workers.reduce((sum, worker) => sum + worker.memoryMb, 0)
    return baseMemoryMb + this.#workers.length * workerMemoryMb + jobs
  }

  /** Mean of the last five minutes, 0..1. */
  get cpuUsed(): number {
    const minutes = this.#cpuByMinute
    if (minutes.length === 0) return Math.min(1, this.#demand() / this.parameters.cpuCores)
    return minutes.reduce((sum, cpu) => sum + cpu, 0) / minutes.length
  }

  /** A worker that lived before the start and still does: takes the place of a fresh one. */
  adopt(pid: number): Worker | null {
    const index = this.#workers.findIndex((worker) => worker.run === null)
    if (index < 0) return null
    const worker: Worker = { pid, run: null, memoryMb: 0 }
    this.#workers[index] = worker
    return worker
  }

  /** Hands a free worker to `serve` as soon as there is one, in the order of the requests. */
  request(serve: (worker: Worker) => void): void {
    this.#waiting.push(() => serve(this.#idle!))
    this.#serve()
  }

  /** The request is answered. */
  release(worker: Worker): void {
    worker.run = null
    worker.memoryMb = 0
    if (this.#workers.length > this.#wanted) this.#retire(worker)
    this.#serve()
  }

  /** SIGKILL: the process is gone, another starts soon. */
  kill(worker: Worker): void {
    this.#retire(worker)
    this.#core.schedule(this.#core.now + RESTART_MS, () => {
      if (this.#workers.length + this.#starting < this.#wanted) {
        this.#spawn()
        this.#serve()
      }
    })
  }

  /** More or fewer workers from now on; new ones after the start-up delay, `ready` is called with them. */
  scale(by: number, ready: () => void): void {
    this.#wanted = Math.max(1, this.#wanted + by)
    if (by > 0) {
      this.#starting += by
      this.#core.schedule(this.#core.now + this.parameters.scaleDelayMs, () => {
        this.#starting -= by
        while (this.#workers.length < this.#wanted - this.#starting) this.#spawn()
        ready()
        this.#serve()
      })
      return
    }
    while (this.#workers.length > this.#wanted && this.#idle !== undefined) this.#retire(this.#idle)
    ready()
  }

  get wanted(): number {
    return this.#wanted
  }

  /** Begins a stretch of computing of `ms` on one core; returns how long it takes under the present load. */
  compute(ms: number): number {
    this.#integrate()
    this.#computing++
    return ms * Math.max(1, this.#demand() / this.parameters.cpuCores)
  }

  endCompute(): void {
    this.#integrate()
    this.#computing--
  }

  get #running(): Worker[] {
    return this.#workers.filter((worker) => worker.run !== null)
  }

  get #idle(): Worker | undefined {
    return this.#workers.find((worker) => worker.run === null)
  }

  #serve(): void {
    while (this.#waiting.length > 0 && this.#running.length + this.#users < this.#workers.length) {
      this.#waiting.shift()!()
    }
  }

  #spawn(): void {
    this.#workers.push({ pid: this.#nextPid++, run: null, memoryMb: 0 })
  }

  #retire(worker: Worker): void {
    const index = this.#workers.indexOf(worker)
    if (index >= 0) this.#workers.splice(index, 1)
  }

  #demand(): number {
    return this.#computing + this.#users * USER_CPU_SHARE
  }

  #integrate(): void {
    const elapsed = this.#core.now - this.#integratedAt
    if (elapsed > 0) {
      this.#cpuIntegral += Math.min(1, this.#demand() / this.parameters.cpuCores) * elapsed
      this.#busyIntegral += this.busy * elapsed
      this.#integratedAt = this.#core.now
    }
  }

  #closeMinute(): [cpu: number, busyWorkers: number] {
    this.#integrate()
    const elapsed = this.#core.now - this.#minuteStartedAt
    const cpu = this.#cpuIntegral / elapsed
    const busy = this.#busyIntegral / elapsed
    this.#cpuByMinute.push(cpu)
    if (this.#cpuByMinute.length > DOCTOR_MINUTES) this.#cpuByMinute.shift()
    this.#minuteStartedAt = this.#core.now
    this.#cpuIntegral = this.#busyIntegral = 0
    return [cpu, busy]
  }
}
