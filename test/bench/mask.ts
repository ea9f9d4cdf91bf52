/**
 * Masking alone, on one core: rows of a generated company in memory, in chunks as a server sends them, through the
 * masker; beside it the least that anything on rows can cost (split into fields, put together again), and the leak scan.
 * The masker is warm: as many rows before those that count fill its tables and memories.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { decodeRow } from '../../src/snapshot/copy-text.ts'
import { readDataFile } from '../../src/snapshot/data-file.ts'
import { schemaOfManifest } from '../../src/snapshot/format.ts'
import { generateSnapshot } from '../../src/snapshot/generate/generate.ts'
import { findLeak } from '../../src/snapshot/leaks/scan.ts'
import { Masker, NO_POLICY, randomKey } from '../../src/snapshot/mask/masker.ts'
import { ratioOf, timed } from './result.ts'
import type { BenchResult } from './result.ts'

/** More rows say nothing more, and would fill the memory that the measurement is about. */
const ROWS_MAX = 100_000

export async function run(options: { rows: number }): Promise<BenchResult> {
  const rows = Math.min(options.rows, ROWS_MAX)
  const directory = await mkdtemp(join(tmpdir(), 'queue-drill-bench-'))
  try {
    return await measure(join(directory, 'snapshot'), rows)
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

async function measure(directory: string, rows: number): Promise<BenchResult> {
  const manifest = await generateSnapshot({ company: 'company-60k', directory, rows: 2 * rows })
  const { files, columns } = manifest.tables.queue_job
  const types = schemaOfManifest(manifest).tables.queue_job
  const chunks: Buffer[] = []
  for (const file of files) {
    // The chunks of a file end anywhere; those of a server at the end of a row.
    let rest: Buffer = Buffer.alloc(0)
    for await (const chunk of readDataFile(directory, file)) {
      const read = Buffer.concat([rest, chunk])
      const end = read.lastIndexOf(0x0a) + 1
      if (end > 0) chunks.push(read.subarray(0, end))
      rest = read.subarray(end)
    }
  }
  const masker = new Masker(randomKey(), NO_POLICY)
  const mask = masker.rows(
    'queue_job',
    columns.map((name) => ({ name, type: types[name]! })),
  )
  const warming = chunks.splice(0, Math.floor(chunks.length / 2))
  for (const chunk of warming) mask(chunk)
  const bytes = chunks.reduce((sum, chunk) => sum + chunk.length, 0)
  const counted = chunks.reduce((sum, chunk) => sum + rowsOf(chunk), 0)
  const masked: Buffer[] = []
  const time = (name: string, work: (chunk: Buffer) => unknown, on = chunks) => {
    const start = process.hrtime.bigint()
    for (const chunk of on) work(chunk)
    const seconds = Number(process.hrtime.bigint() - start) / 1e9
    return timed(name, { rows: counted, bytes }, seconds, process.memoryUsage().rss / 1e6)
  }
  const results = [
    time('mask', (chunk) => masked.push(mask(chunk))),
    time('fields', splitAndJoin),
    time('scan', scan, masked),
  ]
  return {
    bench: 'mask',
    rows: counted,
    bytes,
    results,
    ratios: { maskVsFields: ratioOf(results, 'mask', 'fields') ?? 0 },
  }
}

function rowsOf(chunk: Buffer): number {
  let rows = 0
  for (const code of chunk) if (code === 0x0a) rows += 1
  return rows
}

function splitAndJoin(chunk: Buffer): Buffer {
  let text = ''
  for (const line of chunk.toString('utf8').split('\n')) text += `${line.split('\t').join('\t')}\n`
  return Buffer.from(text)
}

function scan(chunk: Buffer): number {
  let found = 0
  for (const line of chunk.toString('utf8').split('\n')) {
    for (const field of decodeRow(line)) if (field !== null && findLeak(field) !== null) found += 1
  }
  return found
}
