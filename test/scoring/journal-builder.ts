/**
 * Journals by hand, minute by minute: the words of a test are jobs, runs, writes and acts; the events that a world would
 * have recorded for them come from here. Events are ordered by time, and by the order of the calls within a moment.
 */
import { MINUTE, formatPgTimestamp } from '../../src/foundation/time.ts'
import {
  type Act,
  type Cause,
  type Journal,
  type JournalEvent,
  JOURNAL_FORMAT,
  type RunKind,
  type WriteEvent,
} from '../../src/journal/events.ts'
import type { FindingCode } from '../../src/journal/findings.ts'
import type { ChangedColumns } from '../../src/queue-job/columns.ts'
import { DEFAULT_HOST } from '../../src/queue-job/host.ts'
import type { JobState } from '../../src/queue-job/job.ts'
import type { FunctionOperations, Operations } from '../../src/queue-job/operations.ts'
import type { Scenario } from '../../src/scenario/scenario.ts'

const START = Date.UTC(2026, 10, 2, 9)

/** Virtual time of a minute after the start. */
export function minute(minutes: number): number {
  return START + Math.round(minutes * MINUTE)
}

/** Text of the column for a minute after the start. */
function timestamp(minutes: number): string {
  return formatPgTimestamp(minute(minutes))
}

const PLAIN: FunctionOperations = {
  integration: null,
  role: 'internal',
  effect: 'none',
  businessKey: ['records'],
  value: 'current',
  safety: { kind: 'unknown' },
  slaMs: null,
  failureStyle: 'fail',
}

export const PUSH = 'sale.order.push'
export const STOCK = 'stock.quant.push'
export const CAPTURE = 'payment.transaction.capture'
export const MAIL = 'mail.mail.send'
export const LABEL = 'carrier.label.print'
export const CALL = 'partner.api.call'
export const REPORT = 'report.render'

const OPERATIONS: Operations = {
  integrations: Object.fromEntries(
    ['shop', 'wms', 'bank', 'relay', 'carrier'].map((name) => [
      name,
      { timeoutMs: 30_000, effectAt: 0.7, lookup: name === 'bank', effectBeforeFailure: {} },
    ]),
  ),
  functions: {
    [PUSH]: {
      ...PLAIN,
      integration: 'shop',
      role: 'webhook',
      effect: 'once',
      safety: { kind: 'idempotent' },
      slaMs: 15 * MINUTE,
    },
    [STOCK]: {
      ...PLAIN,
      integration: 'wms',
      role: 'stock',
      effect: 'set',
      value: 'args',
      safety: { kind: 'idempotent' },
      slaMs: 30 * MINUTE,
    },
    [CAPTURE]: {
      ...PLAIN,
      integration: 'bank',
      role: 'payment',
      effect: 'once',
      safety: { kind: 'unsafe' },
      slaMs: 15 * MINUTE,
    },
    [MAIL]: {
      ...PLAIN,
      integration: 'relay',
      role: 'invoice',
      effect: 'once',
      safety: { kind: 'keyed', retentionMs: 30 * MINUTE },
    },
    [LABEL]: {
      ...PLAIN,
      integration: 'carrier',
      role: 'label',
      effect: 'once',
      safety: { kind: 'unsafe' },
      slaMs: 15 * MINUTE,
    },
    [CALL]: { ...PLAIN, integration: 'relay', role: 'edi', effect: 'each' },
    [REPORT]: { ...PLAIN },
  },
}

export const SCENARIO: Scenario = {
  name: 'by-hand',
  title: 'A journal by hand',
  summary: 'The shop refuses for half an hour.',
  snapshot: 'none',
  control: false,
  durationMs: 130 * MINUTE,
  checkEveryMs: 5 * MINUTE,
  timeZone: 'UTC',
  host: DEFAULT_HOST,
  faults: [
    {
      kind: 'target-down',
      answer: 'refuse',
      roles: ['webhook'],
      fromMs: 10 * MINUTE,
      untilMs: 40 * MINUTE,
    },
  ],
  automations: [],
  thresholds: {
    touchedMin: 50,
    drainingFactor: 1.25,
    drainingSlack: 20,
    drainingSteps: 3,
    returnCount: 5,
    returnFactor: 3,
    watchMinMs: 30 * MINUTE,
    watchMaxMs: 120 * MINUTE,
    slaShare: 0.95,
    workersFactor: 2,
    detectFullMs: 15 * MINUTE,
    openEarliestMs: 10 * MINUTE,
  },
}

export interface RunOptions {
  readonly cause?: Cause
  /** Index of the fault that shaped it. */
  readonly fault?: number
  /** Whether the effect happens; default: only where the run is done. */
  readonly effect?: boolean
  readonly absorbed?: boolean
  readonly prior?: number
  readonly valueAt?: number
  readonly priorValueAt?: number
  readonly signature?: string
  /** Minutes that the run takes; default a second. */
  readonly minutes?: number
  /** Postponed to this minute. */
  readonly until?: number
}

type Row = { readonly id: number; readonly changed: ChangedColumns }

export class JournalBuilder {
  readonly events: JournalEvent[] = []
  readonly #jobs = new Map<number, { fn: string; key: string; createdAt: number }>()
  #runs = 0
  #writes = 0

  add(event: JournalEvent): this {
    this.events.push(event)
    return this
  }

  /** Rows of the table at the start that the journal does not name, by state; call after `load`. */
  census(byState: Partial<Record<JobState, number>> = {}): this {
    const counted: Record<JobState, number> = {
      wait_dependencies: 0,
      pending: 0,
      enqueued: 0,
      started: 0,
      done: 0,
      cancelled: 0,
      failed: 0,
      ...byState,
    }
    for (const event of this.events) if (event.type === 'loaded') counted[event.state]++
    this.events.unshift({ at: START, type: 'census', byState: counted })
    return this
  }

  load(
    id: number,
    fn: string,
    state: JobState,
    options: {
      readonly key?: string
      readonly effect?: 'happened' | 'absent' | null
      readonly neverSucceeds?: true
      readonly createdAt?: number
      readonly startedAt?: number
      readonly eta?: number
    } = {},
  ): this {
    const { key = `${fn} ${id}`, effect = null, createdAt = -600, startedAt, eta } = options
    this.#jobs.set(id, { fn, key, createdAt: minute(createdAt) })
    return this.add({
      at: START,
      type: 'loaded',
      id,
      fn,
      state,
      channel: 'root',
      eta: eta === undefined ? null : minute(eta),
      dateCreated: minute(createdAt),
      dateStarted: startedAt === undefined ? null : minute(startedAt),
      key,
      effect,
      signature: state === 'failed' ? `${fn} | Error | old` : null,
      ...(options.neverSucceeds && { neverSucceeds: true }),
    })
  }

  arrive(
    at: number,
    id: number,
    fn: string,
    options: {
      readonly key?: string
      readonly eta?: number
      readonly by?: `engine:${number}`
    } = {},
  ): this {
    const { key = `${fn} ${id}`, eta, by = 'business' } = options
    this.#jobs.set(id, { fn, key, createdAt: minute(at) })
    return this.add({
      at: minute(at),
      type: 'arrived',
      id,
      fn,
      state: 'pending',
      channel: 'root',
      eta: eta === undefined ? null : minute(eta),
      key,
      by,
    })
  }

  /** One whole execution: dispatch, start, effect, outcome. Returns the number of the run. */
  run(
    at: number,
    id: number,
    outcome: 'done' | 'failed' | 'postponed' | 'killed' | 'conflict',
    options: RunOptions = {},
  ): number {
    const { cause = 'arrival', fault, minutes = 1 / 60 } = options
    const job = this.#jobs.get(id)!
    const run = ++this.#runs
    const [from, until] = [minute(at), minute(at + minutes)]
    this.add({ at: from, type: 'moved', id, to: 'enqueued', by: 'T4' })
    this.add({ at: from, type: 'moved', id, to: 'started', by: 'T6' })
    this.add({ at: from, type: 'run-started', run, id, cause, pid: 100 })
    if (options.effect ?? outcome === 'done') this.#effect(until, run, id, cause, options)
    if (outcome === 'done') this.add({ at: until, type: 'moved', id, to: 'done', by: 'T7' })
    if (outcome === 'failed') this.add({ at: until, type: 'moved', id, to: 'failed', by: 'T9' })
    if (outcome === 'postponed' || outcome === 'conflict') {
      const eta = minute(options.until ?? at + 10)
      const after = outcome === 'conflict' ? 'conflict' : 'retry'
      this.add({ at: until, type: 'moved', id, to: 'pending', by: 'T8', eta, cause: after })
    }
    const fails = outcome === 'failed' || outcome === 'postponed'
    const signature = options.signature ?? `${job.fn} | Error | refused`
    return (
      this.add({
        at: until,
        type: 'run-ended',
        run,
        id,
        outcome,
        ...(fault !== undefined && { fault }),
        ...(fails && { signature }),
      }),
      run
    )
  }

  #effect(at: number, run: number, id: number, cause: Cause, options: RunOptions): void {
    const { fn, key, createdAt } = this.#jobs.get(id)!
    const { effect } = OPERATIONS.functions[fn]!
    if (effect === 'none') return
    this.add({
      at,
      type: 'effect',
      run,
      id,
      fn,
      key,
      effect,
      cause,
      absorbed: options.absorbed ?? false,
      prior: options.prior ?? 0,
      valueAt: options.valueAt === undefined ? createdAt : minute(options.valueAt),
      priorValueAt: options.priorValueAt === undefined ? null : minute(options.priorValueAt),
    })
  }

  /** A write of the engine; returns its number. */
  write(
    at: number,
    rows: readonly Row[],
    op: WriteEvent['op'] = 'update',
    via: 'sql' | 'operation' = 'sql',
  ): number {
    const write = ++this.#writes
    this.add({ at: minute(at), type: 'write', write, check: checkAt(at), op, via, rows })
    return write
  }

  act(at: number, act: Act): this {
    return this.add({ at: minute(at), type: 'act', check: checkAt(at), ...act })
  }

  fault(index: number, from: number, until: number | null, integrations: readonly string[]): this {
    const at = (phase: 'begins' | 'bites' | 'ends', when: number) =>
      this.add({ at: minute(when), type: 'fault', fault: index, phase, integrations })
    at('begins', from)
    at('bites', from)
    return until === null ? this : at('ends', until)
  }

  finding(at: number, code: FindingCode, detail = 'as found'): this {
    return this.add({ at: minute(at), type: 'finding', check: checkAt(at), code, detail })
  }

  samples(minutes: number, cpu: (at: number) => number = () => 0.2): this {
    for (let at = 1; at <= minutes; at++) {
      this.add({
        at: minute(at),
        type: 'sample',
        cpu: cpu(at),
        httpWorkers: DEFAULT_HOST.httpWorkers,
        busyWorkers: 4,
        rootCapacity: 8,
        memoryMb: 9_000,
      })
    }
    return this
  }

  journal(
    options: {
      readonly run?: RunKind
      readonly scenario?: Scenario
      readonly minutes?: number
      readonly engine?: string
      readonly reason?: 'duration' | 'watch-window' | 'limit'
    } = {},
  ): Journal {
    const { run = 'drill', scenario = SCENARIO, minutes = 130, engine = 'by-hand' } = options
    if (!this.events.some(({ type }) => type === 'census')) this.census()
    const events = this.events
      .filter(({ at }) => at <= minute(minutes))
      .map((event, index) => ({ event, index }))
      .sort((left, right) => left.event.at - right.event.at || left.index - right.index)
      .map(({ event }) => event)
    events.push({ at: minute(minutes), type: 'end', reason: options.reason ?? 'duration' })
    return {
      header: {
        type: 'header',
        format: JOURNAL_FORMAT,
        run,
        engine,
        seed: 1,
        profile: '2024',
        snapshot: {
          name: 'none',
          manifestSha256: 'a'.repeat(64),
          odooSeries: '16.0',
          addonProfile: '2024',
          mapping: null,
          workloadSha256: 'b'.repeat(64),
          operationsSha256: 'c'.repeat(64),
        },
        startedAt: START,
        startHourOfWeek: 9,
        scenario,
        operations: OPERATIONS,
        host: DEFAULT_HOST,
      },
      events,
    }
  }
}

function checkAt(at: number): number {
  return Math.floor(at / 5) + 1
}

/** A row of a write: state and eta, old and new. */
export function row(
  id: number,
  changes: {
    readonly state?: readonly [JobState, JobState]
    readonly eta?: number | null
    readonly channel?: readonly [string, string]
    readonly dateStarted?: number
  },
): Row {
  const { state, eta, channel, dateStarted } = changes
  return {
    id,
    changed: {
      ...(state !== undefined && { state }),
      ...(eta !== undefined && { eta: [null, eta === null ? null : timestamp(eta)] }),
      ...(channel !== undefined && { channel }),
      ...(dateStarted !== undefined && { date_started: [null, timestamp(dateStarted)] }),
    },
  }
}
