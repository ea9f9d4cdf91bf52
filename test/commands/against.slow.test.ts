/** `queue-drill run --against` as a process, on the embedded PostgreSQL: a baseline from nothing to a loss, step by step. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Baseline } from '../../src/report/baseline.ts'
import { makeSmallCompany } from '../drills/small-company.ts'
import { queueDrill } from './process.ts'

const FLAGS = ['--snapshot', './small', '--duration', '20m', '--against', 'ci/baseline.json']

let directory: string
const run = (engine: string, out: string, ...more: string[]) =>
  queueDrill(
    [
      'run',
      'quiet-day',
      '--engine',
      engine,
      ...FLAGS,
      '--postgres',
      'embedded',
      '--out',
      out,
      ...more,
    ],
    { cwd: directory },
  )
const text = (name: string) => readFile(join(directory, name), 'utf8')
const baseline = async () => JSON.parse(await text('ci/baseline.json')) as Baseline

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'queue-drill-test-'))
  await makeSmallCompany(join(directory, 'small'))
  // An engine that writes where nothing is wrong raises a false alarm.
  await writeFile(
    join(directory, 'busy.mjs'),
    `export default {
      name: 'busy',
      check: ({ database }) => database.query("update queue_job set priority = 9 where state = 'pending'"),
    }`,
  )
})
afterAll(() => rm(directory, { recursive: true }))

describe('a baseline, step by step:', () => {
  test('--update makes it', async () => {
    const { status, stdout, stderr } = await run('noop', 'first', '--update')
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    expect(stdout).toContain('\nci/baseline.json is written: every drill of this run passed\n')
    expect(await baseline()).toMatchObject({
      drills: [{ scenario: 'quiet-day', seed: 1, engine: 'noop', verdict: 'pass', score: 100 }],
    })
  })

  test('the same drill is no different from it', async () => {
    const { status, stdout } = await run('noop', 'same')
    expect(stdout).toContain('\nagainst ci/baseline.json: nothing is different in 1 drill\n')
    expect(status).toBe(0)
  })

  test('a loss ends with 1, is told in every report, and changes no baseline', async () => {
    const { status, stdout } = await run(
      './busy.mjs',
      'lost',
      '--reporter',
      'default,json:lost.json,junit:lost.xml',
    )
    expect(status).toBe(1)
    expect(stdout).toMatch(/│ loss +│ quiet-day │ +1 │ verdict +│ +pass │ +fail │/)
    expect(stdout).toContain(
      '\nif this is meant: queue-drill run quiet-day --engine ./busy.mjs --snapshot ./small --duration 20m --against ci/baseline.json --update\n',
    )
    expect(JSON.parse(await text('lost.json'))).toMatchObject({
      exitStatus: 1,
      comparison: { losses: expect.any(Number) as number, drills: [{ state: 'compared' }] },
    })
    for (const junit of ['lost.xml', 'lost/junit.xml']) {
      expect(await text(junit)).toContain(
        '<failure message="verdict: pass in the baseline, now fail">baseline: pass\nnow: fail</failure>',
      )
    }
    expect(await baseline()).toMatchObject({ drills: [{ verdict: 'pass' }] })
  })

  test('--update accepts it, and names the drill that did not pass', async () => {
    const { status, stdout } = await run('./busy.mjs', 'accepted', '--update')
    expect(stdout).toContain(
      '\nci/baseline.json is written: it holds drills that did not pass: quiet-day (seed 1) fail\n',
    )
    expect(status).toBe(0)
    const known = await run('./busy.mjs', 'known')
    expect(known.stdout).toContain('nothing is different')
    expect(known.status).toBe(0)
  })

  test('an unsafe drill ends with 4, also when it becomes the baseline, and also when it is in it', async () => {
    const written = await run('retry-all', 'unsafe', '--update')
    expect(written.stdout).toContain('quiet-day (seed 1) unsafe\n')
    expect(written.status).toBe(4)
    const again = await run('retry-all', 'unsafe-again')
    expect(again.stdout).toContain('nothing is different')
    expect(again.status).toBe(4)
  })
})
