/** Ctrl-C and its like, and the death of PostgreSQL, in the middle of a drill. */
import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { CLI } from './process.ts'

let directory: string

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'queue-drill-test-'))
})

afterEach(async () => {
  await rm(directory, { recursive: true })
})

/** A long drill, with all that it puts on disk below `directory`. */
function startDrill(): ChildProcess {
  const args = ['run', 'dead-webhook', '--postgres', 'embedded', '--engine', 'noop']
  return spawn(process.execPath, [CLI, ...args, '--duration', '2d', '--out', 'out'], {
    cwd: directory,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, TMPDIR: directory },
  })
}

/** Waits for the folder of the drill: the server runs and the snapshot is loaded. */
async function untilUnderWay(child: ChildProcess): Promise<void> {
  while (child.exitCode === null) {
    const found = await readdir(directory, { recursive: true })
    if (found.some((path) => path.endsWith('statements.ndjson'))) return
    await new Promise((resolve) => {
      setTimeout(resolve, 20)
    })
  }
  throw new Error(`the drill ended by itself with status ${child.exitCode}`)
}

/** Stands in the names of what the drill made for PostgreSQL: its process id, base 36. */
function markOf({ pid }: ChildProcess): RegExp {
  return new RegExp(`queue-drill-[0-9a-f]{8}-[0-9a-z]+-${pid!.toString(36)}-`)
}

/** Its processes and directories. */
async function tracesOf(child: ChildProcess): Promise<string[]> {
  const mark = markOf(child)
  const { stdout } = await promisify(execFile)('ps', ['-eo', 'args='], { maxBuffer: 10_000_000 })
  const places = ['/dev/shm', '/tmp', directory].filter((place) => existsSync(place))
  const names = await Promise.all(places.map((place) => readdir(place)))
  return [...stdout.split('\n'), ...names.flat()].filter((text) => mark.test(text))
}

describe.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)('%s in mid-drill', (signal) => {
  test('ends it with one message and exit status 130, and leaves no process or data', async () => {
    const child = startDrill()
    let stderr = ''
    child.stderr!.on('data', (piece: Buffer) => (stderr += piece.toString()))
    await untilUnderWay(child)
    expect(await tracesOf(child)).not.toEqual([])
    child.kill(signal)
    const [status] = (await once(child, 'close')) as [number | null]
    expect(stderr).toBe('queue-drill: interrupted, cleaning up; once more to stop at once\n')
    expect(status).toBe(130)
    expect(await tracesOf(child)).toEqual([])
    // No drill was finished: there is nothing to look at.
    expect(await readdir(directory)).toEqual([])
  })
})

test('the second signal ends it at once', async () => {
  const child = startDrill()
  await untilUnderWay(child)
  child.kill('SIGINT')
  child.kill('SIGTERM')
  const [status] = (await once(child, 'close')) as [number | null]
  expect(status).toBe(130)
  // What was not put away is ended by the server's watchdog, which runs beside us.
  await vi.waitFor(async () => expect(await tracesOf(child)).toEqual([]), 10_000)
})

test('PostgreSQL killed in mid-drill is one message and exit status 3, and nothing is left', async () => {
  const child = startDrill()
  let stderr = ''
  child.stderr!.on('data', (piece: Buffer) => (stderr += piece.toString()))
  await untilUnderWay(child)
  const { stdout } = await promisify(execFile)('ps', ['-eo', 'pid=,args='], {
    maxBuffer: 10_000_000,
  })
  const server = stdout
    .split('\n')
    .filter((line) => /\/postgres -D /.test(line) && markOf(child).test(line))
    .map((line) => Number.parseInt(line, 10))
  expect(server).toHaveLength(1)
  process.kill(server[0]!, 'SIGKILL')
  const [status] = (await once(child, 'close')) as [number | null]
  expect(stderr).toMatch(/^queue-drill: .*\n$/)
  expect(stderr).not.toContain('mistake in queue-drill')
  expect(status).toBe(3)
  expect(await tracesOf(child)).toEqual([])
})
