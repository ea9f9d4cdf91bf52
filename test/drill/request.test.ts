/** What is wrong with the options of a drill is told before anything starts. */
import { describe, expect, test } from 'vitest'
import { openDrills } from '../../src/drill/drills.ts'
import { type DrillRequest, planDrill } from '../../src/drill/request.ts'

const OK: DrillRequest = { scenario: 'quiet-day', seed: 1 }
const engine = { name: 'mine', check: async () => undefined }

describe('a request', () => {
  test('is filled in: the runbook engine, the snapshot and length of the scenario, its busiest hour', async () => {
    const plan = await planDrill(OK)
    expect(plan).toMatchObject({
      engine: 'runbook',
      snapshot: 'company-25k',
      start: 'busiest',
      out: null,
      scenario: { name: 'quiet-day', durationMs: 3 * 3_600_000 },
    })
  })

  test('may name a file, another length, another snapshot', async () => {
    const plan = await planDrill({
      scenario: 'scenarios/dead-webhook.yaml',
      seed: 7,
      duration: '30m',
      snapshot: './mine',
    })
    expect(plan).toMatchObject({
      path: 'scenarios/dead-webhook.yaml',
      snapshot: './mine',
      scenario: { name: 'dead-webhook', durationMs: 30 * 60_000 },
    })
  })

  test('is repeated by a command; with an engine object, by a call', async () => {
    const rest = { scenario: 'quiet-day', seed: 7, duration: '30m', start: 'Mon 10:00' }
    expect((await planDrill({ ...rest, engine: 'noop' })).repeat).toBe(
      "queue-drill run quiet-day --engine noop --start 'Mon 10:00' --duration 30m --seed 7",
    )
    expect((await planDrill({ ...rest, engine })).repeat).toBe(
      'drill({ scenario: "quiet-day", engine, seed: 7, start: "Mon 10:00", duration: "30m" })',
    )
  })
})

describe('an input error is', () => {
  const wrong = (change: object) => planDrill({ ...OK, ...change })

  test.each<[string, object, string]>([
    [
      'an option that is none',
      { sead: 2 },
      'unknown option "sead" (did you mean "seed"?); allowed: scenario, engine, seed',
    ],
    ['no seed', { seed: undefined }, 'seed must be a whole number, 0 or more'],
    ['half a seed', { seed: 1.5 }, 'seed must be a whole number, 0 or more'],
    [
      'no scenario',
      { scenario: undefined },
      'scenario must be the name of a bundled one or the path of a file',
    ],
    [
      'an unknown scenario',
      { scenario: 'quiet-dya' },
      '"quiet-dya" is no scenario (did you mean "quiet-day"?); bundled: ',
    ],
    ['a file that is not there', { scenario: './none.yaml' }, './none.yaml: there is no such file'],
    ['a folder', { scenario: 'scenarios' }, 'scenarios is a folder: name one scenario file in it'],
    [
      'an unknown engine',
      { engine: 'runbok' },
      'there is no engine "runbok" (did you mean "runbook"?)',
    ],
    [
      'a module that is not there',
      { engine: './none.mjs' },
      'engine ./none.mjs: there is no such file',
    ],
    [
      'an object that is no engine',
      { engine: { check: engine.check } },
      'an engine is an object with a name and a function check(incident)',
    ],
    ['nothing for an engine', { engine: null }, 'an engine is an object with a name'],
    ['a length without its unit', { duration: '30' }, 'duration: "30" is not a duration'],
    [
      'a length that is too short',
      { duration: '5m' },
      'duration must be at least 10m and at most 7d',
    ],
    [
      'a time-out without its unit',
      { engine, checkTimeout: '5' },
      'checkTimeout: "5" is not a duration',
    ],
    [
      'a time-out longer than a timer can be',
      { engine, checkTimeout: '30d' },
      'checkTimeout must be more than nothing and at most 1d',
    ],
  ])('%s', async (_what, change, message) => {
    await expect(wrong(change)).rejects.toMatchObject({
      name: 'DrillError',
      code: 'input',
      message: expect.stringContaining(message) as string,
    })
  })

  test('a wrong option or place of a server', async () => {
    await expect(openDrills({ postgre: 'auto' } as object)).rejects.toThrow(
      'unknown option "postgre" (did you mean "postgres"?); allowed: postgres, image',
    )
    await expect(openDrills({ postgres: 'embeded' })).rejects.toMatchObject({ code: 'input' })
  })
})
