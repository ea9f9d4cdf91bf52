/** `queue-drill snapshot import` as users run it, also when it is killed: a whole snapshot, or nothing anywhere. */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { gunzipSync } from 'node:zlib'
import { HOUR, formatPgTimestamp } from '../../../src/foundation/time.ts'
import { random } from '../../../src/foundation/random.ts'
import { placesForDirectories } from '../../../src/sandbox/embedded/directory.ts'
import { decodeRow } from '../../../src/snapshot/copy-text.ts'
import type { Manifest } from '../../../src/snapshot/format.ts'
import { openSnapshot } from '../../../src/snapshot/open.ts'
import { CLI, queueDrill } from '../../commands/process.ts'
import { killMoments } from '../../sandbox/kill-moments.ts'
import { directoriesOf, markOf } from '../../sandbox/marks.ts'
import { COLUMNS, copyOf, csvOf, dumpOf, row } from './sources.ts'

let root: string
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'queue-drill-test-'))
  await writeFile(join(root, 'jobs.csv'), csvOf(JOBS))
  await writeFile(join(root, 'dump.sql'), dumpOf(JOBS))
})
afterAll(() => rm(root, { recursive: true, force: true }))
beforeEach(() => rm(join(root, 'taken'), { recursive: true, force: true }))

/** Two weeks of a quiet queue. */
const JOBS = Array.from({ length: 300 }, (_, index) =>
  row(index + 1, {
    state: index % 10 === 0 ? 'failed' : 'done',
    method_name: index % 3 === 0 ? 'pull' : 'push',
    args: `["secret-${index}@customer-shop.com"]`,
    date_created: formatPgTimestamp(Date.parse('2026-11-17T10:00:00Z') - (300 - index) * HOUR),
  }),
)

const run = (...args: string[]) => queueDrill(['snapshot', 'import', ...args], { cwd: root })

async function manifestOf(directory: string): Promise<Manifest> {
  return JSON.parse(await readFile(join(root, directory, 'manifest.json'), 'utf8')) as Manifest
}

/** All that lies in a snapshot, unpacked. */
async function contentOf(directory: string): Promise<string> {
  const names = await readdir(join(root, directory))
  return names
    .map((name) => {
      const bytes = readFileSync(join(root, directory, name))
      return (name.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8')
    })
    .join('\n')
}

describe('queue-drill snapshot import', () => {
  test('makes a sound snapshot of a CSV as it is with --no-mask, and says so', async () => {
    const { status, stdout, stderr } = await run('jobs.csv', '--to', 'taken', '--no-mask')
    expect(stderr).toContain('warning: nothing is masked')
    expect({ status, stdout }).toEqual({
      status: 0,
      stdout: expect.stringMatching(/^taken: 300 of 300 jobs, NOT masked\nOdoo /) as string,
    })
    const manifest = await manifestOf('taken')
    expect(manifest).toMatchObject({
      captured_at: '2026-11-17T09:00:00.000Z',
      capture: { source: 'csv', rows: 300 },
      masking: 'none',
    })
    expect(manifest.detected).toContain('captured_at: the newest date of the rows')
    expect(manifest.detected).toContain(
      'queue_job_channel is not in the source, it is made of the jobs',
    )
    expect(manifest).not.toHaveProperty('server_version')
    expect(await contentOf('taken')).toContain('secret-299@customer-shop.com')
    const inspected = await queueDrill(['snapshot', 'inspect', './taken', '--json'], { cwd: root })
    expect(JSON.parse(inspected.stdout)).toMatchObject({
      rows: 300,
      byState: { failed: 30, done: 270 },
      channels: [{ channel: 'root.web.shop', listed: true, rows: 300 }],
    })
  })

  test('a dump on standard input, with what the flags say', async () => {
    const { status, stdout } = await queueDrill(
      [
        'snapshot',
        'import',
        '-',
        '--to',
        'taken',
        '--no-mask',
        '--json',
        '--series',
        '15.0',
        '--captured-at',
        '2026-11-18T12:00Z',
        '--done-days',
        '0',
        '--name',
        'mine',
        '--channels',
        'root:2',
      ],
      { cwd: root, stdin: dumpOf(JOBS) },
    )
    expect(status).toBe(0)
    expect((JSON.parse(stdout) as { manifest: Manifest }).manifest).toMatchObject({
      name: 'mine',
      captured_at: '2026-11-18T12:00:00.000Z',
      odoo_series: '15.0',
      host: { channels: 'root:2' },
      capture: { source: 'pg_dump', rows: 300, limits: [expect.stringContaining('done-days')] },
      tables: { queue_job: { rows: 30 } },
    })
  })

  test('masks by default: equal stays equal under one key, and nothing of the data is left', async () => {
    const { manifest, directory: company } = await openSnapshot('company-25k')
    const { columns, files } = manifest.tables.queue_job
    const lines = gunzipSync(readFileSync(join(company, files[0]!.name)))
      .toString('utf8')
      .split('\n')
    const rows = lines
      .slice(-301, -1)
      .map((line, index) =>
        decodeRow(line).map((field, at) =>
          columns[at] === 'args' ? `["secret-${index}@customer-shop.com"]` : field,
        ),
      )
    await writeFile(join(root, 'company.csv'), csvOf(rows, ',', '\n', columns))
    for (const directory of ['taken', 'again']) {
      const { status, stderr } = await run('company.csv', '--to', directory, '--key', 'mask.key')
      expect(stderr).not.toContain('nothing is masked')
      expect(status).toBe(0)
    }
    expect(await manifestOf('taken')).toMatchObject({
      masking: 'masked',
      masking_policy: { relaxed: [] },
    })
    const [content, again] = [await contentOf('taken'), await contentOf('again')]
    expect(content).not.toMatch(/secret-\d|customer-shop/)
    const jobsOf = (all: string) =>
      all.split('\n').filter((line) => /^\d+\t[0-9a-f-]{36}\t/.test(line))
    expect(jobsOf(content)).toHaveLength(300)
    expect(jobsOf(again)).toEqual(jobsOf(content))
    const verified = await queueDrill(['snapshot', 'verify', './taken'], { cwd: root })
    expect(verified).toMatchObject({ status: 0, stderr: '' })
  })

  test('a snapshot that is there is refused before anything is read, and replaced with --force', async () => {
    expect((await run('jobs.csv', '--to', 'taken', '--no-mask')).status).toBe(0)
    const refused = await run('nowhere.csv', '--to', 'taken', '--no-mask')
    expect(refused).toMatchObject({ status: 2, stdout: '' })
    expect(refused.stderr).toMatch(/taken is a snapshot already: add --force/)
    await writeFile(join(root, 'fewer.csv'), csvOf(JOBS.slice(0, 9)))
    expect((await run('fewer.csv', '--to', 'taken', '--no-mask', '--force')).status).toBe(0)
    expect((await manifestOf('taken')).tables.queue_job.rows).toBe(9)
  })

  test.each([
    [
      'a wrong value',
      csvOf([...JOBS, row(301, { retry: 'x' })]),
      [],
      /source, line 302, column retry: /,
    ],
    ['no queue', 'hello\n', [], /neither a dump/],
    [
      'a flag of another kind',
      csvOf(JOBS),
      ['--schema', 'public'],
      /--schema is for a dump, and source is a CSV: leave it out/,
    ],
    [
      'a moment that is none',
      csvOf(JOBS),
      ['--captured-at', 'noon'],
      /--captured-at "noon" is not a moment/,
    ],
  ])('%s is exit 2, one message, and nothing is left', async (_, content, flags, expected) => {
    await writeFile(join(root, 'source'), content)
    const { status, stdout, stderr } = await run('source', '--to', 'taken', '--no-mask', ...flags)
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' })
    expect(stderr).toMatch(expected)
    expect(stderr.trim().split('\n')).toHaveLength(1)
    expect((await readdir(root)).filter((name) => name.startsWith('taken'))).toEqual([])
  })

  test('a large COPY file, packed or not, needs no more memory than a small one', async () => {
    const rows = copyOf(
      Array.from({ length: 1000 }, (_, index) =>
        row(index, {
          date_created: formatPgTimestamp(Date.parse('2026-11-17') - index * HOUR),
          args: 'z'.repeat(1500),
        }),
      ),
    )
    const program = `
      process.argv = [process.argv[0], 'queue-drill', 'snapshot', 'import', '-', '--to', 'taken', '--no-mask',
        '--columns', ${JSON.stringify(COLUMNS.join(','))}, '--format', 'copy', '--captured-at', '2026-11-17']
      process.on('exit', () => process.stdout.write('peak ' + process.resourceUsage().maxRSS))
      await import(${JSON.stringify(CLI)})`
    const child = spawn(process.execPath, ['--input-type=module', '--eval', program], {
      cwd: root,
      stdio: ['pipe', 'pipe', 'ignore'],
    })
    const printed = text(child.stdout)
    // 240 MB that no process of 200 could hold.
    for (let block = 0; block < 150; block++) {
      const piece = rows.replaceAll(/^\d+/gm, (id) => String(Number(id) + block * 1000 + 1))
      if (!child.stdin.write(piece)) await once(child.stdin, 'drain')
    }
    child.stdin.end()
    const output = await printed
    expect(output).toContain('taken: 150000 of 150000 jobs')
    expect(Number(/peak (\d+)/.exec(output)![1]) / 1024).toBeLessThan(200)
  })
})

test('a row that is no job is left out with a warning, as of a database', async () => {
  const rows = [row(1), row(2, { model_name: null }), row(3, { state: 'paused' })]
  await writeFile(join(root, 'foreign.csv'), csvOf(rows))
  const { status, stdout, stderr } = await run('foreign.csv', '--to', 'foreign', '--no-mask')
  expect({ status, stdout }).toEqual({
    status: 0,
    stdout: expect.stringMatching(/^foreign: 1 of 3 jobs/) as string,
  })
  expect(stderr).toContain('2 rows without model or method, or with a state that no addon knows')
})

describe('killed in mid-import', () => {
  /** Reads a dump from a pipe that the test holds open, so that it is killed while rows are on their way. */
  function startImport(...flags: string[]): ChildProcess {
    return spawn(
      process.execPath,
      [CLI, 'snapshot', 'import', '-', '--to', 'taken', '--no-mask', ...flags],
      {
        cwd: root,
        stdio: ['pipe', 'pipe', 'pipe'],
      },
    )
  }

  /** Waits for the server and feeds half of a dump. */
  async function feedHalf(child: ChildProcess): Promise<void> {
    const dump = dumpOf(JOBS)
    child.stdin!.on('error', () => undefined)
    child.stdin!.write(dump.slice(0, dump.length / 2))
    await vi.waitUntil(() => directoriesOf(markOf(child.pid!)).length > 0, {
      timeout: 20_000,
      interval: 5,
    })
  }

  const traces = (child: ChildProcess) => directoriesOf(markOf(child.pid!))

  /** Directories of PostgreSQL, whose watchdog may be at it, and what stands under the final name. */
  async function leftOf(child: ChildProcess): Promise<string[]> {
    for (let tries = 0; tries < 600 && traces(child).length > 0; tries++) await delay(50)
    return [...traces(child), ...['taken'].filter((name) => existsSync(join(root, name)))]
  }

  test.each(
    Array.from({ length: Math.ceil(killMoments() / 2) }, (_, index) =>
      random('import-killed', index).int(0, 1200),
    ),
  )('by SIGKILL %i ms after its server began: no snapshot, no directory', async (afterMs) => {
    const child = startImport()
    await feedHalf(child)
    await delay(afterMs)
    child.kill('SIGKILL')
    await once(child, 'exit')
    expect(await leftOf(child)).toEqual([])
  })

  test('by SIGKILL while it writes the snapshot: nothing under the final name', async () => {
    const child = startImport()
    child.stdin!.end(dumpOf(JOBS))
    const isWriting = () => readdirSync(root).some((name) => /^taken\..*\.incomplete$/.test(name))
    await vi.waitUntil(isWriting, { timeout: 20_000, interval: 1 })
    child.kill('SIGKILL')
    await once(child, 'exit')
    // It may have been done with it in the same moment: then it is whole.
    const isWhole = existsSync(join(root, 'taken', 'manifest.json'))
    const rows = isWhole ? (await manifestOf('taken')).tables.queue_job.rows : 300
    expect(rows).toBe(300)
    if (isWhole) await rm(join(root, 'taken'), { recursive: true })
    expect(await leftOf(child)).toEqual([])
  })

  test('by Ctrl-C: exit status 130, one message, nothing left', async () => {
    const child = startImport()
    const stderr = text(child.stderr!)
    await feedHalf(child)
    child.kill('SIGINT')
    const [status] = (await once(child, 'close')) as [number | null]
    expect(status).toBe(130)
    expect(await stderr).toBe('queue-drill: interrupted, cleaning up; once more to stop at once\n')
    expect(traces(child)).toEqual([])
    expect(await leftOf(child)).toEqual([])
  })

  test('its PostgreSQL is killed: exit status 3, one message, nothing left', async () => {
    const child = startImport()
    const stderr = text(child.stderr!)
    await feedHalf(child)
    const data = () =>
      placesForDirectories()
        .flatMap((place) => traces(child).map((name) => join(place, name, 'data/postmaster.pid')))
        .find((path) => existsSync(path) && /ready/.test(readFileSync(path, 'utf8')))
    await vi.waitUntil(() => data() !== undefined, { timeout: 20_000, interval: 5 })
    process.kill(Number(readFileSync(data()!, 'utf8').split('\n')[0]), 'SIGKILL')
    child.stdin!.end()
    const [status] = (await once(child, 'exit')) as [number | null]
    expect(await stderr).toMatch(/^queue-drill: .*\n/)
    expect(status).toBe(3)
    expect(await leftOf(child)).toEqual([])
  })

  test('the next run meets what they left, and works', async () => {
    const { status, stdout } = await run('dump.sql', '--to', 'taken', '--no-mask')
    expect({ status, stdout }).toEqual({
      status: 0,
      stdout: expect.stringMatching(/^taken: 300 of 300 jobs/) as string,
    })
    expect((await readdir(root)).filter((name) => name.includes('incomplete'))).toEqual([])
  })
})
