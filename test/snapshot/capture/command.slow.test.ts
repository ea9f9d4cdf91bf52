/** `queue-drill snapshot capture` as operators run it, and what ends it in the middle. */
import { execFileSync, spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdir, readFile, readdir, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { setTimeout as delay } from 'node:timers/promises'
import type { Client } from 'pg'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { isRunning, OWNER_MARK } from '../../../src/foundation/owner.ts'
import { CLI, queueDrill } from '../../commands/process.ts'
import { fillBusyQueue, PUSH, SYNC } from './busy-queue.ts'
import { openProduction } from './production.ts'
import type { Production } from './production.ts'

let production: Production
let owner: Client
let url: string
beforeAll(async () => {
  production = await openProduction()
  owner = await production.database('odoo')
  await fillBusyQueue(owner)
  url = production.url('odoo')
})
afterAll(() => production[Symbol.asyncDispose]())

const capture = (...args: string[]) =>
  queueDrill(['snapshot', 'capture', '--no-mask', ...args], {
    cwd: production.root,
    env: { QUEUE_DRILL_FROM: url },
  })

describe('queue-drill snapshot capture', () => {
  test('writes a snapshot that verifies, and says what it is and what it guessed', async () => {
    await writeFile(join(production.root, 'odoo.conf'), '[options]\nworkers = 6\n')
    const args = ['--odoo-conf', 'odoo.conf', '--channels', 'root:2', '--done-days', '9999']
    const { status, stdout, stderr } = await capture('--to', 'whole', ...args)
    expect({ status, stderr }).toEqual({
      status: 0,
      stderr:
        'queue-drill: warning: nothing is masked: the snapshot holds what the database holds\n',
    })
    expect(stdout).toMatch(
      /^whole: 18648 of 18648 jobs, NOT masked\nOdoo 16\.0: a guess, .*--series tells; addon 2024: no table/,
    )
    const verified = await queueDrill(['snapshot', 'verify', './whole'], { cwd: production.root })
    expect(verified.status).toBe(0)
    const manifest = await readFile(join(production.root, 'whole', 'manifest.json'), 'utf8')
    expect(JSON.parse(manifest)).toMatchObject({ host: { workers: 6, channels: 'root:2' } })
    expect(manifest).not.toContain(production.host.address.host)
  })

  test('keeps the operations file that people have edited when it replaces a snapshot', async () => {
    await capture('--to', 'edited')
    const path = join(production.root, 'edited', 'operations.yaml')
    const edited = `# Ours.\nfunctions:\n  ${PUSH}: { effect: none } # asked the carrier\n`
    await writeFile(path, edited)
    expect(await capture('--to', 'edited')).toMatchObject({ status: 2 })
    const { status } = await capture('--to', 'edited', '--force', '--thin', '1', '--json')
    expect(status).toBe(0)
    const kept = await readFile(path, 'utf8')
    for (const line of edited.trim().split('\n')) expect(kept).toContain(line)
    expect(kept).toContain(`${SYNC}:`)
    await writeFile(path, 'functions: [')
    const broken = await capture('--to', 'edited', '--force')
    expect(broken.status).toBe(2)
    expect(await readFile(path, 'utf8')).toBe('functions: [')
  })

  test.each([
    ['no database', ['--from', ''], /say which database: --from postgresql:\/\//],
    [
      'another scheme',
      ['--from', 'mysql://odoo:hush@db/odoo'],
      /--from cannot be read .*postgresql/,
    ],
    ['a moment that is none', ['--since', 'noon'], /--since "noon" is not a moment/],
    ['days below zero', ['--done-days', '-1'], /--done-days is -1: give a number from 0/],
    ['a time that is none', ['--lock-timeout', 'soon'], /--lock-timeout: "soon" is not a duration/],
    ['channels that are none', ['--channels', 'root:x'], /--channels: .*not a whole number/],
    ['no odoo.conf', ['--odoo-conf', 'none.conf'], /none\.conf cannot be read/],
    ['a series that is none', ['--series', '11.0'], /series.*11\.0/i],
    ['a condition that is none', ['--where', 'colour = 1'], /--where is no condition.*colour/],
  ])('%s is exit 2 with what to do, and no snapshot', async (_, args, expected) => {
    const { status, stdout, stderr } = await capture('--to', 'none', ...args)
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' })
    expect(stderr).toMatch(expected)
    expect(stderr).not.toContain('hush')
    expect(stderr).not.toContain('    at ')
    expect(await readdir(production.root)).not.toContain('none')
  })

  test('the key is made in a directory of its own, and never in that of the snapshot', async () => {
    const masked = (...args: string[]) =>
      queueDrill(['snapshot', 'capture', ...args], {
        cwd: production.root,
        env: { QUEUE_DRILL_FROM: url },
      })
    expect(await masked('--to', 'keyed', '--key', 'safe/deep/mask.key')).toMatchObject({
      status: 0,
    })
    expect((await stat(join(production.root, 'safe'))).mode & 0o777).toBe(0o700)
    const inside = await masked('--to', 'keyed', '--force', '--key', './keyed/mask.key')
    expect(inside).toMatchObject({ status: 2, stdout: '' })
    expect(inside.stderr).toContain('--key ./keyed/mask.key lies in the snapshot')
    expect(await readdir(join(production.root, 'keyed'))).not.toContain('mask.key')
  })

  test('a wrong password is exit 2 and not repeated; a database without a queue says what to name', async () => {
    await owner.query(`create role reader login password 'right'`)
    const wrong = await capture('--to', 'none', '--from', production.url('odoo', 'reader', 'hush'))
    expect(wrong.status).toBe(2)
    expect(wrong.stderr).toMatch(/cannot log in .*as "reader": password authentication failed/)
    expect(wrong.stderr).not.toContain('hush')
    const empty = await capture('--to', 'none', '--from', production.url('postgres'))
    expect(empty.status).toBe(2)
    expect(empty.stderr).toMatch(/the database has no table queue_job_channel: name the database/)
  })

  test('a lock of an update of the module ends it after the time that was given', async () => {
    await owner.query('begin; lock table queue_job in access exclusive mode')
    const { status, stderr } = await capture('--to', 'none', '--lock-timeout', '1s')
    await owner.query('rollback')
    expect(status).toBe(3)
    expect(stderr).toMatch(/somebody holds the table for more than 1s/)
  })
})

test('a server that has no room left for what it sorts is exit 3, one message, and no snapshot', async () => {
  await owner.query(
    `create role cramped login password 'cramped' in role pg_read_all_data;
     alter role cramped set temp_file_limit = 0;
     alter role cramped set work_mem = '64kB'`,
  )
  const from = production.url('odoo', 'cramped', 'cramped')
  const { status, stderr } = await capture('--to', 'cramped', '--from', from)
  expect(status).toBe(3)
  expect(stderr).toMatch(
    /^queue-drill: the server refused the capture: temporary file size [^\n]*\n$/,
  )
  expect(await readdir(production.root)).not.toContain('cramped')
})

/** Slow while rows are copied, not before. */
const SLOW_COPY = `current_query() like '%grouping%' or pg_sleep(0.001) is not null`
/** Slow while the history is scanned. */
const SLOW_SCAN = 'pg_sleep(0.001) is not null'

function start(to: string, where: string, from = url): ChildProcess {
  const args = ['snapshot', 'capture', '--no-mask', '--to', to, '--where', where]
  return spawn(process.execPath, [CLI, ...args], {
    cwd: production.root,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, QUEUE_DRILL_FROM: from },
  })
}

async function until(child: ChildProcess, holds: () => boolean | Promise<boolean>): Promise<void> {
  while (child.exitCode === null) {
    if (await holds()) return
    await delay(20)
  }
  throw new Error(`the capture ended by itself with status ${child.exitCode}`)
}

const isCopying = (to: string) => async () =>
  (await left(to)).some(
    (name) =>
      name.endsWith('.incomplete') &&
      existsSync(join(production.root, name, 'queue_job.0001.copy.gz')),
  )

const sessions = async () => {
  const { rows } = await owner.query<{ count: number }>(
    `select count(*)::int from pg_stat_activity where application_name = 'queue-drill capture'`,
  )
  return rows[0]!.count
}

const left = async (to: string) =>
  (await readdir(production.root)).filter((name) => name.startsWith(to))

async function ended(child: ChildProcess): Promise<{ status: number | null; stderr: string }> {
  const [stderr, [status]] = await Promise.all([text(child.stderr!), once(child, 'close')])
  return { status: status as number | null, stderr }
}

describe('ended in the middle', () => {
  test.each([
    ['copying', SLOW_COPY, isCopying('interrupted')],
    ['scanning', SLOW_SCAN, async () => (await sessions()) === 1],
  ])('Ctrl-C while %s: exit 130, nothing stays, the server stops too', async (_, where, holds) => {
    const child = start('interrupted', where)
    await until(child, holds)
    child.kill('SIGINT')
    expect(await ended(child)).toEqual({
      status: 130,
      stderr: 'queue-drill: interrupted, cleaning up; once more to stop at once\n',
    })
    expect(await left('interrupted')).toEqual([])
    await vi.waitFor(async () => expect(await sessions()).toBe(0), 5000)
  })

  test('kill -9: nothing under the final name, and the next run clears up and works', async () => {
    const child = start('killed', SLOW_COPY)
    await until(child, isCopying('killed'))
    child.kill('SIGKILL')
    await once(child, 'close')
    expect(await left('killed')).toEqual([
      expect.stringMatching(new RegExp(`^killed\\.${OWNER_MARK}\\.incomplete$`)) as string,
    ])
    expect(await capture('--to', 'killed-again')).toMatchObject({ status: 0 })
    expect(await left('killed')).toEqual(['killed-again'])
  })

  test('a connection that the server ends is exit 3, one message, and nothing stays', async () => {
    const child = start('ended', SLOW_COPY)
    await until(child, isCopying('ended'))
    await owner.query(
      `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'queue-drill capture'`,
    )
    const { status, stderr } = await ended(child)
    expect(status).toBe(3)
    expect(stderr).toMatch(
      /^queue-drill: [^\n]*(terminating connection|Connection terminated)[^\n]*\n$/,
    )
    expect(await left('ended')).toEqual([])
  })

  test('a server that is killed is exit 3, one message, and nothing stays', async () => {
    await using other = await openProduction()
    const client = await other.database('odoo')
    await fillBusyQueue(client)
    const child = start('dead', SLOW_COPY, other.url('odoo'))
    await until(child, isCopying('dead'))
    const pidFile = await readFile(join(other.host.address.host, 'data/postmaster.pid'), 'utf8')
    const pid = Number.parseInt(pidFile, 10)
    expect(isRunning(pid)).toBe(true)
    process.kill(pid, 'SIGKILL')
    const { status, stderr } = await ended(child)
    expect(status).toBe(3)
    expect(stderr).toMatch(/^queue-drill: [^\n]*(lost|terminating)[^\n]*\n$/)
    expect(await left('dead')).toEqual([])
  })
})

/** A small disk, where this process may make one. */
function mountSmallDisk(path: string): boolean {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'tmpfs', path], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

test('a full disk is exit 3, one message, and nothing stays', async ({ skip }) => {
  const disk = join(production.root, 'disk')
  await mkdir(disk)
  if (!mountSmallDisk(disk)) skip('only root can mount a small disk')
  try {
    const { status, stderr } = await capture('--to', join(disk, 'full'))
    expect(status).toBe(3)
    expect(stderr).toMatch(/^queue-drill: [^\n]*ENOSPC[^\n]*\n$/)
    expect(await readdir(disk)).toEqual([])
  } finally {
    execFileSync('umount', [disk])
  }
})
