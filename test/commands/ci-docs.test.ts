/** What docs/ci.md and the Dockerfile tell people to use is there. */
import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { beforeAll, describe, expect, test } from 'vitest'
import { parse, parseDocument } from 'yaml'
import { queueDrill } from './process.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const textOf = (path: string): string => readFileSync(`${ROOT}${path}`, 'utf8')
const docs = textOf('docs/ci.md')

interface Step {
  readonly uses?: string
  readonly run?: string
  readonly if?: string
}

interface Workflow {
  readonly on: Readonly<Record<string, unknown>>
  readonly permissions: Readonly<Record<string, string>>
  readonly jobs: Readonly<
    Record<string, { readonly 'runs-on': string; readonly steps: readonly Step[] }>
  >
}

describe('the workflow in docs/ci.md', () => {
  const yaml = /^```yaml\n([^]*?)^```/m.exec(docs)![1]!
  const { on, permissions, jobs } = parse(yaml) as Workflow
  const steps = Object.values(jobs).flatMap((job) => job.steps)

  test('is YAML without a warning, with what GitHub asks for', () => {
    const { errors, warnings } = parseDocument(yaml, { uniqueKeys: true })
    expect([...errors, ...warnings]).toEqual([])
    expect(Object.keys(on)).toEqual(['pull_request', 'push'])
    expect(permissions['contents']).toBe('read')
    expect(Object.values(jobs).map((job) => job['runs-on'])).toEqual(['ubuntu-latest'])
    // Each step is an action with its version, or a command, and not both.
    for (const { uses, run } of steps) {
      expect([uses, run].filter((each) => each !== undefined)).toHaveLength(1)
      expect(uses ?? 'a/b@v1').toMatch(/^[\w-]+\/[\w-]+@v\d+$/)
    }
  })

  test('plays the drills of this version and keeps what they wrote, whatever the verdict', () => {
    const { version } = JSON.parse(textOf('package.json')) as { version: string }
    const runs = steps.filter(({ run }) => run?.includes('queue-drill'))
    expect(runs).toHaveLength(1)
    expect(runs[0]!.run).toContain(`npx --yes queue-drill@${version} run `)
    const uploads = steps.filter(({ uses }) => /upload-artifact|junit/.test(uses ?? ''))
    expect(uploads.map((step) => step.if)).toEqual(['always()', 'always()'])
  })
})

describe('every command in docs/ci.md', () => {
  const commands = docs
    .replaceAll('\\\n', ' ')
    .split('\n')
    .flatMap((line) => /\bqueue-drill(?:@[\d.]+)? run (.*?)(?:\||#|`|$)/.exec(line)?.[1] ?? [])
  let known: ReadonlySet<string>

  beforeAll(async () => {
    const { stdout } = await queueDrill(['run', '--help'])
    known = new Set(stdout.match(/--[a-z-]+/g))
  })

  test('uses flags that there are', () => {
    const flags = commands.flatMap((command) => command.match(/--[a-z-]+/g) ?? [])
    expect(commands.length).toBeGreaterThan(4)
    expect(new Set(flags)).toContain('--against')
    expect(flags.filter((flag) => !known.has(flag))).toEqual([])
  })
})

describe('the Dockerfile', () => {
  const copied = [...textOf('Dockerfile').matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap(
    ([, sources]) => sources!.split(' '),
  )
  const allowed = textOf('.dockerignore')
    .split('\n')
    .filter((line) => line.startsWith('!'))
    .map((line) => line.slice(1))

  test('copies what is there, and no more is sent to the daemon than that', () => {
    expect(copied.filter((path) => !existsSync(`${ROOT}${path}`))).toEqual([])
    expect([...new Set(copied)].sort(byText)).toEqual([...allowed].sort(byText))
  })

  test('has all that the package has at run time', () => {
    const { files } = JSON.parse(textOf('package.json')) as { files: string[] }
    const atRunTime = files.filter((path) => !/^!|^docs|\.md$/.test(path))
    const kept = ['dist', ...copied]
    expect(atRunTime.filter((path) => !kept.includes(path))).toEqual([])
  })

  test('does not run as root', () => {
    expect(textOf('Dockerfile').match(/^USER .*/gm)).toEqual(['USER node'])
  })
})

function byText(left: string, right: string): number {
  return left < right ? -1 : 1
}
