/** The matchers as a test suite has them, through `expect` itself. */
import { expect, test } from 'vitest'
import { inconclusive, passed, unsafe } from './report/sample.ts'
import '../src/vitest.ts'

const thrownBy = (expectation: () => void): string => {
  try {
    expectation()
  } catch (error) {
    return (error as Error).message
  }
  return 'nothing was thrown'
}

test('what a drill did is expected in words, also negated', () => {
  const drill = {
    report: passed(),
    repeat: 'queue-drill run by-hand --seed 1',
    directory: '/runs/1',
  }
  expect(drill).toPass()
  expect(drill).toMeetExitCriteria()
  expect(drill).toMeetExitCriteria('E1', 'E2')
  expect(drill).toCauseNoDuplicates()
  expect(drill).toRecoverWithin('40m')
  expect(drill).not.toRecoverWithin('20m')
  expect(unsafe()).not.toPass()
  expect(unsafe()).not.toCauseNoDuplicates()
})

test('a failure carries evidence, files, digest, and the command that repeats the drill', () => {
  const drill = {
    report: unsafe(),
    repeat: 'queue-drill run by-hand --seed 1',
    directory: '/runs/1',
  }
  for (const matcher of [() => expect(drill).toPass(), () => expect(drill).toCauseNoDuplicates()]) {
    const message = thrownBy(matcher)
    expect(message).toContain('again by job')
    expect(message).toContain(
      '\nrepeat   queue-drill run by-hand --seed 1\nfiles    /runs/1\ndigest   ddd',
    )
  }
  expect(thrownBy(() => expect(passed()).not.toPass())).toMatch(/^expected by-hand not to pass/)
})

test('a drill that decided nothing fails both ways, but for .not.toPass', () => {
  const drill = inconclusive()
  expect(drill).not.toPass()
  for (const matcher of [
    () => expect(drill).toCauseNoDuplicates(),
    () => expect(drill).not.toCauseNoDuplicates(),
    () => expect(drill).toMeetExitCriteria(),
    () => expect(drill).not.toMeetExitCriteria(),
    () => expect(drill).toRecoverWithin('1h'),
    () => expect(drill).not.toRecoverWithin('1h'),
  ]) {
    expect(thrownBy(matcher)).toContain('to prove something, but it decided nothing')
  }
})

test('within another value, and of a promise', async () => {
  expect({ drill: passed() }).toEqual({ drill: expect.toPass() })
  await expect(Promise.resolve(passed())).resolves.toPass()
})
