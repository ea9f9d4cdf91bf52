import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { RUNBOOK_POLICY } from '../../../src/recovery/runbook/policy.ts'
import {
  lastingSignals,
  measure,
  type Observation,
  readSigns,
} from '../../../src/recovery/runbook/signals/decide.ts'
import type { Facts, FunctionDepth } from '../../../src/recovery/runbook/signals/observe.ts'
import { CATALOGUE, MINUTE, START } from '../queue-database.ts'

const NOTHING: Omit<FunctionDepth, 'fn'> = {
  due: 0,
  late: 0,
  postponed: 0,
  retrying: 0,
  started: 0,
  enqueued: 0,
  failed: 0,
  failedSettled: 0,
  failedRecently: 0,
  failedStanding: 0,
}

interface Check {
  readonly due?: number
  readonly slots?: number
  readonly late?: number
  readonly failed?: number
  /** Of `failed`: since the last check. */
  readonly fresh?: number
  /** Failed critical jobs that nobody has dealt with. */
  readonly standing?: number
  readonly dead?: number
  readonly cpu?: number
}

/** Facts of one check: shop jobs wait and fail, work inside holds the slots. */
function factsOf(check: Check, at: number): Facts {
  const { due = 0, slots = 2, late = 0, failed = 0, fresh = 0, dead = 0, standing = 0 } = check
  const shop = {
    fn: 'sale.order.push',
    due,
    late,
    failed,
    failedSettled: failed - fresh,
    failedStanding: standing,
  }
  return {
    at,
    byFunction: [
      { ...NOTHING, ...shop },
      { ...NOTHING, fn: 'sale.order.margin', started: slots },
    ],
    running: Array.from({ length: dead }, (_, index) => ({
      id: index + 1,
      fn: 'sale.order.margin',
      state: 'started' as const,
      workerPid: 9,
      createdAt: at - MINUTE,
      startedAt: at - MINUTE,
      enqueuedAt: at - MINUTE,
    })),
    workers: { httpWorkers: 12, starting: 0, rootCapacity: 8, pids: [500], busy: slots },
    idMax: 100,
  }
}

/** Feeds checks of five minutes one after the other; `open` as soon as a signal lasts, as the engine does. */
function watch(checks: readonly Check[]): readonly { signs: string; open: string }[] {
  const history: Observation[] = []
  return checks.map((check, index) => {
    const at = START + index * 5 * MINUTE
    const facts = factsOf(check, at)
    const measures = measure(facts, history.at(-1) ?? null, CATALOGUE, 0)
    const signs = readSigns(facts, measures, history, check.cpu ?? 0.9, CATALOGUE, RUNBOOK_POLICY)
    const { due, slots, failed, failures, returned } = measures
    history.push({ at, due, slots, failed, failures, returned, signs, quiet: signs.length === 0 })
    const lasting = lastingSignals(history, -Infinity, RUNBOOK_POLICY)
    return {
      signs: signs.map(({ signal }) => signal).join(' '),
      open: lasting?.signals.join(' ') ?? '',
    }
  })
}

const times = <Item>(count: number, item: Item): Item[] => Array.from({ length: count }, () => item)
const opens = (checks: readonly Check[]): string[] => watch(checks).map(({ open }) => open)

describe('a backlog that grows while started stays flat', () => {
  const calm = times(3, { due: 5 })

  it('is a signal at the third check, not before', () => {
    const grows = [300, 600, 900, 1200].map((due) => ({ due, slots: 8 }))
    expect(opens([...calm, ...grows])).toEqual([
      ...times(5, ''),
      'pending-grows-started-flat',
      'pending-grows-started-flat',
    ])
  })

  it('forgives one check between two bursts', () => {
    const checks = [200, 210, 6, 230].map((due) => ({ due, slots: 8 }))
    expect(opens([...calm, ...checks]).at(-1)).toBe('pending-grows-started-flat')
  })

  it('is none while it drains by itself', () => {
    const drains = [900, 500, 250, 120, 60].map((due) => ({ due, slots: 8 }))
    expect(opens([...calm, ...drains]).join('')).toBe('')
  })

  it('is none while more and more slots work on it', () => {
    const checks = [4, 7].map((slots) => ({ due: 300, slots }))
    expect(watch([...calm, ...checks]).map(({ signs }) => signs)).toEqual(times(5, ''))
  })

  it('counts small when dead jobs hold the slots', () => {
    const checks = times(3, { due: 20, slots: 8, dead: 3 })
    expect(opens([...calm, ...checks]).at(-1)).toBe('pending-grows-started-flat')
    const alive = times(3, { due: 20, slots: 8 })
    expect(opens([...calm, ...alive]).at(-1)).toBe('')
  })

  it('with an idle CPU is a second signal', () => {
    const checks = [300, 600, 900].map((due) => ({ due, slots: 8, cpu: 0.2 }))
    expect(opens([...calm, ...checks]).at(-1)).toBe(
      'pending-grows-started-flat cpu-idle-queue-grows',
    )
  })

  it('is judged against what is normal for this queue', () => {
    const usual = times(12, { due: 100, slots: 8 })
    expect(opens([...usual, ...times(4, { due: 300, slots: 8 })]).join('')).toBe('')
    expect(opens([...usual, ...times(4, { due: 600, slots: 8 })]).at(-1)).not.toBe('')
  })
})

describe('jobs that go round failed -> pending', () => {
  it('are a signal when somebody sets them back every second check', () => {
    // 40 failed; at every second check those 40 had been set back and failed anew.
    const checks = [
      { failed: 40 },
      { failed: 40, fresh: 40 },
      { failed: 40 },
      { failed: 40, fresh: 40 },
      { failed: 40 },
    ]
    expect(watch(checks).map(({ signs }) => signs.includes('failed-pending-loop'))).toEqual([
      false,
      true,
      true,
      true,
      true,
    ])
    expect(opens(checks)[3]).toContain('failed-pending-loop')
  })

  it('are none when the engine itself set them back', () => {
    const before = factsOf({ failed: 40 }, START)
    const last: Observation = {
      at: START,
      signs: [],
      quiet: true,
      ...measure(before, null, CATALOGUE, 0),
    }
    const after = factsOf({ failed: 0 }, START + 5 * MINUTE)
    expect(measure(after, last, CATALOGUE, 0).returned).toBe(40)
    expect(measure(after, last, CATALOGUE, 40).returned).toBe(0)
  })
})

describe('business that lags', () => {
  it('is seen early, so it must last a check longer', () => {
    const checks = [{}, {}, ...times(5, { late: 5 })]
    expect(opens(checks)).toEqual([...times(5, ''), 'business-lag', 'business-lag'])
  })

  it('is also a critical flow that fails in numbers', () => {
    const fails = Array.from({ length: 5 }, (_, index) => ({ failed: 30 * (index + 1), fresh: 30 }))
    expect(opens([{}, {}, ...fails]).at(-1)).toBe('business-lag')
  })

  it('goes on while what failed in numbers stands there', () => {
    const outage = [
      { failed: 40, fresh: 40, standing: 40 },
      { failed: 60, fresh: 20, standing: 60 },
    ]
    const after = times(3, { failed: 60, standing: 60 })
    expect(opens([{}, {}, ...outage, ...after]).slice(4)).toEqual([
      '',
      'business-lag',
      'business-lag',
    ])
    const few = times(4, { failed: 60, standing: 19 })
    expect(opens([{}, {}, ...outage, ...few]).at(-1)).toBe('')
  })

  it('is not the few failures of an ordinary hour, nor the old ones of years', () => {
    const checks = Array.from({ length: 20 }, (_, index) => ({ failed: 3000 + index, fresh: 1 }))
    expect(opens(checks).join('')).toBe('')
  })
})

it('ordinary days raise no alarm: bursts that drain, a few failures, ramps', () => {
  const check = fc.record({
    due: fc.oneof(
      { weight: 9, arbitrary: fc.integer({ min: 0, max: 35 }) },
      { weight: 1, arbitrary: fc.integer({ min: 0, max: 400 }) },
    ),
    slots: fc.integer({ min: 0, max: 8 }),
    late: fc.integer({ min: 0, max: 2 }),
    fresh: fc.integer({ min: 0, max: 5 }),
    cpu: fc.double({ min: 0, max: 1, noNaN: true }),
  })
  fc.assert(
    fc.property(fc.array(check, { minLength: 20, maxLength: 60 }), (drawn) => {
      // A burst is over at the next check.
      const checks = drawn.map((each, index) => {
        const afterBurst = (drawn[index - 1]?.due ?? 0) > 35
        const due = afterBurst ? Math.min(each.due, 35) : each.due
        return { ...each, due, failed: 300 + 5 * index + each.fresh }
      })
      expect(opens(checks).join('')).toBe('')
    }),
    { numRuns: 200 },
  )
})
