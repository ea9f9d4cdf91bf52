/** What is wrong with `queue-drill run --against` is said before anything is drilled. */
import { existsSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { queueDrill } from './process.ts'

const SHORT = ['--duration', '20m', '--against', 'ci/baseline.json']

let directory: string
const run = (...args: string[]) => queueDrill(['run', ...args], { cwd: directory })

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'queue-drill-test-'))
})
afterAll(() => rm(directory, { recursive: true }))

describe('before anything is drilled', () => {
  test('a baseline that is not there is an input error with the command that makes one', async () => {
    const { status, stdout, stderr } = await run(
      'quiet-day',
      '--engine',
      'noop',
      ...SHORT,
      '--seed',
      '7',
    )
    expect(stderr).toBe(
      'queue-drill: --against ci/baseline.json: there is no such file; make the first baseline with: queue-drill ' +
        'run quiet-day --engine noop --duration 20m --seed 7 --against ci/baseline.json --update\n',
    )
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' })
    expect(existsSync(join(directory, 'ci'))).toBe(false)
  })

  test('one that is damaged, and --update without --against, are input errors', async () => {
    await writeFile(join(directory, 'broken.json'), '<<<<<<< HEAD')
    const broken = await run('quiet-day', '--against', 'broken.json')
    expect(broken).toMatchObject({ status: 2, stdout: '' })
    expect(broken.stderr).toMatch(/^queue-drill: broken\.json is no JSON /)
    const alone = await run('quiet-day', '--update')
    expect(alone).toMatchObject({ status: 2, stdout: '' })
    expect(alone.stderr).toContain('--update needs --against FILE')
  })
})
