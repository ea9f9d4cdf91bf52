import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Baseline, BASELINE_FORMAT, updatedBaseline } from '../../src/report/baseline.ts'
import {
  type ComparedItem,
  compareWithBaseline,
  type Comparison,
} from '../../src/report/compare.ts'
import type { Report } from '../../src/report/report-json.ts'
import { failed } from './sample.ts'
import { runs, type Variant, variant, variants } from './variants.ts'

const ALL = { scenarios: null, seeds: null }

function baselineOf(...reports: readonly Report[]): Baseline {
  return updatedBaseline(null, reports, ALL)
}

function compare(before: Variant, now: Variant): Comparison {
  return compareWithBaseline([variant(now)], baselineOf(variant(before)), ALL)
}

/** What is different in the one drill, `item: kind`. */
function differences(before: Variant, now: Variant): string[] {
  return different(compare(before, now)).map(({ item, difference }) => `${item}: ${difference}`)
}

function different({ drills }: Comparison): ComparedItem[] {
  return drills.flatMap(({ items }) => items.filter(({ difference }) => difference !== 'same'))
}

describe('a drill against its baseline', () => {
  test.each<[string, Variant, Variant, readonly string[]]>([
    ['the same drill', {}, {}, []],
    ['a worse verdict', {}, { verdict: 'fail' }, ['verdict: loss']],
    ['a better verdict', { verdict: 'unsafe' }, { verdict: 'fail' }, ['verdict: gain']],
    [
      'a drill that decides nothing any more',
      {},
      { verdict: 'inconclusive', score: 3 },
      ['verdict: loss'],
    ],
    [
      'the same for one that had failed',
      { verdict: 'fail' },
      { verdict: 'inconclusive' },
      ['verdict: loss'],
    ],
    ['a drill that decides now', { verdict: 'inconclusive', score: 9 }, {}, ['verdict: gain']],
    ['a criterion that is lost', {}, { broken: ['E3'] }, ['E3: loss']],
    ['a gate that is lost', {}, { broken: ['nothing-lost'] }, ['nothing-lost: loss']],
    ['a criterion that is gained', { broken: ['E3'] }, {}, ['E3: gain']],
    [
      'another criterion than before',
      { broken: ['E3'] },
      { broken: ['E4'] },
      ['E3: gain', 'E4: loss'],
    ],
    ['one point less', { score: 90 }, { score: 89 }, ['score: change']],
    ['more than one point less', { score: 90 }, { score: 88.9 }, ['score: loss']],
    ['more points', { score: 90 }, { score: 92 }, ['score: gain']],
    ['one duplicate more', {}, { effects: { duplicates: 1 } }, ['duplicates: loss']],
    [
      'one duplicate less',
      { effects: { duplicates: 2 } },
      { effects: { duplicates: 1 } },
      ['duplicates: gain'],
    ],
    ['a stale overwrite', {}, { effects: { staleOverwrites: 1 } }, ['staleOverwrites: loss']],
    ['a lost job', {}, { effects: { lost: 1 } }, ['lost: loss']],
    [
      'a side effect that cannot be decided',
      {},
      { effects: { undecided: 1 } },
      ['undecided: loss'],
    ],
    [
      'five duplicates more by the queue itself',
      {},
      { effects: { duplicatesNotByEngine: 5 } },
      ['duplicatesNotByEngine: change'],
    ],
    ['six', {}, { effects: { duplicatesNotByEngine: 6 } }, ['duplicatesNotByEngine: loss']],
    [
      'a tenth more of many',
      { effects: { duplicatesNotByEngine: 100 } },
      { effects: { duplicatesNotByEngine: 110 } },
      ['duplicatesNotByEngine: change'],
    ],
    [
      'five minutes later',
      { speed: { recoveredAfter: 600 } },
      { speed: { recoveredAfter: 900 } },
      ['recoveredAfter: change'],
    ],
    [
      'six minutes later',
      { speed: { recoveredAfter: 600 } },
      { speed: { recoveredAfter: 960 } },
      ['recoveredAfter: loss'],
    ],
    [
      'a tenth later',
      { speed: { recoveredAfter: 9000 } },
      { speed: { recoveredAfter: 9900 } },
      ['recoveredAfter: change'],
    ],
    [
      'more than a tenth later',
      { speed: { recoveredAfter: 9000 } },
      { speed: { recoveredAfter: 9901 } },
      ['recoveredAfter: loss'],
    ],
    [
      'never',
      { speed: { recoveredAfter: 9000 } },
      { speed: { recoveredAfter: null } },
      ['recoveredAfter: loss'],
    ],
    [
      'for the first time',
      { speed: { recoveredAfter: null } },
      { speed: { recoveredAfter: 9000 } },
      ['recoveredAfter: gain'],
    ],
    [
      'much faster',
      { speed: { recoveredAfter: 9000 } },
      { speed: { recoveredAfter: 4000 } },
      ['recoveredAfter: gain'],
    ],
    [
      'before there was anything to see',
      { speed: { detectedAfter: 600 } },
      { speed: { detectedAfter: -300 } },
      ['detectedAfter: change'],
    ],
    ['a point of the SLA less', { slaShare: 0.99 }, { slaShare: 0.98 }, ['slaShare: change']],
    ['more than that', { slaShare: 0.99 }, { slaShare: 0.9799 }, ['slaShare: loss']],
    ['another journal', {}, { digest: 'e'.repeat(64) }, ['digest: change']],
  ])('%s', (_what, before, now, expected) => {
    expect(differences(before, now)).toEqual(expected)
  })

  test('what an engine that breaks down loses is told as that', () => {
    const { drills } = compareWithBaseline(
      [failed()],
      baselineOf(variant({ engine: 'by-hand' })),
      ALL,
    )
    const [engine] = drills[0]!.items.filter(({ item }) => item === 'engine')
    expect(engine).toMatchObject({ difference: 'loss', before: 'held', now: 'not held' })
  })

  test('a loss beyond a tolerance says what would have been none', () => {
    const [later] = different(
      compare({ speed: { recoveredAfter: 5040 } }, { speed: { recoveredAfter: 7500 } }),
    )
    expect(later).toMatchObject({
      before: '1h 24m',
      now: '2h 5m',
      why: 'at the latest 1h 32m',
    })
    const [share] = different(compare({ slaShare: 0.9986 }, { slaShare: 0.98 }))
    expect(share).toMatchObject({ before: '99.86 %', now: '98.00 %', why: 'at least 98.86 %' })
    const [points] = different(compare({ score: 94 }, { score: 57.04 }))
    expect(points).toMatchObject({ before: '94', now: '57', why: 'at least 93' })
  })

  test('another digest is told with the inputs that changed', () => {
    const before = variant({ engine: 'runbook' })
    const { drill } = before
    const digest = 'e'.repeat(64)
    const why = (change: Partial<Report['drill']>) => {
      const now = { ...before, digest, drill: { ...drill, ...change } }
      return different(compareWithBaseline([now], baselineOf(before), ALL))[0]?.why
    }
    expect(why({})).toBe('same inputs: the engine acts differently, or queue-drill is another')
    expect(why({ engine: 'mine', scenarioSha256: 'f'.repeat(64) })).toBe(
      'changed: engine runbook → mine, the scenario',
    )
    expect(why({ snapshotSha256: 'f'.repeat(64), operationsSha256: 'f'.repeat(64) })).toBe(
      'changed: the snapshot, the operations file',
    )
    expect(why({ snapshot: 'ours', snapshotSha256: 'f'.repeat(64), startHourOfWeek: 3 })).toBe(
      'changed: snapshot none → ours, the start',
    )
  })
})

describe('drills that are in the one and not in the other', () => {
  const [first, second, other] = [
    variant({ scenario: 'a', seed: 1 }),
    variant({ scenario: 'a', seed: 2 }),
    variant({ scenario: 'b', seed: 1 }),
  ]

  test('one of the baseline that was asked for and is not there is a loss', () => {
    const { drills, losses, notAsked } = compareWithBaseline(
      [first],
      baselineOf(first, second, other),
      ALL,
    )
    const missing = drills.filter(({ state }) => state === 'missing')
    expect(missing.map(({ scenario, seed, items }) => [scenario, seed, items[0]!.why])).toEqual([
      ['a', 2, 'name its seed with --seed'],
      ['b', 1, 'there is no such scenario now'],
    ])
    expect({ losses, notAsked }).toEqual({ losses: 2, notAsked: 0 })
  })

  test('one that was not asked for is counted, and no loss', () => {
    const baseline = baselineOf(first, second, other)
    const bySeed = compareWithBaseline([first, other], baseline, { scenarios: null, seeds: [1] })
    expect(bySeed).toMatchObject({ losses: 0, notAsked: 1 })
    const byName = compareWithBaseline([first, second], baseline, { scenarios: ['a'], seeds: null })
    expect(byName).toMatchObject({ losses: 0, notAsked: 1 })
  })

  test('a new one has to pass: nothing excuses it', () => {
    const now = [first, variant({ scenario: 'b', verdict: 'fail' }), variant({ scenario: 'c' })]
    const { drills } = compareWithBaseline(now, baselineOf(first), ALL)
    expect(
      drills.filter(({ state }) => state === 'new').map(({ scenario, items }) => [scenario, items]),
    ).toEqual([
      [
        'b',
        [
          {
            item: 'drill',
            difference: 'loss',
            before: 'none',
            now: 'fail',
            why: 'no baseline excuses it',
          },
        ],
      ],
      ['c', [{ item: 'drill', difference: 'change', before: 'none', now: 'pass', why: '' }]],
    ])
  })
})

describe('the next baseline', () => {
  test('takes what was played, keeps what was not asked for, drops what is gone', () => {
    const of = (scenario: string, seed: number, score: number) => variant({ scenario, seed, score })
    const baseline = baselineOf(of('b', 1, 50), of('a', 1, 50), of('a', 2, 50), of('gone', 1, 50))
    const next = (
      reports: readonly Report[],
      asked: typeof ALL | { scenarios: string[]; seeds: null },
    ) =>
      updatedBaseline(baseline, reports, asked).drills.map(
        ({ scenario, seed, score }) => `${scenario} ${seed} ${score}`,
      )
    expect(next([of('a', 1, 60), of('b', 1, 60)], ALL)).toEqual(['a 1 60', 'b 1 60'])
    expect(next([of('a', 1, 60), of('a', 2, 60)], { scenarios: ['a'], seeds: null })).toEqual([
      'a 1 60',
      'a 2 60',
      'b 1 50',
      'gone 1 50',
    ])
  })
})

describe('whatever comes out of the drills', () => {
  const toReports = (list: readonly Variant[]) => list.map(variant)
  const kinds = (comparison: Comparison) =>
    new Map(
      comparison.drills.flatMap(({ scenario, seed, items }) =>
        items.map(({ item, difference }) => [`${scenario} ${seed} ${item}`, difference] as const),
      ),
    )

  test('a run is no different from itself', () => {
    fc.assert(
      fc.property(runs, (list) => {
        const reports = toReports(list)
        const { drills, losses, gains, changes } = compareWithBaseline(
          reports,
          baselineOf(...reports),
          ALL,
        )
        expect({ losses, gains, changes, drills: drills.length }).toEqual({
          losses: 0,
          gains: 0,
          changes: 0,
          drills: list.length,
        })
      }),
    )
  })

  test('the order of the drills plays no part', () => {
    fc.assert(
      fc.property(runs, runs, (before, now) => {
        const [reports, baseline] = [toReports(now), baselineOf(...toReports(before))]
        const reversed = { ...baseline, drills: [...baseline.drills].reverse() }
        expect(compareWithBaseline([...reports].reverse(), reversed, ALL)).toEqual(
          compareWithBaseline(reports, baseline, ALL),
        )
      }),
    )
  })

  test('what was lost on the way there is never lost on the way back', () => {
    fc.assert(
      fc.property(variants, variants, (first, second) => {
        const key = { scenario: 'a', seed: 1 }
        const [there, back] = [
          kinds(compare({ ...first, ...key }, { ...second, ...key })),
          kinds(compare({ ...second, ...key }, { ...first, ...key })),
        ]
        // Between what decides and what does not there is no better and worse.
        const items = [...there.keys()].filter((item) => !item.endsWith('verdict'))
        const lostBothWays = items.filter((item) =>
          [there, back].every((each) => each.get(item) === 'loss'),
        )
        const sameOneWay = items.filter(
          (item) => (there.get(item) === 'same') !== (back.get(item) === 'same'),
        )
        expect({ lostBothWays, sameOneWay }).toEqual({ lostBothWays: [], sameOneWay: [] })
      }),
    )
  })

  test('a figure of safety that grows is a loss, however little', () => {
    const figures = ['duplicates', 'staleOverwrites', 'lost', 'undecided'] as const
    fc.assert(
      fc.property(
        variants,
        fc.constantFrom(...figures),
        fc.integer({ min: 1, max: 9 }),
        (drill, figure, by) => {
          const decided = { ...drill, verdict: 'fail' } as const
          const worse = {
            ...decided,
            effects: { ...drill.effects, [figure]: drill.effects[figure] + by },
          }
          expect(differences(decided, worse)).toEqual([`${figure}: loss`])
        },
      ),
    )
  })

  test('what is worse still does not take a loss away', () => {
    fc.assert(
      fc.property(variants, variants, fc.nat(5000), (before, now, by) => {
        const key = { scenario: 'a', seed: 1, verdict: 'fail' } as const
        const worse = {
          ...now,
          score: Math.max(0, now.score - by / 100),
          speed: { ...now.speed, recoveredAfter: later(now.speed.recoveredAfter, by) },
          broken: [...now.broken, 'E2'],
        }
        const losses = (variant: Variant) =>
          [...kinds(compare({ ...before, ...key }, { ...variant, ...key }))]
            .filter(([, difference]) => difference === 'loss')
            .map(([item]) => item)
        expect(losses(worse)).toEqual(expect.arrayContaining(losses(now)))
      }),
    )
  })

  test('drills are counted once: compared, new, missing or not asked for', () => {
    const asked = fc.record({
      scenarios: fc.option(fc.subarray(['dead-webhook', 'missing-credential', 'quiet-day'])),
      seeds: fc.option(fc.subarray([1, 2, 3])),
    })
    fc.assert(
      fc.property(runs, runs, asked, (before, now, asked) => {
        const baseline = baselineOf(...toReports(before))
        const { drills, notAsked } = compareWithBaseline(toReports(now), baseline, asked)
        const names = [...before, ...now].map(({ scenario, seed }) => `${scenario} ${seed}`)
        expect(drills.length + notAsked).toBe(new Set(names).size)
        const next = updatedBaseline(baseline, toReports(now), asked)
        expect(next.format).toBe(BASELINE_FORMAT)
        expect(next.drills).toHaveLength(
          drills.filter(({ state }) => state !== 'missing').length + notAsked,
        )
      }),
    )
  })
})

function later(seconds: number | null, by: number): number | null {
  return seconds === null ? null : seconds + by
}
