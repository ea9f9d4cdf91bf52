import { describe, expect, test } from 'vitest'
import { sideEffectFaults } from '../../src/scoring/gates/side-effects.ts'
import { replay } from '../../src/scoring/replay/replay.ts'
import { CALL, CAPTURE, JournalBuilder, MAIL, minute, row, STOCK } from './journal-builder.ts'

const nobody = replay(new JournalBuilder().journal())
const faultsOf = (builder: JournalBuilder, noop = nobody) =>
  sideEffectFaults(replay(builder.journal()), noop)

/** A capture that fails after its effect, and comes back by `cause`. */
function captured(cause: 'cron' | 'retry' | 'automation:script' | 'engine:1'): JournalBuilder {
  const builder = new JournalBuilder().arrive(1, 1, CAPTURE)
  builder.run(2, 1, 'failed', { effect: true })
  if (cause === 'engine:1') builder.write(10, [row(1, { state: ['failed', 'pending'] })])
  else builder.add({ at: minute(10), type: 'moved', id: 1, to: 'pending', by: 'T13', cause })
  builder.run(11, 1, 'done', { cause })
  return builder
}

describe('who owns a duplicate', () => {
  test('the engine, whose requeue ran the job again; both executions and the write are named', () => {
    expect(faultsOf(captured('engine:1'))).toEqual([
      {
        kind: 'duplicate',
        owner: 'engine',
        jobFunction: CAPTURE,
        key: `${CAPTURE} 1`,
        effect: 'once',
        first: { job: 1, run: 1, at: '2026-11-02T09:02:01.000Z' },
        second: { job: 1, run: 2, at: '2026-11-02T09:11:01.000Z' },
        cause: 'engine write 1 (update of 1 row at 09:10:00)',
        write: 1,
      },
    ])
  })

  test.each([
    ['cron', 'the cron that requeues dead jobs'],
    ['retry', 'the retry rule of the job'],
    ['automation:script', 'automation script'],
  ] as const)('the queue, where the cause is %s', (cause, words) => {
    expect(faultsOf(captured(cause))).toMatchObject([{ owner: 'queue', cause: words, write: null }])
  })

  test('n effects of one key are n−1 duplicates, each owned by the later cause', () => {
    const builder = captured('engine:1')
    builder.add({ at: minute(20), type: 'moved', id: 1, to: 'pending', by: 'T13', cause: 'cron' })
    builder.run(21, 1, 'done', { cause: 'cron' })
    expect(faultsOf(builder).map(({ owner }) => owner)).toEqual(['engine', 'queue'])
  })

  test('another job with the same business key repeats it as well', () => {
    const builder = new JournalBuilder()
      .arrive(1, 1, CAPTURE, { key: 'order 7' })
      .arrive(2, 2, CAPTURE, { key: 'order 7' })
    builder.run(3, 1, 'done')
    builder.run(4, 2, 'done')
    expect(faultsOf(builder)).toMatchObject([
      {
        owner: 'queue',
        cause: 'the business created the job',
        first: { job: 1 },
        second: { job: 2 },
      },
    ])
  })

  test('a copy that the engine inserted is its duplicate', () => {
    const builder = new JournalBuilder().arrive(1, 1, CAPTURE, { key: 'order 7' })
    builder.run(2, 1, 'failed', { effect: true })
    const write = builder.write(10, [{ id: 2, changed: { state: [null, 'pending'] } }], 'insert')
    builder.arrive(10, 2, CAPTURE, { key: 'order 7', by: `engine:${write}` })
    builder.run(11, 2, 'done', { cause: `engine:${write}` })
    expect(faultsOf(builder)).toMatchObject([{ owner: 'engine', write }])
  })

  test('effects from before the start count', () => {
    const builder = new JournalBuilder().load(1, CAPTURE, 'failed', { effect: 'happened' })
    builder.write(10, [row(1, { state: ['failed', 'pending'] })])
    builder.run(11, 1, 'done', { cause: 'engine:1', prior: 1 })
    expect(faultsOf(builder)).toMatchObject([{ owner: 'engine', first: null }])
  })

  test('what the partner recognised by its key did not happen again', () => {
    const builder = new JournalBuilder().arrive(1, 1, MAIL)
    builder.run(2, 1, 'failed', { effect: true })
    builder.write(10, [row(1, { state: ['failed', 'pending'] })])
    builder.run(11, 1, 'done', { cause: 'engine:1', absorbed: true })
    expect(faultsOf(builder)).toEqual([])
  })

  test('two jobs of a function where every call counts are two wanted calls, one job twice is not', () => {
    const builder = new JournalBuilder()
      .arrive(1, 1, CALL, { key: 'ping' })
      .arrive(2, 2, CALL, { key: 'ping' })
    builder.run(3, 1, 'done')
    builder.run(4, 2, 'failed', { effect: true })
    builder.write(10, [row(2, { state: ['failed', 'pending'] })])
    builder.run(11, 2, 'done', { cause: 'engine:1' })
    expect(faultsOf(builder)).toMatchObject([
      { owner: 'engine', first: { job: 2 }, second: { job: 2 } },
    ])
  })

  test('the engine, where the cron picked a row only because the engine had written its dates', () => {
    const builder = new JournalBuilder().arrive(1, 1, CAPTURE)
    builder.run(2, 1, 'killed', { effect: true, minutes: 1 })
    builder.write(10, [row(1, { dateStarted: -600 })])
    builder.add({ at: minute(12), type: 'moved', id: 1, to: 'pending', by: 'T13', cause: 'cron' })
    builder.run(13, 1, 'done', { cause: 'cron' })
    expect(faultsOf(builder)).toMatchObject([
      {
        owner: 'engine',
        write: 1,
        cause:
          'the cron that requeues dead jobs after engine write 1 (update of 1 row at 09:10:00)',
      },
    ])
  })

  test('the engine, where an automation picked a row that the engine had set to failed', () => {
    const builder = new JournalBuilder().arrive(1, 1, CAPTURE)
    builder.run(2, 1, 'done')
    builder.write(10, [row(1, { state: ['done', 'failed'] })])
    builder.add({
      at: minute(12),
      type: 'moved',
      id: 1,
      to: 'pending',
      by: 'T10',
      cause: 'automation:script',
    })
    builder.run(13, 1, 'done', { cause: 'automation:script' })
    expect(faultsOf(builder)).toMatchObject([{ owner: 'engine', write: 1 }])
  })

  test('the engine, where it wrote into a running job so that its work was rolled back', () => {
    const builder = new JournalBuilder().arrive(1, 1, CAPTURE)
    builder.write(5, [row(1, { eta: 35 })])
    builder.run(4, 1, 'conflict', { effect: true, minutes: 3, until: 8 })
    builder.run(8, 1, 'done', { cause: 'conflict' })
    expect(faultsOf(builder)).toMatchObject([
      {
        owner: 'engine',
        write: 1,
        cause: expect.stringContaining('its work was rolled back (40001)'),
      },
    ])
  })

  test('the queue, where a conflict was its own', () => {
    const builder = new JournalBuilder().arrive(1, 1, CAPTURE)
    builder.run(4, 1, 'conflict', { effect: true, until: 8 })
    builder.run(8, 1, 'done', { cause: 'conflict' })
    expect(faultsOf(builder)).toMatchObject([
      { owner: 'queue', cause: 'a serialization conflict within the queue' },
    ])
  })

  const killedForMemory = (scaledAt: number | null) => {
    const builder = new JournalBuilder().arrive(1, 1, CAPTURE)
    if (scaledAt !== null) builder.act(scaledAt, { act: 'scale', by: 2, httpWorkers: 14 })
    const run = builder.run(6, 1, 'killed', { effect: true, minutes: 1 })
    builder.add({ at: minute(7), type: 'worker', event: 'out-of-memory', run })
    builder.add({ at: minute(20), type: 'moved', id: 1, to: 'pending', by: 'T13', cause: 'cron' })
    builder.run(21, 1, 'done', { cause: 'cron' })
    return builder
  }

  test('the engine, where a job was killed for want of memory after it had added workers', () => {
    expect(faultsOf(killedForMemory(5))).toMatchObject([{ owner: 'engine', write: null }])
    expect(faultsOf(killedForMemory(5))[0]?.cause).toContain('after the engine had added workers')
  })

  test('the queue, where such kills happen without the engine, or came before it added workers', () => {
    expect(faultsOf(killedForMemory(null))).toMatchObject([{ owner: 'queue' }])
    expect(faultsOf(killedForMemory(10))).toMatchObject([{ owner: 'queue' }])
    const ordinary = replay(killedForMemory(null).journal())
    expect(faultsOf(killedForMemory(5), ordinary)).toMatchObject([{ owner: 'queue' }])
  })

  test('nobody can say, where the journal does not hold the write', () => {
    const builder = captured('retry')
    builder.add({ at: minute(20), type: 'moved', id: 1, to: 'pending', by: 'T10' })
    builder.run(21, 1, 'done', { cause: 'engine:99' })
    expect(faultsOf(builder).map(({ owner }) => owner)).toEqual(['queue', 'undecided'])
  })
})

describe('who owns a stale overwrite', () => {
  /** An older level waits while a newer one is written; `write` then touches the older. */
  const overtaken = (changes: Parameters<typeof row>[1], cause: 'engine:1' | 'arrival') => {
    const builder = new JournalBuilder()
      .arrive(1, 1, STOCK, { key: 'level of A' })
      .arrive(5, 2, STOCK, { key: 'level of A' })
    builder.run(6, 2, 'done')
    builder.write(10, [row(1, changes)])
    builder.run(20, 1, 'done', { cause })
    return builder
  }

  test('the engine, where its requeue ran the older one', () => {
    expect(faultsOf(overtaken({ state: ['failed', 'pending'] }, 'engine:1'))).toMatchObject([
      { kind: 'stale overwrite', owner: 'engine', first: { job: 2 }, second: { job: 1 }, write: 1 },
    ])
  })

  test('the queue, where the engine only postponed it', () => {
    expect(faultsOf(overtaken({ eta: 15 }, 'arrival'))).toMatchObject([
      { kind: 'stale overwrite', owner: 'queue', write: null },
    ])
    expect(faultsOf(overtaken({ eta: 15 }, 'engine:1'))).toMatchObject([
      { kind: 'stale overwrite', owner: 'queue' },
    ])
  })

  test('repeating the same or a newer value is harmless', () => {
    const builder = new JournalBuilder().arrive(1, 1, STOCK).arrive(5, 2, STOCK)
    for (const at of [6, 7]) builder.run(at, 1, 'done', { priorValueAt: -10 })
    builder.run(8, 2, 'done')
    expect(faultsOf(builder)).toEqual([])
  })

  test('a value from before the start may be the newer one', () => {
    const builder = new JournalBuilder().load(1, STOCK, 'failed', { createdAt: -100 })
    builder.write(10, [row(1, { state: ['failed', 'pending'] })])
    builder.run(11, 1, 'done', { cause: 'engine:1', valueAt: -100, priorValueAt: -50 })
    expect(faultsOf(builder)).toMatchObject([
      { kind: 'stale overwrite', owner: 'engine', first: null },
    ])
  })
})
