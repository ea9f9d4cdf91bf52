/**
 * The package as users get it: packed, installed into a project of its own, used from vitest, from plain node, as a
 * command and by the type checker. npm may have to fetch what its cache lacks.
 */
import { execFile } from 'node:child_process'
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

const run = promisify(execFile)
const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const CONSUMER = fileURLToPath(new URL('../consumer', import.meta.url))

interface PackageFile {
  readonly devDependencies: Readonly<Record<string, string>>
}

let directory: string
let files: readonly string[]
const inProject = (command: string, ...args: string[]) =>
  run(command, args, { cwd: directory, env: { ...process.env, NO_COLOR: '1', CI: '1' } })

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'queue-drill-test-'))
  await cp(CONSUMER, directory, { recursive: true })
  // dist/ is built already, and other tests use it at this moment.
  const pack = ['pack', '--json', '--ignore-scripts', '--pack-destination', directory]
  const { stdout } = await run('npm', pack, { cwd: ROOT })
  const [packed] = JSON.parse(stdout) as [
    { readonly filename: string; readonly files: readonly { readonly path: string }[] },
  ]
  files = packed.files.map(({ path }) => path)
  const { devDependencies } = JSON.parse(
    await readFile(join(ROOT, 'package.json'), 'utf8'),
  ) as PackageFile
  const tools = ['vitest', 'typescript', '@types/node'].map(
    (name) => `${name}@${devDependencies[name]}`,
  )
  await inProject(
    'npm',
    'install',
    '--prefer-offline',
    '--no-audit',
    '--no-fund',
    `./${packed.filename}`,
    ...tools,
  )
}, 300_000)
afterAll(() => rm(directory, { recursive: true, force: true }))

test('the package holds what runs, what is documented and the bundled queues, and nothing else', () => {
  const places = new Set(files.map((path) => path.split('/')[0]))
  expect([...places].sort((left, right) => (left! < right! ? -1 : 1))).toEqual([
    'CHANGELOG.md',
    'LICENSE',
    'README.md',
    'dist',
    'docs',
    'package.json',
    'scenarios',
    'snapshots',
  ])
  const foreign = files.filter((path) => path.startsWith('dist/') && !/\.(js|d\.ts)$/.test(path))
  expect(foreign).toEqual([])
  expect(files).toEqual(
    expect.arrayContaining(['dist/cli.js', 'dist/index.d.ts', 'dist/vitest.js']),
  )
})

describe('a project that installed it', { timeout: 300_000 }, () => {
  test('plays drills in its vitest suite', async () => {
    const { stdout } = await inProject('npx', 'vitest', 'run', '--reporter', 'verbose')
    expect(stdout).toContain('a quiet day is left alone')
    expect(stdout).toMatch(/Tests +3 passed/)
  })

  test('plays one from plain node, the same as the command does, and leaves nothing behind', async () => {
    const before = await readdir(directory)
    const { stdout, stderr } = await inProject('node', 'drill.mjs')
    const { verdict, digest, repeat } = JSON.parse(stdout) as Record<string, string>
    expect({ verdict, stderr }).toEqual({ verdict: 'pass', stderr: '' })
    expect(await readdir(directory)).toEqual(before)
    const again = [...repeat!.split(' '), '--postgres', 'embedded', '--reporter', 'json']
    const command = await inProject('npx', ...again, '--out', 'again')
    expect(JSON.parse(command.stdout)).toMatchObject({ drills: [{ digest }] })
  })

  test('checks its types, those of the package too, and the examples of docs/library.md', async () => {
    const text = await readFile(join(ROOT, 'docs/library.md'), 'utf8')
    const examples = [...text.matchAll(/^```ts\n([^]*?)^```/gm)].map(([, code]) => code!)
    expect(examples.length).toBeGreaterThan(2)
    for (const [index, code] of examples.entries()) {
      await writeFile(join(directory, `example-${index}.ts`), code)
    }
    await expect(inProject('npx', 'tsc')).resolves.toMatchObject({ stdout: '', stderr: '' })
  })

  test('finds the bundled scenarios and snapshots', async () => {
    const { stdout } = await inProject('npx', 'queue-drill', 'scenarios', 'list', '--json')
    expect(stdout).toContain('"dead-webhook"')
    const { stdout: shape } = await inProject(
      'npx',
      'queue-drill',
      'snapshot',
      'inspect',
      'company-60k',
    )
    expect(shape).toContain('pending')
  })
})
