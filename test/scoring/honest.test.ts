import { describe, expect, test } from 'vitest'
import { scoreDrill } from '../../src/scoring/score-drill.ts'
import { signalTimes } from '../../src/scoring/signals.ts'
import { replay } from '../../src/scoring/replay/replay.ts'
import { minute, SCENARIO } from './journal-builder.ts'
import { calmTwin, honestDrill, noopBuilder, noopTwin, storySet } from './story.ts'

describe('an honest engine', () => {
  const score = scoreDrill(storySet(honestDrill()))

  test('passes with its gates held and its criteria met', () => {
    expect(score.reasons).toEqual(['All gates held; met: E1, E2, E3, E4.'])
    expect(score.verdict).toBe('pass')
    expect(score.end).toBe('closed')
    expect(score.gates.map(({ held }) => held)).toEqual([true, true, true])
    expect(score.criteria.map(({ id, points }) => [id, points])).toEqual([
      ['E1', 12.5],
      ['E2', 12.5],
      ['E3', 12.5],
      ['E4', 12.5],
    ])
  })

  test('gets full marks in every line of the grade', () => {
    const missing = score.grade.filter(({ points, pointsMax }) => points < pointsMax)
    expect(missing).toEqual([])
    expect(score.score).toBe(100)
  })

  test('is measured from the first signal and the first bite', () => {
    expect(score.speed).toEqual({
      firstSignalAt: new Date(minute(14)).toISOString(),
      detectedAfter: 11 * 60,
      mitigatedAfter: 15 * 60,
      recoveredAfter: 40 * 60,
      lowerBound: expect.any(Number),
    })
    // Half an hour without the shop, then ninety pushes of a second each on nearly eight free slots.
    expect(score.speed.lowerBound).toBeGreaterThanOrEqual(30 * 60 + 11)
    expect(score.speed.lowerBound).toBeLessThanOrEqual(30 * 60 + 12)
  })

  test('counts what became of the jobs', () => {
    expect(score.counts).toEqual({ loaded: 0, arrived: 1040, done: 1040, failed: 0, pending: 0 })
    expect(score.effects).toEqual({
      total: 1040,
      duplicates: 0,
      duplicatesNotByEngine: 0,
      staleOverwrites: 0,
      lost: 0,
      undecided: 0,
    })
    expect(score.counterfactuals.noop).toMatchObject({ failed: 90, done: 950, dueBacklogPeak: 150 })
  })

  test('gives one timeline point every five minutes, equal in length to those of its twins', () => {
    expect(score.timeline.map(({ at }) => Date.parse(at))).toEqual(
      Array.from({ length: 27 }, (_, step) => minute(5 * step)),
    )
    expect(score.counterfactuals.noop.dueBacklog).toHaveLength(27)
    expect(score.timeline[4]).toMatchObject({
      dueBacklog: 50,
      byState: { pending: 50, failed: 30 },
    })
    expect(score.timeline[5]?.byChannel['root']).toEqual({ pending: 75, due: 75, oldestAge: 894 })
  })

  test('tells its acts, writes and findings in order', () => {
    const kinds = score.actions.map(({ kind }) => kind)
    expect(kinds).toEqual([
      'open',
      'baseline',
      'write',
      'write',
      'write',
      'probe',
      'write',
      'write',
      'close',
    ])
    expect(score.actions[7]?.text).toBe('write 5: update of 45 rows: state failed → pending')
    expect(score.actions[2]?.text).toBe('write 1: update of 15 rows: eta +30m')
  })
})

describe('nobody acts', () => {
  const set = { ...storySet(honestDrill()), drill: noopTwin() }
  const score = scoreDrill(set)

  test('fails on its exit criteria with every gate held', () => {
    expect(score.verdict).toBe('fail')
    expect(score.end).toBe('not opened')
    expect(score.gates.every(({ held }) => held)).toBe(true)
    expect(score.criteria.filter(({ met }) => !met).map(({ id }) => id)).toEqual(['E1', 'E2', 'E3'])
  })

  test('earns nothing for speed or discipline', () => {
    const earned = (ids: readonly string[]) =>
      score.grade.filter(({ id }) => ids.includes(id)).map(({ points }) => points)
    expect(earned(['detect', 'mitigate', 'recover'])).toEqual([0, 0, 0])
    expect(earned(['baseline', 'isolation', 'retries', 'workers'])).toEqual([0, 0, 0, 0])
  })
})

describe('the signals of the runbook', () => {
  test('are seen where nobody acts, and not in the calm twin', () => {
    const calm = replay(calmTwin())
    expect(signalTimes(replay(noopTwin()), calm)).toEqual({
      'pending-grows-started-flat': minute(14),
      'failed-pending-loop': null,
      'cpu-idle-queue-grows': minute(14),
      'business-lag': minute(27),
    })
    expect(Object.values(signalTimes(calm, calm))).toEqual([null, null, null, null])
  })

  test('the same jobs going round is a loop, once it has lasted', () => {
    const builder = noopBuilder()
    for (let round = 0; round < 4; round++) {
      const at = 50 + 10 * round
      for (let id = 5_030; id < 5_036; id++) {
        builder.add({
          at: minute(at),
          type: 'moved',
          id,
          to: 'pending',
          by: 'T10',
          cause: 'automation:script',
        })
        builder.run(at + 0.5, id, 'failed', { cause: 'automation:script', fault: 0 })
      }
    }
    const times = signalTimes(replay(builder.journal()), replay(calmTwin()))
    expect(times['failed-pending-loop']).toBe(minute(51))
  })
})

describe('was there a drill', () => {
  test('a fault that never bites decides nothing', () => {
    const quiet = calmTwin()
    const set = { drill: quiet, calm: quiet, noop: quiet, retryAll: quiet }
    const score = scoreDrill(set)
    expect(score.verdict).toBe('inconclusive')
    expect(score.reasons).toEqual(['The fault never bit: no job and no worker was hit by it.'])
  })

  test('too few touched jobs decide nothing', () => {
    const scenario = { ...SCENARIO, thresholds: { ...SCENARIO.thresholds, touchedMin: 1_000 } }
    const score = scoreDrill(storySet(honestDrill(), scenario))
    expect(score.verdict).toBe('inconclusive')
    // 90 pushes failed; of 150 stock updates the first ones waited up to five minutes less than half an hour.
    expect(score.touched).toBe(240)
  })

  test('a limit of the harness decides nothing, a broken gate all the same', () => {
    const cut = honestDrill().journal({ reason: 'limit' })
    expect(scoreDrill({ ...storySet(honestDrill()), drill: cut }).verdict).toBe('inconclusive')
    const tampered = honestDrill({ also: (builder) => builder.finding(30, 'tampered') })
    const unsafe = scoreDrill({
      ...storySet(honestDrill()),
      drill: tampered.journal({ reason: 'limit' }),
    })
    expect(unsafe.verdict).toBe('unsafe')
    expect(unsafe.score).toBe(0)
  })
})
