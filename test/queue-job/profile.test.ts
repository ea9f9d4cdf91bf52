import { describe, expect, it } from 'vitest'
import { HOUR, MINUTE, SECOND } from '../../src/foundation/time.ts'
import {
  ADDON_LINES,
  isStuck,
  PROFILE_2024,
  profileOf,
  profileWarning,
  stuckAfterMs,
} from '../../src/queue-job/profile.ts'

const NOW = 100 * HOUR

describe('the profile 2024', () => {
  it('is that of every line which has no rules of its own yet, and that is said', () => {
    expect(ADDON_LINES.map(profileOf)).toEqual(ADDON_LINES.map(() => PROFILE_2024))
    expect(profileWarning('2024')).toBeNull()
    expect(profileWarning('2025')).toBe(
      "the addon's version line is 2025; this world plays it by the rules of 2024",
    )
  })

  it.each([
    [2 * MINUTE, 3],
    [119 * SECOND, 2],
    [HOUR, 61],
    [0, 1],
  ])(
    'with limit_time_real of %i ms its cron takes started jobs after %i minutes',
    (limit, minutes) => {
      const after = stuckAfterMs(PROFILE_2024.requeueCron!, limit)
      expect(after).toEqual({ enqueuedMs: MINUTE, startedMs: minutes * MINUTE })
      const started = (ageMs: number) =>
        isStuck({ state: 'started', dateEnqueued: null, dateStarted: NOW - ageMs }, NOW, after)
      expect([started(minutes * MINUTE - 1), started(minutes * MINUTE)]).toEqual([false, true])
    },
  )

  it('looks at the date of the state, at no other state, and at nothing with a delta of 0', () => {
    const after = { enqueuedMs: MINUTE, startedMs: 0 }
    const old = { dateEnqueued: NOW - MINUTE, dateStarted: NOW - HOUR }
    expect(isStuck({ state: 'enqueued', ...old }, NOW, after)).toBe(true)
    expect(
      isStuck({ state: 'enqueued', dateEnqueued: NOW, dateStarted: NOW - HOUR }, NOW, after),
    ).toBe(false)
    expect(isStuck({ state: 'enqueued', dateEnqueued: null, dateStarted: null }, NOW, after)).toBe(
      false,
    )
    expect(isStuck({ state: 'started', ...old }, NOW, after)).toBe(false)
    expect(isStuck({ state: 'failed', ...old }, NOW, { enqueuedMs: 1, startedMs: 1 })).toBe(false)
  })
})
