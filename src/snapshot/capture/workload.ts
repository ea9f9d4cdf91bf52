/** `workload.json` of a captured queue, from what the server has aggregated. Pure: the same figures give the same file. */
import { DrillError } from '../../foundation/errors.ts'
import { DAY } from '../../foundation/time.ts'
import type { Workload, WorkloadFunction } from '../../queue-job/workload.ts'
import type { Configuration } from './configuration.ts'
import { durationQuantiles, mergeDurations } from './durations.ts'
import { failureMix } from './failures.ts'
import { WEEKS_MAX } from './history.ts'
import type { FunctionHistory, History } from './history.ts'
import type { ValueMasks } from './mask-values.ts'
import { ratesOf, usualOf, windowStarts } from './rates.ts'
import type { Rates, WindowStart } from './rates.ts'
import { burstMean, recordPool } from './recent.ts'
import type { RecentFunction } from './recent.ts'

/** The table does not show these: what most jobs of an Odoo need. */
const CPU_SHARE = 0.25
const MEMORY_MB = 40
/** The addon's own, where a row has none. */
const PRIORITY = 10
const MAX_RETRIES = 5

export interface WorkloadSources {
  readonly history: History
  readonly recent: readonly RecentFunction[]
  readonly configuration: Configuration
  /** ms. */
  readonly now: number
  /** Of everything that stands in the rows, too. */
  readonly masks: ValueMasks
}

/** Throws DrillError `input` where the table has no traffic to learn from. */
export function workloadOfHistory(sources: WorkloadSources): Workload {
  const { history, now, configuration } = sources
  const histories = [...history.functions.values()].sort((a, b) => (a.name < b.name ? -1 : 1))
  const total = (rates: readonly Rates[]) => rates.reduce((sum, { jobs }) => sum + jobs, 0)
  const rated = (starts: WindowStart) =>
    histories.map((fn) => ratesOf(fn.hours, starts(channelOf(fn)), now))
  const starts = windowStarts(histories, configuration.removalDays, now)
  let rates = rated(starts)
  if (total(rates) === 0) {
    rates = rated(windowStarts(histories, configuration.removalDays, now, true))
  }
  if (total(rates) === 0) {
    throw new DrillError(
      'input',
      `queue_job shows no traffic: none of its ${history.rows} rows was created in the last ${WEEKS_MAX} weeks, ` +
        'and a drill needs to know how jobs arrive. Capture a queue that is in use.',
    )
  }
  const anywhere = durationQuantiles(mergeDurations(histories.map(({ durations }) => durations)))
  const functions = histories.map((fn, index) =>
    workloadFunction(fn, rates[index]!, anywhere, sources),
  )
  const perWeek = functions.reduce(
    (sum, fn) => sum + fn.ratePerHour.reduce((all, rate) => all + rate, 0),
    0,
  )
  return {
    format: 'queue-drill-workload/1',
    jobsPerDay: Math.max(0.01, Math.round((perWeek / 7) * 100) / 100),
    functions,
  }
}

function workloadFunction(
  fn: FunctionHistory,
  { ratePerHour, since }: Rates,
  durationsAnywhere: readonly number[],
  { recent, configuration, now, masks }: WorkloadSources,
): WorkloadFunction {
  const lately = recent.find(({ model, method }) => model === fn.model && method === fn.method)
  // Failed rows are grouped by whole weeks: those that the window covers, at least the last one.
  const weeks = Math.min(WEEKS_MAX, Math.max(1, Math.floor((now - since) / (7 * DAY))))
  const model = masks.name('model_name', fn.model)
  return {
    name: `${model}.${masks.name('method_name', fn.method)}`,
    channel: masks.name('channel', channelOf(fn)),
    priority: usualOf(fn.parameters, ({ priority }) => priority) ?? PRIORITY,
    maxRetries: Math.max(0, usualOf(fn.parameters, ({ maxRetries }) => maxRetries) ?? MAX_RETRIES),
    retryPattern: configuration.retryPatterns.get(fn.name) ?? null,
    ratePerHour,
    durationMs: durationQuantiles(fn.durations, durationsAnywhere),
    cpuShare: CPU_SHARE,
    memoryMb: MEMORY_MB,
    failures: failureMix(fn.failures, {
      weeks,
      jobs: jobsSince(fn, now - weeks * 7 * DAY),
      masks,
    }),
    burstMean: lately === undefined ? 1 : burstMean(lately),
    model,
    recordPool: lately === undefined ? null : recordPool(lately),
    argument: fn.withArguments * 2 > fn.rows ? 'value' : 'none',
    identityKey: fn.withIdentityKey * 2 > fn.rows,
    companyIds: companiesOf(fn).map((id) => masks.companyId(id)),
  }
}

function channelOf({ parameters }: FunctionHistory): string {
  return usualOf(parameters, ({ channel }) => channel)
}

function jobsSince({ hours }: FunctionHistory, at: number): number {
  let jobs = 0
  for (const [hour, count] of hours) if (hour * 3_600_000 >= at) jobs += count
  return jobs
}

/** Odoo has at least one company. */
function companiesOf({ parameters }: FunctionHistory): number[] {
  const ids = new Set(parameters.flatMap(({ companyId }) => companyId ?? []))
  return ids.size === 0 ? [1] : [...ids].sort((left, right) => left - right)
}
