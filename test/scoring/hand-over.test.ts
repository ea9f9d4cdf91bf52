import { describe, expect, test } from 'vitest'
import type { Act } from '../../src/journal/events.ts'
import { scoreDrill } from '../../src/scoring/score-drill.ts'
import type { Score } from '../../src/scoring/score.ts'
import { JournalBuilder, PUSH, row, SCENARIO, STOCK } from './journal-builder.ts'
import { calmTwin, MINUTES, pushes, stocks } from './story.ts'

/** The shop refuses from minute 10 on and never comes back. */
const scenario = {
  ...SCENARIO,
  faults: [{ ...SCENARIO.faults[0]!, untilMs: null }],
}

function shopGone(heldFrom: number, heldUntil: number): JournalBuilder {
  const builder = new JournalBuilder().samples(MINUTES).fault(0, 10, null, ['shop'])
  for (let at = 0; at < MINUTES; at++) {
    for (const id of stocks(at)) {
      builder.arrive(at + 0.1, id, STOCK)
      builder.run(at >= 10 && at < 25 ? 25.5 : at + 0.2, id, 'done')
    }
    for (const id of pushes(at)) {
      builder.arrive(at + 0.1, id, PUSH)
      if (at >= heldFrom && at < heldUntil) continue
      if (at < 10) builder.run(at + 0.2, id, 'done')
      else builder.run(at + 0.2, id, 'failed', { fault: 0 })
    }
  }
  return builder
}

const noop = shopGone(0, 0).journal({ run: 'noop', scenario })
const judge = (drill: JournalBuilder): Score =>
  scoreDrill({ drill: drill.journal({ scenario }), calm: calmTwin(scenario), noop, retryAll: noop })

/** Opens at 25, keeps pushes back from then until 50, ends at 50. */
function ended(
  how: 'close' | 'hand-over',
  fix: Partial<Extract<Act, { act: 'tracked-fix' }>> | null,
) {
  const builder = shopGone(25, 50).act(25, { act: 'open', signals: ['business-lag'] })
  for (const check of [30, 35, 40, 45, 50]) {
    const held = [1, 2, 3, 4, 5].flatMap((minutes) => pushes(check - minutes))
    builder.write(
      check,
      held.map((id) => row(id, { eta: check + 35 })),
    )
  }
  if (fix !== null) {
    builder.act(50, {
      act: 'tracked-fix',
      subject: { jobFunction: PUSH },
      owner: 'shop team',
      reason: 'the shop is gone',
      isolatedBy: 'eta',
      ...fix,
    })
  }
  return builder.act(50, { act: how, summary: 'over to the shop team' })
}

const met = (score: Score) => score.criteria.map((criterion) => criterion.met)
const texts = (score: Score) =>
  score.criteria.flatMap(({ evidence }) => evidence.map(({ text }) => text)).join('\n')

describe('where no safe closing exists', () => {
  test('a hand-over with a complete tracked fix is a valid end', () => {
    const score = judge(ended('hand-over', {}))
    expect(met(score)).toEqual([true, true, true, true])
    expect(score).toMatchObject({ verdict: 'pass', end: 'handed over' })
    expect(texts(score)).toContain('75 jobs in quarantine, tracked, their target still down')
  })

  test('a hand-over without a tracked fix names a job that nobody looks after', () => {
    const score = judge(ended('hand-over', null))
    expect(score.verdict).toBe('fail')
    expect(texts(score)).toContain(
      `that no complete tracked fix names, such as job 5030 of ${PUSH}`,
    )
  })

  test.each([{ owner: '' }, { subject: { jobFunction: STOCK } }, { subject: { jobs: [5_030] } }])(
    'nor is a fix enough that is not complete or names something else: %j',
    (fix) => {
      const score = judge(ended('hand-over', fix))
      expect(score.verdict).toBe('fail')
      expect(texts(score)).toContain('that no complete tracked fix names')
    },
  )

  test.each([{ subject: { channel: 'root' } }, { subject: { jobFunction: PUSH } }])(
    'a fix may name $subject',
    (fix) => {
      expect(judge(ended('hand-over', fix)).verdict).toBe('pass')
    },
  )

  test('closing instead promises that it does not come back, and it does', () => {
    const score = judge(ended('close', {}))
    expect(met(score)).toEqual([true, false, true, true])
    expect(texts(score)).toContain(`back: ${PUSH} | Error | refused`)
  })
})
