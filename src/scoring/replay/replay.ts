/**
 * Folds one journal into what scoring asks about: jobs, runs, effects, points on the scorer's own grid, settlements by
 * the engine. One sweep in the order of the events; each minute looks once at the jobs that wait.
 */
import assert from 'node:assert/strict'
import { MINUTE } from '../../foundation/time.ts'
import type {
  ActEvent,
  CheckEvent,
  EndEvent,
  FaultEvent,
  Journal,
  JournalEvent,
  JournalHeader,
  WorkerEvent,
  WriteEvent,
} from '../../journal/events.ts'
import type { FindingEvent } from '../../journal/findings.ts'
import type { JobState } from '../../queue-job/job.ts'
import { closingState, type ClosingState } from './closing.ts'
import { FaultWindows } from './fault-windows.ts'
import type { JobTruth, RunTruth } from './job-truth.ts'
import { JobsFold, type Loop } from './jobs-fold.ts'
import type { Repeat } from './ledger.ts'
import { channelDepths, GRID_MS, type GridPoint, minutePoint, type MinutePoint } from './points.ts'
import type { Settlement } from './settlement.ts'

export interface Replay {
  readonly header: JournalHeader
  readonly startedAt: number
  readonly endedAt: number
  readonly endReason: EndEvent['reason']
  readonly windows: FaultWindows
  readonly jobs: ReadonlyMap<number, JobTruth>
  /** In the order of their start; `runOf` finds one by its number. */
  readonly runs: ReadonlyMap<number, RunTruth>
  /** Every minute from the start; index = minutes after it. */
  readonly minutes: readonly MinutePoint[]
  /** Every five minutes from the start; index = steps of the grid. */
  readonly grid: readonly GridPoint[]
  readonly effectsTotal: number
  readonly repeats: readonly Repeat[]
  readonly settlements: readonly Settlement[]
  readonly loops: readonly Loop[]
  /** Rows of the whole table at the start and at the end. */
  readonly loaded: number
  readonly arrived: number
  readonly byStateAtEnd: Readonly<Record<JobState, number>>
  readonly acts: readonly ActEvent[]
  readonly writes: readonly WriteEvent[]
  readonly checks: readonly CheckEvent[]
  readonly findings: readonly FindingEvent[]
  readonly workers: readonly WorkerEvent[]
  /** Truth of each baseline: counts of the table when it was noted. */
  readonly baselines: readonly BaselineTruth[]
  /** At the last closing or hand-over; null = there was none. */
  readonly closing: ClosingState | null
}

export interface BaselineTruth {
  readonly at: number
  readonly act: Extract<ActEvent, { act: 'baseline' }>
  readonly byState: Readonly<Record<JobState, number>>
  readonly pendingByChannel: Readonly<Record<string, number>>
}

export function replay(journal: Journal): Replay {
  return new Sweep(journal).run()
}

class Sweep {
  readonly #journal: Journal
  readonly #windows: FaultWindows
  readonly #fold: JobsFold
  readonly #minutes: MinutePoint[] = []
  readonly #grid: GridPoint[] = []
  readonly #baselines: BaselineTruth[] = []
  readonly #kept = {
    acts: [] as ActEvent[],
    writes: [] as WriteEvent[],
    checks: [] as CheckEvent[],
    findings: [] as FindingEvent[],
    workers: [] as WorkerEvent[],
  }
  #closing: ClosingState | null = null
  #closesAt: number | null = null

  constructor(journal: Journal) {
    this.#journal = journal
    const faults: FaultEvent[] = []
    for (const event of journal.events) if (event.type === 'fault') faults.push(event)
    this.#windows = new FaultWindows(journal.header, faults)
    this.#fold = new JobsFold(journal.header)
  }

  run(): Replay {
    const { header, events } = this.#journal
    const end = events.at(-1)
    assert.ok(end?.type === 'end', 'a journal ends with its end event')
    let nextPoint = header.startedAt
    for (const event of events) {
      // What is loaded at the start belongs to the first point; everything later comes after the point of its moment.
      while (nextPoint <= event.at && !isLoading(event, header.startedAt)) {
        this.#point(nextPoint)
        nextPoint += MINUTE
      }
      if (this.#closesAt !== null && event.at > this.#closesAt) this.#close(this.#closesAt)
      this.#fold.apply(event)
      this.#keep(event)
    }
    if (this.#closesAt !== null) this.#close(this.#closesAt)
    return this.#result(end)
  }

  /** What is looked at besides the jobs. */
  #keep(event: JournalEvent): void {
    switch (event.type) {
      case 'act':
        this.#kept.acts.push(event)
        if (event.act === 'baseline') this.#baseline(event)
        if (event.act === 'close' || event.act === 'hand-over') this.#closesAt = event.at
        return
      case 'write':
        this.#kept.writes.push(event)
        return
      case 'check':
        this.#kept.checks.push(event)
        return
      case 'finding':
        this.#kept.findings.push(event)
        return
      case 'worker':
        this.#kept.workers.push(event)
        return
      case 'sample':
        return this.#sample(event)
      default:
    }
  }

  #close(at: number): void {
    this.#closesAt = null
    this.#closing = closingState(at, this.#fold.jobs.values())
  }

  #point(at: number): void {
    const { open, critical, byState } = this.#fold
    const point = minutePoint(at, open, critical, this.#windows)
    const last = this.#minutes.at(-1)
    if (last === undefined) point.httpWorkers = this.#journal.header.host.httpWorkers
    else
      [point.cpu, point.httpWorkers, point.rootCapacity] = [
        last.cpu,
        last.httpWorkers,
        last.rootCapacity,
      ]
    if ((at - this.#journal.header.startedAt) % GRID_MS === 0) {
      const full = Object.assign(point, {
        byState: { ...byState },
        byChannel: channelDepths(at, open),
      })
      this.#grid.push(full)
    }
    this.#minutes.push(point)
  }

  #sample(event: Extract<JournalEvent, { type: 'sample' }>): void {
    const point = this.#minutes.at(-1)
    if (point === undefined) return
    point.cpu = event.cpu
    point.httpWorkers = event.httpWorkers
    point.rootCapacity = event.rootCapacity
  }

  #baseline(act: Extract<ActEvent, { act: 'baseline' }>): void {
    const pendingByChannel: Record<string, number> = {}
    for (const { present, state, channel } of this.#fold.open) {
      if (present && state === 'pending') {
        pendingByChannel[channel] = (pendingByChannel[channel] ?? 0) + 1
      }
    }
    this.#baselines.push({ at: act.at, act, byState: { ...this.#fold.byState }, pendingByChannel })
  }

  #result(end: EndEvent): Replay {
    const { header } = this.#journal
    const fold = this.#fold
    return {
      header,
      startedAt: header.startedAt,
      endedAt: end.at,
      endReason: end.reason,
      windows: this.#windows,
      jobs: fold.jobs,
      runs: fold.runs,
      minutes: this.#minutes,
      grid: this.#grid,
      effectsTotal: fold.ledger.total,
      repeats: fold.ledger.repeats,
      settlements: fold.settlements,
      loops: fold.loops,
      loaded: fold.loaded,
      arrived: fold.arrived,
      byStateAtEnd: fold.byState,
      ...this.#kept,
      baselines: this.#baselines,
      closing: this.#closing,
    }
  }
}

function isLoading(event: JournalEvent, startedAt: number): boolean {
  return event.at === startedAt && (event.type === 'census' || event.type === 'loaded')
}
