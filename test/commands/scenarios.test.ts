import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { queueDrill } from './process.ts'

const MINE = `title: Mine
summary: A story
snapshot: company-25k
faults:
  - { kind: credential-missing, roles: [stock], from: 10m }
`

let directory: string

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'queue-drill-test-'))
  await mkdir(join(directory, 'deep/er'), { recursive: true })
  await writeFile(join(directory, 'mine.yaml'), MINE)
  await writeFile(join(directory, 'wrong.yaml'), `${MINE}duraton: 2h\ntimeZone: Mars\n`)
  await writeFile(join(directory, 'deep/er/other.yml'), MINE)
  await writeFile(
    join(directory, 'operations.yaml'),
    'integrations: { shop: {} }\nfunctions:\n  a.b.c: { integration: shop, role: webhook, effect: set }\n',
  )
})

afterAll(async () => {
  await rm(directory, { recursive: true })
})

describe('scenarios list', () => {
  test('names the bundled ones in a table', async () => {
    const { status, stdout } = await queueDrill(['scenarios', 'list'])
    expect(stdout.split('\n').map((line) => line.split(' ')[0])).toEqual([
      'NAME',
      'dead-webhook',
      'missing-credential',
      'quiet-day',
      'restart-leftovers',
      'timeout-after-effect',
      '',
    ])
    expect(status).toBe(0)
  })

  test('as JSON is one document, the same from any directory', async () => {
    const { stdout } = await queueDrill(['scenarios', 'list', '--json'], { cwd: directory })
    const listed = JSON.parse(stdout) as { name: string; duration: number; path: string }[]
    expect(listed).toHaveLength(5)
    for (const { name, path } of listed) expect(path.endsWith(`scenarios/${name}.yaml`)).toBe(true)
    expect(listed[0]).toMatchObject({ name: 'dead-webhook', duration: 10_800 })
  })
})

describe('scenarios show', () => {
  test('prints the file of a bundled scenario', async () => {
    const { stdout } = await queueDrill(['scenarios', 'show', 'quiet-day'])
    const file = new URL('../../scenarios/quiet-day.yaml', import.meta.url)
    expect(stdout).toBe(await readFile(file, 'utf8'))
  })

  test('as JSON fills in every default', async () => {
    const args = ['scenarios', 'show', 'mine.yaml', '--json']
    const { stdout } = await queueDrill(args, { cwd: directory })
    expect(JSON.parse(stdout)).toMatchObject({
      name: 'mine',
      durationMs: 10_800_000,
      timeZone: 'UTC',
    })
  })

  test('suggests the name that was meant', async () => {
    const { status, stderr } = await queueDrill(['scenarios', 'show', 'quite-day'])
    expect(stderr).toContain('"quite-day" is no scenario (did you mean "quiet-day"?)')
    expect(status).toBe(2)
  })
})

describe('scenarios check', () => {
  const check = (...args: string[]) =>
    queueDrill(['scenarios', 'check', ...args], { cwd: directory })

  test('says of each good file that it is', async () => {
    expect(await check('mine.yaml', 'deep/er/other.yml')).toEqual({
      status: 0,
      stdout: 'mine.yaml: ok\ndeep/er/other.yml: ok\n',
      stderr: '',
    })
  })

  test('names line and column of everything that is wrong, exit status 2', async () => {
    const { status, stdout, stderr } = await check('mine.yaml', 'wrong.yaml')
    expect(stdout).toBe('mine.yaml: ok\n')
    expect(stderr).toMatch(
      /^queue-drill: wrong\.yaml:6:1: unknown key "duraton" \(did you mean "dur/,
    )
    expect(stderr).toMatch(/^wrong\.yaml:7:11: timeZone: "Mars" is not a time zone/m)
    expect(status).toBe(2)
  })

  test('takes directories and patterns, deep ones too', async () => {
    const patterns = await check('**/o*.{yml,yaml}', 'm?n[a-e].yaml', '--json')
    const paths = (JSON.parse(patterns.stdout) as { path: string }[]).map(({ path }) => path)
    expect(paths).toEqual(['deep/er/other.yml', 'operations.yaml', 'mine.yaml'])
    expect((await check('deep/er')).stdout).toBe('deep/er/other.yml: ok\n')
  })

  test('reads standard input as -', async () => {
    const args = ['scenarios', 'check', '-']
    expect(await queueDrill(args, { stdin: MINE })).toMatchObject({
      status: 0,
      stdout: '/dev/stdin: ok\n',
    })
    const wrong = await queueDrill(args, { stdin: 'title: 3\n' })
    expect(wrong.stderr).toMatch(/^\/dev\/stdin:1:8: title: must be a text, not 3$/m)
    expect(wrong.status).toBe(2)
  })

  test('finds roles that the operations file does not play', async () => {
    const { status, stderr } = await check('mine.yaml', '--operations', 'operations.yaml')
    expect(stderr).toContain('mine.yaml: no function has the role "stock"; roles here: webhook')
    expect(status).toBe(2)
  })

  test.each([
    ['a file that is not there', 'nope.yaml', 'nope.yaml: there is no such file'],
    ['a pattern that matches nothing', 'x*.yaml', 'x*.yaml: no scenario file there'],
    ['a directory without scenarios', 'deep', 'deep: no scenario file there'],
  ])('%s is an error', async (_what, argument, message) => {
    const { status, stderr } = await check(argument)
    expect(stderr).toBe(`queue-drill: ${message}\n`)
    expect(status).toBe(2)
  })
})

test('scenarios schema prints the schema that editors use', async () => {
  for (const kind of ['scenario', 'operations']) {
    const { stdout } = await queueDrill(['scenarios', 'schema', kind])
    const file = new URL(`../../scenarios/${kind}.schema.json`, import.meta.url)
    expect(stdout).toBe(await readFile(file, 'utf8'))
  }
})

test('a reader of the output that goes away early is no error', async () => {
  const { status, stderr } = await queueDrill(['scenarios', 'schema'], { readsOutput: false })
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
})
