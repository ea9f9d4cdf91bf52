/** `queue-drill weekly` and `init` as processes, on the embedded PostgreSQL. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { HistoryLine } from '../../src/drill/weekly/history.ts'
import { makeSmallCompany } from '../drills/small-company.ts'
import { CLI, queueDrill } from './process.ts'

/** Half an hour in which nothing is wrong. */
const CALM = `title: t
summary: s
snapshot: ./small
duration: 30m
control: true
`

const CONFIG = `snapshot: ./small
engine: noop
scenarios: [one.yaml, two.yaml]
postgres: embedded
`

let root: string
const run = (...args: string[]) => queueDrill(args, { cwd: root })

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'queue-drill-test-'))
  await makeSmallCompany(join(root, 'small'))
  await writeFile(join(root, 'one.yaml'), CALM)
  await writeFile(join(root, 'two.yaml'), CALM)
  await writeFile(join(root, 'queue-drill.yaml'), CONFIG)
})
afterAll(() => rm(root, { recursive: true, force: true }))

async function history(name = '.queue-drill/history.ndjson'): Promise<HistoryLine[]> {
  const text = await readFile(join(root, name), 'utf8')
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as HistoryLine)
}

describe('queue-drill weekly', () => {
  test('plays each scenario with the fixed seeds and that of the week; a second run appends', async () => {
    const first = await run('weekly', '--date', '2026-11-24')
    expect(first.status).toBe(0)
    const lines = first.stdout.split('\n')
    expect(lines[0]).toBe('4 drills, engine noop, seeds 1, 202648')
    expect(lines[1]).toBe('PASS          one  seed 1       100/100')
    expect(first.stdout).toContain('week 2026-W48: 4 lines appended to ')
    expect(first.stderr).toMatch(
      /^queue-drill: warning: 4 job functions not in .*operations\.yaml, so unsafe to retry .*: mail\.activity\.schedule_followup, /,
    )
    const written = await history()
    expect(written.map(({ scenario, seed }) => [scenario, seed])).toEqual([
      ['one', 1],
      ['one', 202_648],
      ['two', 1],
      ['two', 202_648],
    ])
    expect(written[0]).toMatchObject({
      week: '2026-W48',
      date: '2026-11-24T00:00:00.000Z',
      engine: 'noop',
      verdict: 'pass',
      criteria: { control: true },
      gates: { 'no-duplicates': true, 'nothing-lost': true, 'not-tampered': true },
      recoveredAfter: null,
      duplicates: 0,
      snapshot: 'company-25k',
    })
    const reports = join(root, '.queue-drill/weekly/2026-W48-20261124T000000')
    expect((await readdir(reports)).sort()).toEqual([
      'junit.xml',
      'one-seed-1',
      'one-seed-202648',
      'summary.json',
      'two-seed-1',
      'two-seed-202648',
    ])
    const junit = await readFile(join(reports, 'junit.xml'), 'utf8')
    expect(junit).toContain('name="queue-drill.one.seed-202648"')

    const second = await run('weekly', 'one.yaml', '--date', '2026-12-01', '--seed', '1', '--json')
    expect(second.status).toBe(0)
    const document = JSON.parse(second.stdout) as { drills: HistoryLine[] }
    expect(document).toMatchObject({ exitStatus: 0, week: '2026-W49', seeds: [1] })
    expect(await history()).toEqual([...written, ...document.drills])
    // The same seed of the same snapshot, a week later and among others: the same drill.
    expect(document.drills[0]!.digest).toBe(written[0]!.digest)
  })

  test('the worst drill decides the exit status, and its line is in the history', async () => {
    const result = await run(
      'weekly',
      'one.yaml',
      '--engine',
      'retry-all',
      '--seed',
      '1',
      '--history',
      'other.ndjson',
    )
    expect(await history('other.ndjson')).toMatchObject([
      { engine: 'retry-all', score: 0, failUnder: null, exitStatus: 4 },
    ])
    expect(result.status).toBe(4)
  })

  test('--dry-run shows the plan and does nothing', async () => {
    const text = await run('weekly', '--dry-run', '--date', '2026-11-24', '--out', 'nowhere')
    expect(text).toMatchObject({ status: 0, stderr: '' })
    expect(text.stdout).toMatch(/^seeds +1, 202648$/m)
    expect(text.stdout).toMatch(/^reports +.*[/\\]nowhere$/m)
    const json = await run('weekly', '--dry-run', '--json', '--date', '2026-11-24')
    expect(JSON.parse(json.stdout)).toMatchObject({ week: '2026-W48', engine: 'noop' })
    expect(existsSync(join(root, 'nowhere'))).toBe(false)
  })

  test('requireMapped ends the run before the drills', async () => {
    await writeFile(
      join(root, 'strict.yaml'),
      `${CONFIG}requireMapped: true\nhistory: strict.ndjson\n`,
    )
    const result = await run('weekly', '--config', 'strict.yaml')
    expect(result).toMatchObject({ status: 2, stdout: '' })
    expect(result.stderr).toContain(
      'nothing was drilled, because of requireMapped:\n4 job functions',
    )
    expect(existsSync(join(root, 'strict.ndjson'))).toBe(false)
  })

  test('a broken configuration is told with file, line and column: exit 2', async () => {
    await writeFile(join(root, 'broken.yaml'), `${CONFIG}sceanrios: []\nfailUnder: much\n`)
    const result = await run('weekly', '--config', 'broken.yaml')
    expect(result).toMatchObject({ status: 2, stdout: '' })
    expect(result.stderr.split('\n').slice(0, 2)).toEqual([
      expect.stringMatching(/^queue-drill: broken\.yaml:5:1: unknown key "sceanrios"/),
      expect.stringMatching(/^broken\.yaml:6:12: failUnder: must be a number, not "much"$/),
    ])
  })

  test('an interrupted run appends nothing', async () => {
    const long = CALM.replace('30m', '2d')
    await writeFile(join(root, 'long.yaml'), long)
    const args = ['weekly', 'long.yaml', '--history', 'cut.ndjson', '--out', 'cut']
    const child = spawn(process.execPath, [CLI, ...args], { cwd: root, stdio: 'ignore' })
    while (child.exitCode === null && !(await isUnderWay())) {
      await new Promise((resolve) => {
        setTimeout(resolve, 20)
      })
    }
    child.kill('SIGINT')
    const [status] = (await once(child, 'close')) as [number | null]
    expect(status).toBe(130)
    expect(existsSync(join(root, 'cut.ndjson'))).toBe(false)
  })

  async function isUnderWay(): Promise<boolean> {
    const out = join(root, 'cut')
    if (!existsSync(out)) return false
    return (await readdir(out, { recursive: true })).some((path) => path.endsWith('.ndjson'))
  }
})

describe('queue-drill init', () => {
  test('writes a file that weekly understands, and does not write over it', async () => {
    const empty = await mkdtemp(join(root, 'empty-'))
    const there = (...args: string[]) => queueDrill(args, { cwd: empty })
    expect(await there('init')).toMatchObject({ status: 0, stderr: '' })
    const path = join(empty, 'queue-drill.yaml')
    const written = await readFile(path, 'utf8')
    const schema = /^# yaml-language-server: \$schema=(.+)$/m.exec(written)![1]!
    expect(JSON.parse(await readFile(schema, 'utf8'))).toHaveProperty('properties.weekSeed')
    expect(await there('weekly', '--dry-run')).toMatchObject({ status: 0, stderr: '' })

    await writeFile(path, 'snapshot: mine\n')
    const again = await there('init')
    expect(again).toMatchObject({ status: 2, stdout: '' })
    expect(again.stderr).toContain('exists already: add --force')
    expect(await readFile(path, 'utf8')).toBe('snapshot: mine\n')
    expect((await there('init', '--force')).status).toBe(0)
    expect(await readFile(path, 'utf8')).toBe(written)
  })

  test('without the file, weekly says how to get one', async () => {
    const empty = await mkdtemp(join(root, 'empty-'))
    const { status, stderr } = await queueDrill(['weekly'], { cwd: empty })
    expect(status).toBe(2)
    expect(stderr).toContain('queue-drill init writes a first one')
  })
})

test('run --seed takes several seeds', async () => {
  const result = await run('run', 'one.yaml', '--engine', 'noop', '--seed', '2..3', '--out', 'two')
  expect(result.status).toBe(0)
  expect(result.stdout).toContain('PASS          one  seed 3')
  const wrong = await run('run', 'one.yaml', '--seed', '3..1')
  expect(wrong).toMatchObject({ status: 2, stdout: '' })
  expect(wrong.stderr).toContain(
    '--seed must be a whole number, 0 or more; several as 1,2,7 or 1..10',
  )
})
