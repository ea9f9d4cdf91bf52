/**
 * Jobs keep coming during an incident, as the workload says: a Poisson process per job function whose rate follows
 * the hours of the week, in bursts where the function has them. Each function draws from streams of its own, so all
 * twins of a seed see the same arrivals.
 */
import { hash32, type Random, random } from '../foundation/random.ts'
import { HOUR } from '../foundation/time.ts'
import { formatDependencies } from '../queue-job/dependencies.ts'
import { create } from '../queue-job/transitions.ts'
import type { Workload, WorkloadFunction } from '../queue-job/workload.ts'
import type { Core } from './core.ts'
import type { BoundFault } from './integrations.ts'
import type { JobStore } from './job-store.ts'

/** Jobs of one burst are committed together, milliseconds apart. */
const BURST_SPACING_MS = 40
/** Ids of records that the snapshot cannot know, above any real one of a mid-size company. */
const FRESH_RECORDS_FROM = 40_000_000
const SINGLE = formatDependencies({ dependsOn: [], reverseDependsOn: [] })

export interface ArrivalsOptions {
  readonly core: Core
  readonly jobs: JobStore
  readonly workload: Workload
  /** Hour of the workload's week that the start counts as, 0..167. */
  readonly startHourOfWeek: number
  readonly faults: readonly BoundFault[]
  /** `queue_job_function` ids by name, as far as rows show them. */
  readonly functionIds: ReadonlyMap<string, number>
}

export class Arrivals {
  readonly #sources: readonly Source[]

  constructor(options: ArrivalsOptions) {
    this.#sources = options.workload.functions.map((traffic, index) => {
      const source = new Source(options, traffic, index)
      source.start('base', 1, 0, Infinity)
      for (const [fault, bound] of options.faults.entries()) source.addFault(fault, bound)
      return source
    })
  }

  /** One more fault under its number; kinds other than bursts of arrivals change nothing here. */
  addFault(fault: number, bound: BoundFault): void {
    for (const source of this.#sources) source.addFault(fault, bound)
  }
}

/** The stream of one job function. */
class Source {
  readonly #o: ArrivalsOptions
  readonly #traffic: WorkloadFunction
  readonly #startedAt: number
  readonly #freshRecordsFrom: number
  #created = 0

  constructor(options: ArrivalsOptions, traffic: WorkloadFunction, index: number) {
    this.#o = options
    this.#traffic = traffic
    this.#startedAt = options.core.now
    this.#freshRecordsFrom = FRESH_RECORDS_FROM + index * 1_000_000
  }

  /** `factor` times the workload's rate, in a window after the start. */
  start(name: string, factor: number, fromMs: number, untilMs: number): void {
    const stream = random(this.#o.core.seed, 'arrivals', this.#traffic.name, name)
    this.#plan(stream, this.#startedAt + fromMs, factor, this.#startedAt + untilMs)
  }

  addFault(fault: number, { spec, functions }: BoundFault): void {
    if (spec.kind !== 'arrivals-burst' || !functions.includes(this.#traffic.name)) return
    this.start(`fault ${fault}`, spec.factor - 1, spec.fromMs, spec.untilMs ?? Infinity)
  }

  /** Schedules the next burst after `after`; the exponential law has no memory, so each hour starts anew. */
  #plan(stream: Random, after: number, factor: number, until: number): void {
    const { core } = this.#o
    let at = after
    for (let hours = 0; hours < 168; hours++) {
      const hourEndsAt = this.#hourEnd(at)
      const perHour = (this.#rateAt(at) * factor) / this.#traffic.burstMean
      const next = perHour > 0 ? at + stream.exponential(HOUR / perHour) : Infinity
      if (next < hourEndsAt) {
        if (next >= until) return
        core.schedule(next, () => {
          this.#burst(stream)
          this.#plan(stream, next, factor, until)
        })
        return
      }
      at = hourEndsAt
    }
  }

  #rateAt(at: number): number {
    const hour = this.#o.startHourOfWeek + Math.floor((at - this.#hourStart()) / HOUR)
    return this.#traffic.ratePerHour[hour % 168] ?? 0
  }

  /** The start counts as the same minute of its hour as `captured_at` has. */
  #hourStart(): number {
    return Math.floor(this.#startedAt / HOUR) * HOUR
  }

  #hourEnd(at: number): number {
    return (Math.floor(at / HOUR) + 1) * HOUR
  }

  #burst(stream: Random): void {
    const { core } = this.#o
    const { burstMean } = this.#traffic
    const size = burstMean <= 1 ? 1 : 1 + Math.floor(stream.exponential(burstMean - 1) + 0.5)
    for (let index = 0; index < size; index++) {
      core.schedule(core.now + index * BURST_SPACING_MS, () => this.#create())
    }
  }

  #create(): void {
    const { core, jobs, functionIds } = this.#o
    const traffic = this.#traffic
    const number = ++this.#created
    const draw = random(core.seed, 'job', traffic.name, number)
    const recordId =
      traffic.recordPool === null
        ? this.#freshRecordsFrom + number
        : draw.int(1, traffic.recordPool)
    const identityKey = traffic.identityKey ? identityOf(traffic.name, recordId) : null
    // 5.4: the caller gets the job that waits already.
    if (identityKey !== null && jobs.hasLiveIdentity(identityKey)) return
    const [model, method] = splitName(traffic.name)
    const companyId = traffic.companyIds.length > 0 ? draw.pick(traffic.companyIds) : null
    const value = traffic.argument === 'value' ? String(draw.int(0, 500)) : ''
    const { priority, maxRetries, channel } = traffic
    jobs.create({
      id: jobs.nextId,
      uuid: uuidOf(draw),
      graphUuid: null,
      userId: 1,
      companyId,
      name: `${model}: ${method.replaceAll('_', ' ')}`,
      modelName: model,
      methodName: method,
      records: JSON.stringify({
        _type: 'odoo_recordset',
        model: traffic.model,
        ids: [recordId],
        uid: 1,
        su: false,
        context: companyId === null ? {} : { allowed_company_ids: [companyId] },
      }),
      args: `[${value}]`,
      kwargs: '{}',
      funcString: `${traffic.model}(${recordId},).${method}(${value})`,
      dependencies: SINGLE,
      dateCreated: core.now,
      channelMethodName: `<${model}>.${method}`,
      jobFunctionId: functionIds.get(traffic.name) ?? null,
      identityKey,
      ...create({ priority, maxRetries, eta: null, channel, hasParent: false }),
    })
  }
}

/** The hour of the workload's week with most jobs: the default meaning of a drill's start. */
export function busiestHour(workload: Workload): number {
  let busiest = 0
  let most = -1
  for (let hour = 0; hour < 168; hour++) {
    const jobs = workload.functions.reduce((sum, { ratePerHour }) => sum + ratePerHour[hour]!, 0)
    if (jobs > most) [busiest, most] = [hour, jobs]
  }
  return busiest
}

function splitName(name: string): [model: string, method: string] {
  const dot = name.lastIndexOf('.')
  return [name.slice(0, dot), name.slice(dot + 1)]
}

/** 40 hexadecimal digits, as the addon's SHA-1 keys. */
function identityOf(name: string, recordId: number): string {
  const text = `${name} ${recordId}`
  return [1, 2, 3, 4, 5].map((part) => hex(hash32(text, part))).join('')
}

/** A version 4 uuid from the stream. */
function uuidOf(draw: Random): string {
  const word = () => hex(Math.floor(draw.next() * 0x1_0000_0000))
  const [a, b, c, d] = [word(), word(), word(), word()]
  const variant = '89ab'[Number.parseInt(c[0]!, 16) % 4]
  return `${a}-${b.slice(0, 4)}-4${b.slice(5)}-${variant}${c.slice(1, 4)}-${c.slice(4)}${d}`
}

function hex(word: number): string {
  return word.toString(16).padStart(8, '0')
}
