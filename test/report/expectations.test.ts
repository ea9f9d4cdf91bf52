/** What a test suite reads when a drill did not do what was expected of it. */
import { describe, expect, test } from 'vitest'
import {
  causingNoDuplicates,
  type Expectation,
  meetingExitCriteria,
  passing,
  recoveringWithin,
} from '../../src/report/expectations.ts'
import { failed, inconclusive, passed, unsafe } from './sample.ts'
import { variant } from './variants.ts'

const REPEAT = 'queue-drill run by-hand --engine ./mine.mjs --seed 1'
const outcome = (report: ReturnType<typeof passed>) => ({ report, repeat: REPEAT, directory: null })

function failing({ holds, message }: Expectation): string {
  expect(holds).toBe(false)
  return message()
}

function holding({ holds, message }: Expectation): string {
  expect(holds).toBe(true)
  return message()
}

const END = `
repeat   ${REPEAT}
digest   ${'d'.repeat(64)}`

describe('a drill that passed', () => {
  const drill = outcome(passed())

  test('passes, and says of the opposite why it did', () => {
    expect(holding(passing(drill))).toBe(`expected by-hand not to pass, but it passed
100/100, closed; engine by-hand, none, seed 1

All gates held; met: E1, E2, E3, E4.
${END}`)
  })

  test('meets its exit criteria, all or those that are named', () => {
    expect(holding(meetingExitCriteria(drill, []))).toMatch(
      /^expected by-hand not to meet its exit criteria, but it did\n.*\n\n✓ E1 .*\n {4}due backlog/,
    )
    const some = holding(meetingExitCriteria(drill, ['E3']))
    expect(some).toContain('not to meet E3, but it did')
    expect(some).not.toContain('E1')
  })

  test('causes no duplicates', () => {
    expect(holding(causingNoDuplicates(drill))).toMatch(
      /^expected by-hand to cause duplicates, but it caused none\n.*\n\n✓ No duplicate side effect.*\n {4}0 duplicates/,
    )
  })

  test('recovers within 40 minutes, and not within 39', () => {
    expect(holding(recoveringWithin(drill, '40m'))).toMatch(
      /^expected by-hand not to recover within 40m, but it recovered after 40m\n.*\n\ndetected after 11m, mitigated after 15m, at best/,
    )
    expect(failing(recoveringWithin(drill, '39m'))).toMatch(
      /^expected by-hand to recover within 39m, but it recovered after 40m\n/,
    )
  })
})

describe('a drill that is unsafe', () => {
  const drill = outcome(unsafe())

  test('fails with the broken gate, the first duplicates by job, and how to repeat it', () => {
    const message = failing(passing(drill))
    expect(message).toMatch(
      /^expected by-hand to pass, but it was unsafe\n0\/100, closed; engine by-hand, none, seed 1\n\n✗ No duplicate side effect/,
    )
    expect(message).toMatch(/\n {4}3 duplicates and 0 stale overwrites by the engine among /)
    expect(message.match(/happened by job \d+, run \d+ \(.*\), again by job \d+/g)).toHaveLength(3)
    expect(message).toContain('cause: engine write 6')
    expect(message.endsWith(END)).toBe(true)
  })

  test('says so to whoever expects no duplicates', () => {
    const message = failing(causingNoDuplicates(drill))
    expect(message).toMatch(
      /^expected by-hand to cause no duplicates, but it caused 3 duplicates and 0 stale overwrites\n/,
    )
    expect(message).toContain('again by job')
  })

  test('counts a stale overwrite as a duplicate side effect', () => {
    expect(failing(causingNoDuplicates(variant({ effects: { staleOverwrites: 1 } })))).toContain(
      'caused 0 duplicates and 1 stale overwrite\n',
    )
  })
})

describe('a drill that failed', () => {
  test('names the criteria that were not met, and no others', () => {
    const report = variant({ verdict: 'fail', broken: ['E1', 'E4'], score: 75 })
    const message = failing(meetingExitCriteria(outcome(report), []))
    expect(message).toMatch(
      /^expected by-hand to meet its exit criteria, but E1, E4 were not met\n.*\n\n✗ E1 .*\n {4}/,
    )
    expect(message).not.toMatch(/E2|E3/)
    expect(holding(meetingExitCriteria(outcome(report), ['E2', 'E3']))).toContain('E2, E3')
    expect(failing(meetingExitCriteria(outcome(report), ['E4']))).toContain(
      'to meet E4, but E4 was not met',
    )
  })

  test('tells that the engine broke down; what it said cannot steer the terminal', () => {
    expect(failing(passing(failed()))).toMatch(
      /but it failed\n.*\n\n✗ The engine works to the end\n {4}\S+Z engine-threw: Error: no\n/,
    )
  })

  test('that never recovered says what is not back', () => {
    const report = variant({ broken: ['E3'], verdict: 'fail', speed: { recoveredAfter: null } })
    expect(failing(recoveringWithin(report, '3h'))).toMatch(
      /to recover within 3h, but it never recovered\n[^]*\n✗ E3 /,
    )
  })
})

describe('a drill that decided nothing', () => {
  test('does not pass, and tells why', () => {
    expect(failing(passing(inconclusive()))).toMatch(
      /^expected by-hand to pass, but it decided nothing\n.*\n\nThe fault never bit/,
    )
  })

  test.each([
    ['exit criteria', (drill: unknown) => meetingExitCriteria(drill, [])],
    ['no duplicates', causingNoDuplicates],
    ['a recovery', (drill: unknown) => recoveringWithin(drill, '1h')],
  ])('proves neither %s nor the opposite', (_what, expectation) => {
    const { holds, message } = expectation(inconclusive())
    expect(holds).toBeNull()
    expect(message()).toMatch(
      /^expected by-hand to prove something, but it decided nothing\n.*\n\nThe fault never bit/,
    )
  })
})

describe('what is wrong with the test itself is told:', () => {
  const control = { ...passed(), drill: { ...passed().drill, control: true } }

  test.each([
    [
      'no drill',
      () => passing({ verdict: 'pass' }),
      'toPass: expected what drill() gives, or a report',
    ],
    [
      'nothing',
      () => causingNoDuplicates(undefined),
      'toCauseNoDuplicates: expected what drill() gives',
    ],
    [
      'a promise',
      () => passing(Promise.resolve(passed())),
      'toPass: expected what drill() gives, or a report, not a promise: await it',
    ],
    [
      'a criterion that is none',
      () => meetingExitCriteria(passed(), ['E1', 'E7']),
      'toMeetExitCriteria: by-hand has no criterion E7; it has E1, E2, E3, E4',
    ],
    ['a time without its unit', () => recoveringWithin(passed(), '40'), '"40" is not a duration'],
    [
      'a recovery where nothing is wrong',
      () => recoveringWithin(control, '40m'),
      'toRecoverWithin: by-hand is a control scenario, there is nothing to recover from',
    ],
  ])('%s', (_what, expectation, message) => {
    expect(expectation).toThrow(message)
  })
})
