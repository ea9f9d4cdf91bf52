import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Act, Journal, JournalEvent } from '../../src/journal/events.ts'
import { scoreDrill } from '../../src/scoring/score-drill.ts'
import { VERDICTS } from '../../src/scoring/score.ts'
import { CAPTURE, JournalBuilder, minute, PUSH, row } from './journal-builder.ts'
import { heldPushes, honestDrill, storySet } from './story.ts'

const set = storySet(honestDrill())
const honest = scoreDrill(set)
/** Pushes kept back and never released, closed all the same. */
const careless = honestDrill({
  afterwards: (drill) =>
    void drill.write(
      45,
      heldPushes().map((id) => row(id, { eta: 600 })),
    ),
}).journal()
const judge = (drill: Journal) => scoreDrill({ ...set, drill })

/** The drill with events put in at their time, after those of the same moment. */
function withEvents(added: readonly JournalEvent[], drill = set.drill): Journal {
  const { header, events } = drill
  const end = events.at(-1)!
  const sorted = [...events.slice(0, -1), ...added]
    .map((event, index) => ({ event, index }))
    .sort((left, right) => left.event.at - right.event.at || left.index - right.index)
  return { header, events: [...sorted.map(({ event }) => event), end] }
}

/** What an engine says about itself: none of it is a deed. */
const words: fc.Arbitrary<Act> = fc.oneof(
  fc.record({ act: fc.constant('decision' as const), what: fc.string(), why: fc.string() }),
  fc.record({
    act: fc.constant('tracked-fix' as const),
    subject: fc.oneof(
      fc.record({ jobFunction: fc.constantFrom(PUSH, CAPTURE) }),
      fc.record({ channel: fc.constant('root') }),
      fc.record({ jobs: fc.array(fc.integer({ min: 5_000, max: 5_100 }), { maxLength: 5 }) }),
    ),
    owner: fc.string(),
    reason: fc.string(),
    isolatedBy: fc.string(),
  }),
  fc.record({ act: fc.constant('doctor' as const), healthy: fc.boolean() }),
)
const minutes = fc.integer({ min: 0, max: 129 })

describe('for any drill', () => {
  test('words do not raise the score', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(minutes, words), { minLength: 1, maxLength: 8 }), (said) => {
        const events = said.map(([at, act]): JournalEvent => ({
          at: minute(at),
          type: 'act',
          check: 0,
          ...act,
        }))
        for (const drill of [set.drill, careless]) {
          const silent = judge(drill)
          const score = judge(withEvents(events, drill))
          expect(score.score).toBeLessThanOrEqual(silent.score)
          expect(VERDICTS.indexOf(score.verdict)).toBeLessThanOrEqual(
            VERDICTS.indexOf(silent.verdict),
          )
          expect(score.gates).toEqual(silent.gates)
        }
      }),
      { numRuns: 15 },
    )
  })

  test('a duplicate of the engine only lowers the verdict, to unsafe and no points', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 5_000, max: 5_150 }),
        fc.integer({ min: 60, max: 120 }),
        (id, at) => {
          const builder = new JournalBuilder().arrive(0, id, PUSH)
          builder.events.length = 0
          builder.write(at, [row(id, { state: ['done', 'pending'] })])
          builder.run(at + 1, id, 'done', { cause: 'engine:1' })
          // Numbers of their own, beside those of the story.
          const events = builder.events.map((event) => ({
            ...event,
            ...('run' in event && { run: 90_000 }),
            ...('write' in event && { write: 900 }),
            ...('cause' in event && event.cause === 'engine:1' && { cause: 'engine:900' as const }),
          })) as JournalEvent[]
          const score = judge(withEvents(events))
          expect(score.verdict).toBe('unsafe')
          expect(score.score).toBe(0)
          expect(score.sideEffectFaults).toMatchObject([
            { owner: 'engine', write: 900, second: { job: id, run: 90_000 } },
          ])
        },
      ),
      { numRuns: 15 },
    )
  })

  test('judging again gives the same score, also after a way through text', () => {
    const stored = JSON.parse(JSON.stringify(set)) as typeof set
    expect(scoreDrill(stored)).toEqual(honest)
    expect(JSON.parse(JSON.stringify(honest))).toEqual(honest)
  })

  test('points never exceed their line, and all lines together are a hundred', () => {
    const lines = [...honest.criteria, ...honest.grade]
    for (const { points, pointsMax } of lines) {
      expect(points).toBeGreaterThanOrEqual(0)
      expect(points).toBeLessThanOrEqual(pointsMax)
    }
    expect(lines.reduce((sum, { pointsMax }) => sum + pointsMax, 0)).toBe(100)
  })
})

describe('a long journal', () => {
  test('is folded in one sweep: twice the events take no more than about twice the work', () => {
    // Counted, not timed: reads of the events array per event stay the same.
    const reads = (repeat: number) => {
      const builder = new JournalBuilder()
      for (let id = 0; id < 200 * repeat; id++) {
        builder.arrive(id / (2 * repeat), id, PUSH)
        builder.run(id / (2 * repeat) + 0.1, id, 'done')
      }
      const journal = builder.journal()
      let count = 0
      const events = new Proxy(journal.events as JournalEvent[], {
        get(target, property, receiver) {
          if (typeof property === 'string' && /^\d+$/.test(property)) count++
          return Reflect.get(target, property, receiver) as unknown
        },
      })
      const counted = { ...journal, events }
      scoreDrill({ drill: counted, calm: journal, noop: journal, retryAll: journal })
      return count / journal.events.length
    }
    expect(reads(4)).toBeLessThan(1.2 * reads(1))
  })
})
