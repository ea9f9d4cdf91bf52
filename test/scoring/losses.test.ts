import { describe, expect, test } from 'vitest'
import { lossesOf, nothingLost } from '../../src/scoring/gates/nothing-lost.ts'
import { replay } from '../../src/scoring/replay/replay.ts'
import {
  CALL,
  CAPTURE,
  JournalBuilder,
  minute,
  PUSH,
  REPORT,
  row,
  STOCK,
} from './journal-builder.ts'

const lostIn = (builder: JournalBuilder) => lossesOf(replay(builder.journal())).map(({ id }) => id)
const deleted = (builder: JournalBuilder, at: number, id: number, from: 'pending' | 'failed') =>
  builder.write(at, [{ id, changed: { state: [from, null] } }], 'delete')

describe('taking an unfinished job out of the queue', () => {
  test('is a loss, also where the job has no effect outside', () => {
    const builder = new JournalBuilder().arrive(1, 1, REPORT).arrive(1, 2, CAPTURE)
    deleted(builder, 5, 1, 'pending')
    builder.write(5, [row(2, { state: ['pending', 'cancelled'] })])
    expect(lostIn(builder)).toEqual([1, 2])
  })

  test('is none where the truth says that it had happened: reconciled', () => {
    const builder = new JournalBuilder().arrive(1, 1, CAPTURE)
    builder.run(2, 1, 'failed', { effect: true })
    builder.write(5, [row(1, { state: ['failed', 'done'] })])
    expect(lostIn(builder)).toEqual([])
    expect(nothingLost(replay(builder.journal())).evidence.map(({ text }) => text)).toEqual([
      'no job was lost',
      '1 job settled without loss: had happened in the truth',
    ])
  })

  test('is none where it had happened before the start, or through another job of its key', () => {
    const builder = new JournalBuilder()
      .load(1, CAPTURE, 'failed', { effect: 'happened' })
      .load(2, CAPTURE, 'failed', { key: 'order 7', effect: 'absent' })
      .arrive(1, 3, CAPTURE, { key: 'order 7' })
    builder.run(2, 3, 'done')
    for (const id of [1, 2]) deleted(builder, 5, id, 'failed')
    expect(lostIn(builder)).toEqual([])
  })

  test('is a loss where the answer came before the effect', () => {
    const builder = new JournalBuilder().arrive(1, 1, CAPTURE)
    builder.run(2, 1, 'failed')
    builder.act(4, { act: 'lookup', id: 1, answer: 'absent' })
    builder.write(5, [row(1, { state: ['failed', 'done'] })])
    expect(lostIn(builder)).toEqual([1])
  })

  test('is none where a newer job writes, or has written, the value', () => {
    const builder = new JournalBuilder()
      .arrive(1, 1, STOCK, { key: 'level of A' })
      .arrive(2, 2, STOCK, { key: 'level of A' })
      .arrive(1, 3, STOCK, { key: 'level of B' })
      .arrive(2, 4, STOCK, { key: 'level of B' })
    builder.run(3, 4, 'done')
    for (const id of [1, 3]) deleted(builder, 5, id, 'pending')
    expect(lostIn(builder)).toEqual([])
  })

  test('is a loss where the newer job was itself lost, or every call counts', () => {
    const builder = new JournalBuilder()
      .arrive(1, 1, STOCK, { key: 'level of A' })
      .arrive(2, 2, STOCK, { key: 'level of A' })
      .arrive(1, 3, CALL, { key: 'ping' })
      .arrive(2, 4, CALL, { key: 'ping' })
    for (const id of [2, 1, 3]) deleted(builder, 5, id, 'pending')
    expect(lostIn(builder)).toEqual([2, 1, 3])
  })

  test('is none where it can never run', () => {
    const builder = new JournalBuilder()
      .load(1, PUSH, 'failed', { effect: 'absent', neverSucceeds: true })
      .load(2, PUSH, 'failed', { effect: 'absent' })
    for (const id of [1, 2]) builder.write(5, [row(id, { state: ['failed', 'cancelled'] })])
    expect(lostIn(builder)).toEqual([2])
  })

  test('is none once it is taken back while the row exists', () => {
    const builder = new JournalBuilder().arrive(1, 1, CAPTURE)
    builder.write(5, [row(1, { state: ['pending', 'cancelled'] })])
    builder.write(10, [row(1, { state: ['cancelled', 'pending'] })])
    builder.run(11, 1, 'done', { cause: 'engine:2' })
    expect(lostIn(builder)).toEqual([])
  })

  test('is none where a worker that was still at it stored its own outcome', () => {
    const builder = new JournalBuilder().arrive(1, 1, REPORT)
    builder.write(5, [row(1, { state: ['started', 'done'] })])
    builder.run(4, 1, 'conflict', { minutes: 3, until: 8 })
    builder.run(8, 1, 'done', { cause: 'conflict' })
    expect(lostIn(builder)).toEqual([])
  })

  test('deleting settled rows loses nothing, and the counts stay right', () => {
    const builder = new JournalBuilder().census({ done: 10 }).arrive(1, 1, PUSH)
    builder.run(2, 1, 'done')
    builder.write(
      5,
      [1, 70, 71].map((id) => ({ id, changed: { state: ['done', null] } })),
      'truncate',
    )
    const folded = replay(builder.journal())
    expect(lossesOf(folded)).toEqual([])
    expect(folded.byStateAtEnd).toMatchObject({ done: 8, pending: 0 })
  })
})

describe('settled rows that an engine touches', () => {
  test('are named after the write, as they stood before it', () => {
    const builder = new JournalBuilder().census({ done: 3 })
    const write = builder.write(5, [row(70, { state: ['done', 'pending'] })])
    builder.add({
      at: minute(5),
      type: 'loaded',
      id: 70,
      fn: CAPTURE,
      state: 'done',
      channel: 'root',
      eta: null,
      dateCreated: minute(-500),
      dateStarted: null,
      key: 'order 70',
      effect: 'happened',
      signature: null,
    })
    const folded = replay(builder.journal())
    expect(folded.jobs.get(70)).toMatchObject({ state: 'pending', broughtBackBy: write })
    expect(folded.byStateAtEnd).toMatchObject({ done: 2, pending: 1 })
  })
})
