/**
 * `snapshot generate` as a process, beside what no generator can do without: packing its text with the same level of
 * gzip in one stream, and hashing it; and beside the same rows made and thrown away, and written as plain text. The
 * yardsticks run in the same minute on the same text. `cpu` lines count CPU seconds instead of wall time: of all threads
 * of the command, what one core would need for it.
 */
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createReadStream, createWriteStream } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { createGzip } from 'node:zlib'
import { readDataFile } from '../../src/snapshot/data-file.ts'
import { ByteText } from '../../src/snapshot/generate/byte-text.ts'
import { CAPTURED_AT, COMPANIES } from '../../src/snapshot/generate/companies.ts'
import { dialectOf } from '../../src/snapshot/generate/dialect.ts'
import { jobs } from '../../src/snapshot/generate/jobs.ts'
import { retention } from '../../src/snapshot/generate/retention.ts'
import { rowEncoder } from '../../src/snapshot/generate/row.ts'
import { loadTexts } from '../../src/snapshot/generate/texts.ts'
import { openSnapshot } from '../../src/snapshot/open.ts'
import type { BenchOptions } from './bench.ts'
import { type BenchResult, ratioOf, timed } from './result.ts'

const COMPANY = 'retail'
const CLI = fileURLToPath(new URL('../../dist/cli.js', import.meta.url))
/** As the command packs a snapshot of more than 100,000 rows. */
const LEVEL = 1

export async function run({ rows }: BenchOptions): Promise<BenchResult> {
  const root = await mkdtemp(join(tmpdir(), 'queue-drill-bench-'))
  try {
    const directory = join(root, 'snapshot')
    const command = await generateCommand(directory, rows)
    const { manifest } = await openSnapshot(directory)
    const bytes = manifest.tables.queue_job.files.reduce((sum, each) => sum + each.content_bytes, 0)
    const plain = join(root, 'plain.copy')
    const madeOnly = await measured(() => makeRows(rows, () => {}))
    const written = await measured(() => writePlain(plain, rows))
    const packed = await measured(() =>
      pipeline(createReadStream(plain, CHUNKS), createGzip({ level: LEVEL }), nowhere()),
    )
    const hash = createHash('sha256')
    const hashed = await measured(async () => {
      for await (const chunk of createReadStream(plain, CHUNKS)) hash.update(chunk as Buffer)
    })
    const read = await measured(() => readAll(directory))
    const done = { rows, bytes }
    const results = [
      timed('command', done, command.seconds, command.peakRssMb),
      timed('command cpu', done, command.cpuSeconds, command.peakRssMb),
      timed('rows only', done, madeOnly.seconds, 0),
      timed('rows only cpu', done, madeOnly.cpuSeconds, 0),
      timed('rows to a plain file', done, written.seconds, 0),
      timed('gzip alone', done, packed.seconds, 0),
      timed('gzip alone cpu', done, packed.cpuSeconds, 0),
      timed('sha-256 alone', done, hashed.seconds, 0),
      timed('reading it back', done, read.seconds, 0),
    ]
    const ratio = (name: string, yardstick: string) => ratioOf(results, name, yardstick)!
    return {
      bench: 'generate',
      rows,
      bytes,
      results,
      ratios: {
        commandVsGzip: ratio('command', 'gzip alone'),
        commandCpuVsGzipCpu: ratio('command cpu', 'gzip alone cpu'),
        rowsVsGzip: ratio('rows only', 'gzip alone'),
      },
    }
  } finally {
    await rm(root, { recursive: true, force: true })
  }
}

const CHUNKS = { highWaterMark: 256 * 1024 }

interface Measured {
  readonly seconds: number
  /** Of all threads. */
  readonly cpuSeconds: number
}

async function measured(work: () => Promise<unknown>): Promise<Measured> {
  const cpu = process.cpuUsage()
  const from = performance.now()
  await work()
  const seconds = (performance.now() - from) / 1000
  const { user, system } = process.cpuUsage(cpu)
  return { seconds, cpuSeconds: (user + system) / 1e6 }
}

/** The command, which tells at its end what it took from the system. */
async function generateCommand(
  directory: string,
  rows: number,
): Promise<Measured & { readonly peakRssMb: number }> {
  const tell = `process.on('exit', () => {
    const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage()
    process.stderr.write(JSON.stringify({ cpu: userCPUTime + systemCPUTime, maxRSS }))
  })`
  const from = performance.now()
  const { stderr } = await promisify(execFile)(process.execPath, [
    '--import',
    `data:text/javascript,${encodeURIComponent(tell)}`,
    CLI,
    'snapshot',
    'generate',
    COMPANY,
    '--rows',
    String(rows),
    '--out',
    directory,
  ])
  const seconds = (performance.now() - from) / 1000
  const { cpu, maxRSS } = JSON.parse(stderr) as { cpu: number; maxRSS: number }
  return { seconds, cpuSeconds: cpu / 1e6, peakRssMb: maxRSS / 1024 }
}

/** All rows of the company, an hour of its history at a time. */
async function makeRows(rows: number, take: (text: Buffer) => void | Promise<void>): Promise<void> {
  const company = COMPANIES[COMPANY]!
  const settings = { seed: COMPANY, jobsPerDay: company.jobsPerDay, rows, capturedAt: CAPTURED_AT }
  const aged = { ...company, removalDays: retention(company, settings) }
  const { functions } = company
  const dialect = dialectOf('16.0')
  const texts = await loadTexts(COMPANY)
  const encode = rowEncoder({ ...settings, dialect, functions, texts })
  const out = new ByteText(1024 * 1024)
  const hours = jobs({ ...settings, company: aged, dialect }, (draft, id) => encode(out, draft, id))
  for (const _ of hours) {
    if (out.length < CHUNKS.highWaterMark) continue
    await take(out.content)
    out.clear()
  }
  await take(out.content)
}

async function writePlain(path: string, rows: number): Promise<void> {
  const file = createWriteStream(path)
  await makeRows(rows, async (text) => {
    if (!file.write(Buffer.from(text))) await once(file, 'drain')
  })
  file.end()
  await once(file, 'close')
}

function nowhere(): Writable {
  return new Writable({ write: (_chunk, _encoding, done) => done() })
}

async function readAll(directory: string): Promise<void> {
  const { manifest } = await openSnapshot(directory)
  for (const file of manifest.tables.queue_job.files) {
    for await (const _ of readDataFile(directory, file)) {
      // The reader checks what it gives.
    }
  }
}
