/** A world small enough to be read: three job functions, two integrations, hand-made traffic. */
import type { JournalEvent } from '../../src/journal/events.ts'
import { DEFAULT_HOST, type HostParameters } from '../../src/queue-job/host.ts'
import type { JobRow } from '../../src/queue-job/job.ts'
import type { FunctionOperations, Operations } from '../../src/queue-job/operations.ts'
import { UNMAPPED } from '../../src/queue-job/operations.ts'
import { PROFILE_2024 } from '../../src/queue-job/profile.ts'
import type { Workload, WorkloadFunction } from '../../src/queue-job/workload.ts'
import type { AutomationSpec, FaultSpec } from '../../src/scenario/scenario.ts'
import { describeRows } from '../../src/simulation/loaded-rows.ts'
import { World } from '../../src/simulation/world.ts'

/** Tuesday 2026-11-03 10:00 UTC. */
export const START = Date.UTC(2026, 10, 3, 10)

const entry = (changes: Partial<FunctionOperations>): FunctionOperations => ({
  ...UNMAPPED,
  ...changes,
})

export const OPERATIONS: Operations = {
  integrations: {
    shop: { timeoutMs: 30_000, effectAt: 0.7, lookup: false, effectBeforeFailure: {} },
    acquirer: { timeoutMs: 30_000, effectAt: 0.5, lookup: true, effectBeforeFailure: {} },
  },
  functions: {
    'sale.order.push': entry({
      integration: 'shop',
      role: 'webhook',
      effect: 'set',
      businessKey: ['records'],
      safety: { kind: 'idempotent' },
      failureStyle: 'fail',
    }),
    'sale.order.notify': entry({
      integration: 'shop',
      role: 'webhook',
      effect: 'once',
      safety: { kind: 'keyed', retentionMs: 3_600_000 },
      failureStyle: 'postpone',
    }),
    'payment.transaction.capture': entry({
      integration: 'acquirer',
      role: 'payment',
      effect: 'once',
      safety: { kind: 'unsafe' },
    }),
  },
}

export function traffic(name: string, changes: Partial<WorkloadFunction> = {}): WorkloadFunction {
  return {
    name,
    channel: 'root',
    priority: 10,
    maxRetries: 5,
    retryPattern: null,
    ratePerHour: Array.from({ length: 168 }, () => 0),
    durationMs: Array.from({ length: 9 }, () => 1000),
    cpuShare: 0.2,
    memoryMb: 50,
    failures: [],
    burstMean: 1,
    model: name.slice(0, name.lastIndexOf('.')),
    recordPool: null,
    argument: 'none',
    identityKey: false,
    companyIds: [1],
    ...changes,
  }
}

export function row(id: number, fn: string, changes: Partial<JobRow> = {}): JobRow {
  const dot = fn.lastIndexOf('.')
  return {
    id,
    uuid: `uuid-${id}`,
    graphUuid: null,
    userId: 1,
    companyId: 1,
    name: fn,
    modelName: fn.slice(0, dot),
    methodName: fn.slice(dot + 1),
    records: `{"_type": "odoo_recordset", "model": "${fn.slice(0, dot)}", "ids": [${id}], "uid": 1}`,
    args: '[]',
    kwargs: '{}',
    funcString: fn,
    dependencies: '{"depends_on": [], "reverse_depends_on": []}',
    dateCreated: START - 60_000 + id,
    channelMethodName: null,
    jobFunctionId: null,
    identityKey: null,
    state: 'pending',
    priority: 10,
    retry: 0,
    maxRetries: 5,
    eta: null,
    channel: 'root',
    dateEnqueued: null,
    dateStarted: null,
    dateDone: null,
    dateCancelled: null,
    execTime: 0,
    excName: null,
    excMessage: null,
    excInfo: null,
    result: null,
    workerPid: 0,
    ...changes,
  }
}

export interface SmallWorldOptions {
  readonly rows?: readonly JobRow[]
  readonly functions?: readonly WorkloadFunction[]
  readonly faults?: readonly (FaultSpec & { readonly integrations?: readonly string[] })[]
  readonly automations?: readonly AutomationSpec[]
  readonly host?: Partial<HostParameters>
  readonly seed?: number
  readonly operations?: Operations
}

export function smallWorld(options: SmallWorldOptions = {}): {
  world: World
  events: JournalEvent[]
} {
  const events: JournalEvent[] = []
  const { operations = OPERATIONS } = options
  const workload: Workload = {
    format: 'queue-drill-workload/1',
    jobsPerDay: 0,
    functions: options.functions ?? Object.keys(operations.functions).map((name) => traffic(name)),
  }
  const world = new World({
    seed: options.seed ?? 1,
    startedAt: START,
    startHourOfWeek: 34,
    host: { ...DEFAULT_HOST, usersBusyWorkers: 0, ...options.host },
    profile: PROFILE_2024,
    operations,
    workload,
    faults: (options.faults ?? []).map(({ integrations = [], ...spec }) => ({
      spec: spec as FaultSpec,
      integrations,
      functions: workload.functions.map(({ name }) => name),
    })),
    automations: options.automations ?? [],
    rows: describeRows(options.rows ?? [], operations),
    record: (event) => events.push(event),
  })
  return { world, events }
}

/** What happened to one job, a line each: `+0.005s started`. */
export function trace(events: readonly JournalEvent[], id: number): string[] {
  return events.flatMap((event) => {
    if (!('id' in event) || event.id !== id) return []
    const at = `+${((event.at - START) / 1000).toFixed(3)}s`
    if (event.type === 'moved') {
      return [
        `${at} ${event.by} ${event.to}${event.cause === undefined ? '' : ` (${event.cause})`}`,
      ]
    }
    if (event.type === 'run-ended') return [`${at} run ${event.outcome}`]
    if (event.type === 'effect')
      return [`${at} effect${event.absorbed ? ' absorbed' : ''} (${event.cause})`]
    return []
  })
}
