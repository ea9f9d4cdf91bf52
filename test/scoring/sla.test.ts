import { describe, expect, test } from 'vitest'
import { incidentOf } from '../../src/scoring/incident.ts'
import { replay } from '../../src/scoring/replay/replay.ts'
import { criticalJobs, slaOutcome, validHandOvers } from '../../src/scoring/sla.ts'
import {
  CAPTURE,
  JournalBuilder,
  LABEL,
  minute,
  PUSH,
  REPORT,
  row,
  SCENARIO,
} from './journal-builder.ts'

function outcomes(builder: JournalBuilder, options: { readonly minutes?: number } = {}) {
  const folded = replay(builder.journal(options))
  const handedOver = validHandOvers(folded, incidentOf(folded))
  return Object.fromEntries(
    criticalJobs(folded, minute(0), Infinity).map((critical) => [
      critical.job.id,
      slaOutcome(critical, folded, handedOver),
    ]),
  )
}

describe('the SLA of a critical job', () => {
  test('runs from when the world first let it run, whatever eta the engine wrote', () => {
    const builder = new JournalBuilder()
      .arrive(1, 1, PUSH)
      .arrive(1, 2, PUSH)
      .arrive(1, 3, PUSH, { eta: 30 })
      .arrive(1, 4, REPORT)
    builder.run(15.9, 1, 'done')
    builder.write(5, [row(2, { eta: 60 })])
    builder.run(60, 2, 'done')
    builder.run(44, 3, 'done')
    expect(outcomes(builder)).toEqual({ 1: 'in time', 2: 'late', 3: 'in time' })
  })

  test('on a broken target starts when the fault ends', () => {
    const builder = new JournalBuilder().fault(0, 10, 40, ['shop'])
    for (const [id, at] of [
      [1, 5],
      [2, 12],
      [3, 39],
      [4, 41],
    ] as const)
      builder.arrive(at, id, PUSH)
    for (const [id, at] of [
      [1, 54],
      [2, 54],
      [3, 56],
      [4, 57],
    ] as const)
      builder.run(at, id, 'done')
    // Job 1 was first due before the fault and had not been done when it began.
    expect(outcomes(builder)).toEqual({ 1: 'in time', 2: 'in time', 3: 'late', 4: 'late' })
  })

  test('is undecided where its time is not up at the end, or its target never comes back', () => {
    const builder = new JournalBuilder().fault(0, 10, null, ['shop'])
    builder.arrive(12, 1, PUSH).arrive(120, 2, CAPTURE)
    expect(outcomes(builder)).toEqual({ 1: 'undecided', 2: 'undecided' })
  })

  test('is late before its time is up where the job stands in failed, or is gone', () => {
    const builder = new JournalBuilder().arrive(120, 1, CAPTURE).arrive(120, 2, CAPTURE)
    builder.arrive(120, 3, CAPTURE)
    builder.run(121, 1, 'failed')
    builder.write(125, [{ id: 2, changed: { state: ['pending', null] } }], 'delete')
    expect(outcomes(builder)).toEqual({ 1: 'late', 2: 'late', 3: 'undecided' })
  })

  test('does not ask about jobs that were loaded as failed or inserted by the engine', () => {
    const builder = new JournalBuilder().load(1, PUSH, 'failed').load(2, PUSH, 'pending')
    builder.arrive(5, 3, PUSH, { by: 'engine:1' })
    expect(outcomes(builder)).toEqual({ 2: 'late' })
  })

  test('is kept by a job that was reconciled rightly in time', () => {
    const builder = new JournalBuilder().arrive(1, 1, CAPTURE)
    builder.run(2, 1, 'failed', { effect: true })
    builder.write(10, [row(1, { state: ['failed', 'done'] })])
    expect(outcomes(builder)).toEqual({ 1: 'in time' })
  })
})

describe('handing a job over by id', () => {
  const handOver = (builder: JournalBuilder, at: number, id: number) =>
    builder.act(at, {
      act: 'tracked-fix',
      subject: { jobs: [id] },
      owner: 'accounting',
      reason: 'nobody knows whether it happened',
      isolatedBy: 'it stays failed',
    })

  test('counts where the outcome is unknown, in time, and the row is still there', () => {
    const builder = new JournalBuilder()
    for (const id of [1, 2, 3]) {
      builder.arrive(1, id, LABEL)
      builder.run(2, id, 'failed', { effect: true })
    }
    handOver(builder, 10, 1)
    handOver(builder, 20, 2)
    handOver(builder, 10, 3)
    builder.write(15, [{ id: 3, changed: { state: ['failed', null] } }], 'delete')
    // Job 3 had happened, so deleting it loses nothing: it is finished, at minute 15.
    expect(outcomes(builder)).toEqual({ 1: 'handed over', 2: 'late', 3: 'in time' })
  })

  test('does not count where the job can finish safely by itself', () => {
    const builder = new JournalBuilder()
      .arrive(1, 1, PUSH)
      .arrive(1, 2, CAPTURE)
      .arrive(1, 3, LABEL)
    for (const id of [1, 2]) builder.run(2, id, 'failed')
    for (const id of [1, 2, 3]) handOver(builder, 10, id)
    expect(outcomes(builder)).toEqual({ 1: 'late', 2: 'late', 3: 'late' })
  })

  test('counts where the partner was asked and could not say', () => {
    const builder = new JournalBuilder().arrive(1, 1, CAPTURE)
    builder.run(2, 1, 'failed')
    builder.act(9, { act: 'lookup', id: 1, answer: 'unknown' })
    handOver(builder, 10, 1)
    expect(outcomes(builder)).toEqual({ 1: 'handed over' })
  })

  test('needs an owner, a reason and what keeps it isolated', () => {
    const builder = new JournalBuilder().arrive(1, 1, LABEL)
    builder.run(2, 1, 'failed')
    builder.act(10, {
      act: 'tracked-fix',
      subject: { jobs: [1] },
      owner: ' ',
      reason: 'unknown',
      isolatedBy: 'failed',
    })
    expect(outcomes(builder)).toEqual({ 1: 'late' })
  })
})

describe('the watch window', () => {
  const watched = (eta: number) => {
    const builder = new JournalBuilder().arrive(1, 1, PUSH)
    builder.act(5, { act: 'open', signals: [] })
    builder.write(10, [row(1, { eta })])
    builder.act(20, { act: 'close', summary: '' })
    return incidentOf(replay(builder.journal())).watchUntil
  }

  test('is half an hour, twice the longest quarantine where that is longer, two hours at most', () => {
    expect(watched(20)).toBe(minute(20 + 30))
    expect(watched(40)).toBe(minute(20 + 60))
    expect(watched(400)).toBe(minute(20 + 120))
    expect(SCENARIO.thresholds.watchMaxMs).toBe(120 * 60_000)
  })
})
