import { DrillError, openDrills, type Drills } from 'queue-drill'
import 'queue-drill/vitest'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createRecovery } from './recovery.ts'

let drills: Drills
beforeAll(async () => {
  drills = await openDrills({ postgres: 'embedded' })
})
afterAll(() => drills.close())

const SHORT = { scenario: 'quiet-day', seed: 1, duration: '20m' } as const

test('a quiet day is left alone', { timeout: 120_000 }, async () => {
  const outcome = await drills.drill({ ...SHORT, engine: createRecovery() })
  expect(outcome).toPass()
  expect(outcome).toMeetExitCriteria('control')
  expect(outcome).toCauseNoDuplicates()
  expect(outcome.report.drill.engine).toBe('team-recovery')
  expect(outcome.journals.drill.events.at(-1)).toMatchObject({ type: 'end' })
})

test('whoever retries everything is caught', { timeout: 120_000 }, async () => {
  const outcome = await drills.drill({ ...SHORT, engine: 'retry-all' })
  expect(outcome).not.toPass()
  expect(() => expect(outcome).toCauseNoDuplicates()).toThrow(/happened before the start, again by/)
  await expect(Promise.resolve(outcome)).resolves.not.toPass()
})

test('a slip of the finger is told', async () => {
  await expect(drills.drill({ ...SHORT, scenario: 'quiet-dya' })).rejects.toThrow(DrillError)
})

// Types only: what does not fit does not compile.
export function wrong(): void {
  // @ts-expect-error a duration is a text with its unit
  expect({}).toRecoverWithin(40)
  // @ts-expect-error a drill has a seed
  void drills.drill({ scenario: 'quiet-day' })
}
