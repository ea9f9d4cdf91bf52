/** Decisions of the runbook engine as tables: facts in, verdict out. */
import { describe, expect, it } from 'vitest'
import type { DoctorReport, LookupAnswer, ProbeReport } from '../../../src/recovery/contract.ts'
import { requeuesBlindly } from '../../../src/recovery/runbook/automations/act.ts'
import { repeatedSignatures, suspectsOf } from '../../../src/recovery/runbook/blockers/decide.ts'
import {
  type ExitFacts,
  mustHandOver,
  whatIsMissing,
} from '../../../src/recovery/runbook/exit/decide.ts'
import { nextPhase, releaseBudget } from '../../../src/recovery/runbook/isolate/decide.ts'
import type { CanaryReport, Pulse } from '../../../src/recovery/runbook/isolate/pulse.ts'
import {
  countLeftovers,
  isForgotten,
  judgeLeftover,
} from '../../../src/recovery/runbook/leftovers/decide.ts'
import type { Phase } from '../../../src/recovery/runbook/memory.ts'
import { RUNBOOK_POLICY } from '../../../src/recovery/runbook/policy.ts'
import type { Facts, RunningJob } from '../../../src/recovery/runbook/signals/observe.ts'
import {
  drainsTooSlowly,
  judgeScale,
  mayScale,
  type Throughput,
} from '../../../src/recovery/runbook/throughput/decide.ts'
import { judge } from '../../../src/recovery/runbook/uncertain/decide.ts'
import { CATALOGUE, HOUR, MINUTE, START } from '../queue-database.ts'

const policy = RUNBOOK_POLICY

describe('the next phase of a flow', () => {
  const probe = (healthy: boolean): ProbeReport => ({
    integration: 'shop',
    healthy,
    answer: healthy ? 'ok' : 'timeout',
    latencyMs: 100,
  })
  const pulse = (done: number, failed: number, since = done): Pulse => ({
    done,
    failed,
    doneSinceFailure: since,
    meanMs: 500,
  })
  const none = pulse(0, 0)
  const well = probe(true)
  const sick = probe(false)

  it.each<[string, Phase, ProbeReport | null, Pulse, CanaryReport | null, Phase]>([
    ['a sick probe isolates', 'proving', sick, none, null, 'isolated'],
    ['a sick probe isolates again', 'releasing', sick, pulse(50, 0), null, 'isolated'],
    ['a sick probe isolates what was clear', 'clear', sick, none, null, 'isolated'],
    ['a healthy probe alone proves nothing', 'isolated', well, none, null, 'proving'],
    ['new jobs that go through do', 'isolated', well, pulse(5, 0), null, 'releasing'],
    ['only those after the last failure count', 'isolated', well, pulse(6, 2, 4), null, 'proving'],
    ['an ordinary failure does not', 'isolated', well, pulse(40, 1, 0), null, 'releasing'],
    [
      'canaries on the way: wait',
      'proving',
      well,
      none,
      { done: 3, failed: 0, open: 2 },
      'proving',
    ],
    [
      'canaries through: release',
      'proving',
      well,
      none,
      { done: 5, failed: 0, open: 0 },
      'releasing',
    ],
    [
      'a canary failed: isolate',
      'proving',
      well,
      none,
      { done: 4, failed: 1, open: 0 },
      'isolated',
    ],
    ['failures in numbers isolate', 'releasing', well, pulse(3, 9, 0), null, 'isolated'],
    ['a few failures do not', 'releasing', well, pulse(60, 4, 0), null, 'releasing'],
    ['nobody to probe: rest first', 'isolated', null, none, null, 'isolated'],
    ['nobody to probe, but it works', 'isolated', null, pulse(9, 0), null, 'releasing'],
  ])('%s', (_, phase, probed, ran, canaries, expected) => {
    const evidence = { phase, probe: probed, pulse: ran, canaries, inPhaseMs: 5 * MINUTE }
    expect(nextPhase(evidence, policy).phase).toBe(expected)
  })

  it('a function that nobody can be asked about is tried again after its rest', () => {
    const evidence = { phase: 'isolated' as const, probe: null, pulse: none, canaries: null }
    expect(nextPhase({ ...evidence, inPhaseMs: 15 * MINUTE }, policy).phase).toBe('proving')
  })
})

describe('how many jobs a check may bring back', () => {
  const facts = { rootCapacity: 8, due: 0, checkMs: 5 * MINUTE, meanMs: 600 }
  it.each([
    ['half of the slots until the next check', {}, 2000],
    ['slow jobs: fewer', { meanMs: 3000 }, 400],
    ['what is due goes first', { meanMs: 1000, due: 700 }, 400],
    ['always one batch', { meanMs: 60_000 }, 200],
    ['unknown run time: a second', { meanMs: null }, 1200],
    ['never more than ten batches', { meanMs: 10 }, 2000],
  ])('%s', (_, changes, expected) => {
    expect(releaseBudget({ ...facts, ...changes }, policy)).toBe(expected)
  })
})

describe('a job that must not simply be repeated', () => {
  const old = START - HOUR
  const fresh = START - 2 * MINUTE
  it.each<[LookupAnswer, number, Phase, string]>([
    ['happened', fresh, 'isolated', 'reconcile'],
    ['happened', old, 'clear', 'reconcile'],
    ['absent', old, 'releasing', 'repeat'],
    ['absent', old, 'clear', 'repeat'],
    ['absent', old, 'isolated', 'wait'],
    ['absent', old, 'proving', 'wait'],
    ['absent', fresh, 'releasing', 'wait'],
    ['unknown', old, 'isolated', 'wait'],
    ['unknown', old, 'releasing', 'hand-over'],
    ['unknown', fresh, 'proving', 'hand-over'],
  ])('%s, started %d, flow %s: %s', (answer, startedAt, phase, expected) => {
    expect(judge({ answer, startedAt, phase }, START, policy)).toBe(expected)
  })
})

const running = (id: number, fn: string, changes: Partial<RunningJob> = {}): RunningJob => ({
  id,
  fn,
  state: 'started',
  workerPid: 500,
  createdAt: START - 20 * MINUTE,
  startedAt: START - 15 * MINUTE,
  enqueuedAt: START - 15 * MINUTE,
  ...changes,
})

const factsWith = (jobs: readonly RunningJob[], pids: readonly number[]): Facts => ({
  at: START,
  byFunction: [],
  running: jobs,
  workers: { httpWorkers: 12, starting: 0, rootCapacity: 8, pids, busy: 0 },
  idMax: 0,
})

describe('leftovers', () => {
  it('are started rows whose process is gone; a long job whose process lives is none', () => {
    const facts = factsWith(
      [running(1, 'sale.order.push', { workerPid: 7 }), running(2, 'sale.order.push')],
      [500],
    )
    expect([...countLeftovers(facts, new Map())]).toEqual([
      [1, { startedAt: START - 15 * MINUTE, checksSeen: 1 }],
    ])
  })

  it('are counted over checks, and anew when the job was started again', () => {
    const dead = running(1, 'sale.order.push', { workerPid: 7 })
    const once = countLeftovers(factsWith([dead], [500]), new Map())
    const twice = countLeftovers(factsWith([dead], [500]), once)
    expect(twice.get(1)?.checksSeen).toBe(2)
    const again = { ...dead, startedAt: START - MINUTE }
    expect(countLeftovers(factsWith([again], [500]), twice).get(1)?.checksSeen).toBe(1)
    expect(countLeftovers(factsWith([], [500]), twice).size).toBe(0)
  })

  it.each([
    ['sale.order.push', START - HOUR, 'requeue'],
    ['sale.order.event', START - HOUR, 'requeue'],
    ['sale.order.event', START - 2 * HOUR, 'ask'],
    ['payment.capture', START - HOUR, 'ask'],
    ['sale.order.confirm', START - HOUR, 'fail'],
    ['never.heard.of', START - HOUR, 'fail'],
  ])('%s, created %d: %s', (fn, createdAt, expected) => {
    const { retentionMarginMs } = policy.retry
    expect(judgeLeftover(running(1, fn, { createdAt }), START, retentionMarginMs, CATALOGUE)).toBe(
      expected,
    )
  })

  it('a job enqueued for long and never started is forgotten', () => {
    const never = { state: 'enqueued' as const, startedAt: null }
    const isLost = (changes: Partial<RunningJob>) =>
      isForgotten(running(1, 'sale.order.push', changes), START, 10 * MINUTE)
    expect(isLost({ ...never, enqueuedAt: START - 11 * MINUTE })).toBe(true)
    expect(isLost({ ...never, enqueuedAt: START - MINUTE })).toBe(false)
    // It ran before: T4 may have pushed a live one back (F14).
    expect(isLost({ state: 'enqueued', enqueuedAt: START - 11 * MINUTE })).toBe(false)
  })
})

describe('blockers', () => {
  it('are ranked by how often a signature repeats', () => {
    const blocker = (signature: string | null) => ({
      id: 1,
      fn: 'f',
      channel: 'root',
      state: 'failed' as const,
      signature,
    })
    expect(repeatedSignatures(['a', 'b', 'c', 'b', 'b', null].map(blocker))).toEqual([
      '3 × b',
      '1 × a',
      '1 × c',
    ])
  })

  it('are flows with failures, postponements or long runs; a dead run is no long one', () => {
    const depth = {
      due: 0,
      late: 0,
      postponed: 0,
      started: 0,
      enqueued: 0,
      failed: 0,
      failedSettled: 0,
      failedStanding: 0,
    }
    const facts: Facts = {
      ...factsWith(
        [
          running(1, 'payment.capture'),
          running(2, 'payment.capture'),
          running(3, 'stock.quant.level', { workerPid: 7 }),
          running(4, 'stock.quant.level', { workerPid: 7 }),
        ],
        [500],
      ),
      byFunction: [
        { ...depth, fn: 'sale.order.event', failedRecently: 2, retrying: 0 },
        { ...depth, fn: 'sale.order.margin', failedRecently: 2, retrying: 0 },
        { ...depth, fn: 'sale.order.push', failedRecently: 0, retrying: 1 },
      ],
    }
    expect(suspectsOf(facts, CATALOGUE, policy)).toEqual([
      { flow: { name: 'acquirer', integration: 'acquirer' }, failed: 0, retrying: 0, longRuns: 2 },
      { flow: { name: 'shop', integration: 'shop' }, failed: 2, retrying: 1, longRuns: 0 },
    ])
  })
})

describe('throughput', () => {
  const facts: Throughput = {
    now: START,
    due: [900, 880, 890],
    near: 20,
    slots: 8,
    rootCapacity: 8,
    blockedSlots: 0,
    scale: null,
  }
  it.each([
    ['safe backlog that does not drain', {}, true],
    ['it drains', { due: [900, 700, 500] }, false],
    ['too early to say', { due: [900, 890] }, false],
    ['a dead target holds the slots', { blockedSlots: 5 }, false],
    ['slots are free', { slots: 6 }, false],
    ['near normal', { due: [20, 19, 20] }, false],
    ['one step only', { scale: { at: 0, due: 900, slots: 8, outcome: 'kept' as const } }, false],
  ])('%s', (_, changes, expected) => {
    expect(drainsTooSlowly({ ...facts, ...changes }, policy)).toBe(expected)
  })

  const doctor = { healthy: true, workersAddable: 2, cpuUsed: 0.3 } as DoctorReport
  it.each([
    ['healthy and room', {}, true],
    ['not healthy', { healthy: false }, false],
    ['room for one only', { workersAddable: 1 }, false],
    ['CPU busy', { cpuUsed: 0.8 }, false],
  ])('doctor: %s', (_, changes, expected) => {
    expect(mayScale({ ...doctor, ...changes }, policy)).toBe(expected)
  })

  const scale = { at: START - 5 * MINUTE, due: 900, slots: 8, outcome: 'trying' as const }
  it.each([
    ['started rises, due falls', { due: [700], slots: 10 }, 'keep'],
    ['nothing changed', { due: [910], slots: 10 }, 'roll-back'],
    ['due falls, slots do not rise', { due: [800], slots: 8 }, 'roll-back'],
    ['too early', { now: START - 2 * MINUTE, due: [910] }, null],
  ])('five minutes later: %s', (_, changes, expected) => {
    expect(judgeScale({ ...facts, scale, ...changes }, policy)).toBe(expected)
  })
})

describe('closing', () => {
  const facts: ExitFacts = {
    now: START + HOUR,
    openedAt: START,
    depths: [900, 300, 8, 5, 6],
    normalDue: 4,
    phases: ['clear'],
    leftovers: 0,
    late: 0,
    signs: [],
    lastReleaseAt: START + 30 * MINUTE,
    workersAdded: 0,
  }
  it.each([
    ['everything holds', {}, 0],
    ['falling at three checks is enough', { depths: [900, 700, 400, 200] }, 0],
    ['near normal at two only', { depths: [900, 8, 5] }, 1],
    ['a flow is not released', { phases: ['clear', 'releasing'] as const }, 1],
    ['dead jobs hold slots', { leftovers: 1 }, 1],
    ['critical jobs wait', { late: 1 }, 1],
    ['a signal is still there', { signs: ['business-lag'] }, 1],
    ['released just now', { lastReleaseAt: START + 55 * MINUTE }, 1],
    ['all at once', { depths: [900, 950, 990], late: 3, leftovers: 2 }, 3],
  ])('%s', (_, changes, missing) => {
    expect(whatIsMissing({ ...facts, ...changes }, policy)).toHaveLength(missing)
  })

  it.each([
    ['the target stays dead for two hours', { phases: ['isolated', 'clear'] as const }, true],
    ['not yet two hours', { now: START + HOUR, phases: ['isolated'] as const }, false],
    ['something is still being released', { phases: ['isolated', 'releasing'] as const }, false],
    ['nothing is isolated', {}, false],
  ])('hand over: %s', (_, changes, expected) => {
    expect(mustHandOver({ ...facts, now: START + 2 * HOUR, ...changes }, policy)).toBe(expected)
  })
})

it.each([
  ['requeue-failed', 'Sets every failed job back to pending every ten minutes', true],
  ['nightly', 'cron that retries failed jobs', true],
  ['vacuum', 'Deletes done jobs', false],
  ['report', 'Mails a list of failed jobs', false],
])('automation %s (%s) requeues blindly: %s', (name, description, expected) => {
  expect(requeuesBlindly({ name, description, everyMs: 1, paused: false })).toBe(expected)
})
