/** A fault that a facilitator brings about is a fault like any other, and happens again in a twin. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { MINUTE, SECOND } from '../../src/foundation/time.ts'
import type { JournalEvent } from '../../src/journal/events.ts'
import type { FaultSpec } from '../../src/scenario/scenario.ts'
import type { BoundFault } from '../../src/simulation/integrations.ts'
import type { Injection } from '../../src/simulation/world.ts'
import { row, smallWorld, START, traffic } from './small-world.ts'

const PUSH = 'sale.order.push'
const FUNCTIONS = [traffic(PUSH, { ratePerHour: Array.from({ length: 168 }, () => 600) })]
const ROWS = Array.from({ length: 20 }, (_, index) => row(index + 1, PUSH))

const bound = (spec: FaultSpec): BoundFault => ({
  spec,
  integrations: spec.kind === 'target-down' ? ['shop'] : [],
  functions: [PUSH],
})

function specOf(kind: number, fromMs: number, lastsMs: number): FaultSpec {
  const window = { fromMs, untilMs: fromMs + lastsMs }
  if (kind === 0) return { kind: 'target-down', roles: ['webhook'], answer: 'refuse', ...window }
  if (kind === 1) return { kind: 'arrivals-burst', roles: ['webhook'], factor: 4, ...window }
  return { kind: 'workers-killed', workers: 2, fromMs, untilMs: null }
}

/** One injection after the other while the world goes on, as in a live drill. */
function byHand(injections: readonly Injection[], until: number): readonly JournalEvent[] {
  const { world, events } = smallWorld({ rows: ROWS, functions: FUNCTIONS })
  for (const { at, fault } of injections) {
    for (let now = world.now; now < at; now = Math.min(at, now + 7 * SECOND)) world.advance(now)
    world.advance(at)
    world.inject(fault)
  }
  world.advance(until)
  return events
}

describe('an injected fault', () => {
  it('begins at once, bites and ends, under the number after those of the scenario', () => {
    const { world, events } = smallWorld({
      rows: ROWS,
      functions: FUNCTIONS,
      faults: [{ kind: 'workers-killed', workers: 1, fromMs: 0, untilMs: null }],
    })
    world.advance(START + 5 * MINUTE)
    const spec = specOf(0, 5 * MINUTE, 2 * MINUTE)
    world.inject(bound(spec))
    world.advance(START + 10 * MINUTE)
    expect(events.find(({ type }) => type === 'fault-injected')).toEqual({
      at: START + 5 * MINUTE,
      type: 'fault-injected',
      fault: 1,
      spec,
      integrations: ['shop'],
      functions: [PUSH],
    })
    const phases = events.flatMap((event) =>
      event.type === 'fault' && event.fault === 1 ? [[event.phase, event.at - START]] : [],
    )
    expect(phases.map(([phase]) => phase)).toEqual(['begins', 'bites', 'ends'])
    expect(phases[0]![1]).toBe(5 * MINUTE)
    expect(phases[2]![1]).toBe(7 * MINUTE)
    const hit = events.filter((event) => event.type === 'run-ended' && event.fault === 1)
    expect(hit.length).toBeGreaterThan(5)
  })

  it('gives the same journal, event by event, to a twin that is told beforehand', () => {
    const plan = fc.array(
      fc.record({
        after: fc.integer({ min: 0, max: 3 * MINUTE }),
        kind: fc.nat(2),
        lasts: fc.integer({ min: 1, max: 5 * MINUTE }),
      }),
      { minLength: 1, maxLength: 4 },
    )
    fc.assert(
      fc.property(plan, (steps) => {
        let after = 0
        const injections = steps.map(({ after: more, kind, lasts }) => {
          after += more
          return { at: START + after, fault: bound(specOf(kind, after, lasts)) }
        })
        const until = START + after + 10 * MINUTE
        const told = smallWorld({ rows: ROWS, functions: FUNCTIONS, injections })
        told.world.advance(until)
        expect(told.events).toEqual(byHand(injections, until))
      }),
      { numRuns: 40 },
    )
  })

  it('changes nothing before its moment', () => {
    const at = START + 5 * MINUTE
    const injections = [{ at, fault: bound(specOf(1, 5 * MINUTE, MINUTE)) }]
    const [without, withIt] = [[], injections].map((given) => {
      const { world, events } = smallWorld({ rows: ROWS, functions: FUNCTIONS, injections: given })
      world.advance(START + 10 * MINUTE)
      return events
    })
    const before = (events: readonly JournalEvent[]) => events.filter((event) => event.at < at)
    expect(before(withIt!)).toEqual(before(without!))
    const arrivals = (events: readonly JournalEvent[]) =>
      events.filter(({ type }) => type === 'arrived').length
    expect(arrivals(withIt!)).toBeGreaterThan(arrivals(without!))
  })
})
