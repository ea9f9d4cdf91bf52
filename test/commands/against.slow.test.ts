/** `queue-drill run --against` as a process, on the embedded PostgreSQL: a baseline from nothing to a loss. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Baseline } from '../../src/report/baseline.ts'
import { queueDrill } from './process.ts'

const SHORT = ['--postgres', 'embedded', '--duration', '20m', '--against', 'ci/baseline.json']

let directory: string
const run = (...args: string[]) => queueDrill(['run', ...args], { cwd: directory })
const text = (name: string) => readFile(join(directory, name), 'utf8')
const baseline = async () => JSON.parse(await text('ci/baseline.json')) as Baseline

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'queue-drill-test-'))
})
afterAll(() => rm(directory, { recursive: true }))

describe('a baseline', () => {
  test('is made by --update, is no different from the same drill, and a loss ends with 1', async () => {
    const first = await run('quiet-day', '--engine', 'noop', ...SHORT, '--update', '--out', 'first')
    expect(first).toMatchObject({ status: 0, stderr: '' })
    expect(first.stdout).toContain(
      '\nci/baseline.json is written: every drill of this run passed\n',
    )
    expect(await baseline()).toMatchObject({
      drills: [{ scenario: 'quiet-day', seed: 1, engine: 'noop', verdict: 'pass', score: 100 }],
    })

    const same = await run('quiet-day', '--engine', 'noop', ...SHORT, '--out', 'same')
    expect(same.status).toBe(0)
    expect(same.stdout).toContain('\nagainst ci/baseline.json: nothing is different in 1 drill\n')

    // An engine that writes where nothing is wrong raises a false alarm.
    await writeFile(
      join(directory, 'busy.mjs'),
      `export default {
        name: 'busy',
        check: ({ database }) => database.query("update queue_job set priority = 9 where state = 'pending'"),
      }`,
    )
    const reporters = ['--reporter', 'default,json:lost.json,junit:lost.xml']
    const lost = await run(
      'quiet-day',
      '--engine',
      './busy.mjs',
      ...SHORT,
      '--out',
      'lost',
      ...reporters,
    )
    expect(lost.status).toBe(1)
    expect(lost.stdout).toMatch(/│ loss +│ quiet-day │ +1 │ verdict +│ +pass │ +fail │/)
    expect(lost.stdout).toContain(
      '\nif this is meant: queue-drill run quiet-day --engine ./busy.mjs --duration 20m --against ci/baseline.json --update\n',
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

    const accepted = await run(
      'quiet-day',
      '--engine',
      './busy.mjs',
      ...SHORT,
      '--update',
      '--out',
      'accepted',
    )
    expect(accepted.status).toBe(0)
    expect(accepted.stdout).toContain(
      '\nci/baseline.json is written: it holds drills that did not pass: quiet-day (seed 1) fail\n',
    )
    const known = await run('quiet-day', '--engine', './busy.mjs', ...SHORT, '--out', 'known')
    expect(known.stdout).toContain('nothing is different')
    expect(known.status).toBe(0)
  })

  test('that has an unsafe drill lets it pass no more than before: exit status 4', async () => {
    const unsafe = ['quiet-day', '--engine', 'retry-all', ...SHORT]
    const written = await run(...unsafe, '--update', '--out', 'unsafe')
    expect(written.status).toBe(4)
    const again = await run(...unsafe, '--out', 'unsafe-again')
    expect(again.stdout).toContain('nothing is different')
    expect(again.status).toBe(4)
  })
})
