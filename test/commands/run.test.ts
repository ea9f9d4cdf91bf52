/** `queue-drill run` and `score` as processes, on the embedded PostgreSQL. */
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { makeSmallCompany } from '../drills/small-company.ts'
import { queueDrill, type Ended } from './process.ts'

interface Drill {
  readonly verdict: string
  readonly digest: string
  readonly drill: { readonly scenario: string; readonly seed: number }
}

interface Document {
  readonly exitStatus: number
  readonly drills: readonly Drill[]
}

/** A fault of these roles on a small snapshot, after `from`. */
function scenario(role: string, from: string): string {
  return `title: t
summary: s
snapshot: ./small
duration: 30m
faults:
  - { kind: credential-missing, roles: [${role}], from: ${from} }
`
}

const SHORT = ['--postgres', 'embedded', '--engine', 'noop', '--duration', '30m']
const SMALL = ['--snapshot', './small']

let directory: string
const drill = (...args: string[]) => queueDrill(['run', ...args], { cwd: directory })

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'queue-drill-test-'))
  await makeSmallCompany(join(directory, 'small'))
})

afterAll(async () => {
  await rm(directory, { recursive: true })
})

describe('a run', () => {
  let ended: Ended

  beforeAll(async () => {
    const reporters = ['--reporter', 'default,json:all.json', '--reporter', 'junit:ci/junit.xml']
    ended = await drill(
      'quiet-day',
      ...SHORT,
      ...SMALL,
      '--seed',
      '7',
      '--out',
      'out',
      ...reporters,
    )
  })

  test('prints engine and seed first and last, and nothing on stderr that is no terminal', () => {
    const lines = ended.stdout.trimEnd().split('\n')
    expect(lines[0]).toBe('1 drill, engine noop, seed 7')
    expect(lines.at(-1)).toMatch(
      /^1 drill, engine noop, seed 7: 1 pass; journals and reports in .*[/\\]out$/,
    )
    expect({ status: ended.status, stderr: ended.stderr }).toEqual({ status: 0, stderr: '' })
  })

  test('prints no colours into a pipe', () => {
    expect(ended.stdout).not.toContain('\u001B')
  })

  test('tells the command that repeats the drill', () => {
    expect(ended.stdout).toContain(
      'queue-drill run quiet-day --engine noop --snapshot ./small --duration 30m --seed 7\n',
    )
  })

  test('writes JSON and JUnit where it was told to', async () => {
    const document = JSON.parse(await readFile(join(directory, 'all.json'), 'utf8')) as Document
    expect(document).toMatchObject({
      exitStatus: 0,
      drills: [{ verdict: 'pass', drill: { scenario: 'quiet-day', seed: 7 } }],
    })
    const junit = await readFile(join(directory, 'ci/junit.xml'), 'utf8')
    expect(junit).toContain('<testsuite name="queue-drill.quiet-day.seed-7"')
  })

  test('can be judged again, with the same result', async () => {
    const stored = JSON.parse(
      await readFile(join(directory, 'out/quiet-day/report.json'), 'utf8'),
    ) as Drill
    for (const place of ['out', 'out/quiet-day']) {
      const { status, stdout } = await queueDrill(['score', place, '--json'], { cwd: directory })
      expect(JSON.parse(stdout)).toEqual({ drills: [stored] })
      expect(status).toBe(0)
    }
    const card = await queueDrill(['score', 'out'], { cwd: directory })
    expect(card.stdout).toContain('PASS  quiet-day')
  })
})

test('JSON on stdout is one document and nothing else', async () => {
  const { status, stdout } = await drill(
    'quiet-day',
    ...SHORT,
    ...SMALL,
    '--out',
    'json',
    '--reporter',
    'json',
  )
  const { exitStatus, drills } = JSON.parse(stdout) as Document
  expect(drills).toHaveLength(1)
  expect(exitStatus).toBe(status)
})

test('two reporters cannot share stdout', async () => {
  const { status, stderr } = await drill('--reporter', 'json', '--reporter', 'junit')
  expect(stderr).toContain('json and junit both write to stdout: give one a file')
  expect(status).toBe(2)
})

test('a fault that begins after the end decides nothing: exit status 5', async () => {
  await writeFile(join(directory, 'late.yaml'), scenario('stock', '2h'))
  const { status, stdout } = await drill('late.yaml', ...SHORT, '--out', 'late')
  expect(stdout).toContain('INCONCLUSIVE')
  expect(status).toBe(5)
})

describe('without a drill', () => {
  test('an unknown key is told with its place: exit status 2', async () => {
    await writeFile(join(directory, 'wrong.yaml'), `${scenario('stock', '10m')}unless: x\n`)
    const { status, stdout, stderr } = await drill('wrong.yaml', ...SHORT)
    expect(stderr).toMatch(
      /^queue-drill: wrong\.yaml:7:1: unknown key "unless"; allowed: name, title/,
    )
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' })
  })

  test('a role that nobody plays is an error of a scenario that was named: exit status 2', async () => {
    await writeFile(join(directory, 'role.yaml'), scenario('stok', '10m'))
    const { status, stderr } = await drill('role.yaml', ...SHORT, '--out', 'role')
    expect(stderr).toMatch(
      /^queue-drill: role\.yaml cannot run on company-25k: .*did you mean "stock"/,
    )
    expect(status).toBe(2)
    expect(existsSync(join(directory, 'role'))).toBe(false)
  })

  test('no Docker for --postgres container is one message: exit status 3', async () => {
    const { status, stdout, stderr } = await queueDrill(
      ['run', 'quiet-day', '--postgres', 'container', '--out', 'docker'],
      { cwd: directory, env: { DOCKER_HOST: 'tcp://127.0.0.1:1' } },
    )
    expect(stderr).toMatch(/^queue-drill: --postgres container: Docker does not answer.*\n$/)
    expect(stdout).not.toContain('PASS')
    expect(status).toBe(3)
  })
})
