/**
 * Capturing a queue, masked and as it stands, beside what the server alone can give: `copy to stdout` of the same
 * columns read by `pg-copy-streams` and thrown away. All on one server, one after the other, ROUNDS times; the median counts.
 * Each runs in a process of its own. `… rows` is without the scan of the history, which the workload takes; `cpu` is the
 * processor time of the process for them, with its threads that pack, `main thread` the time that its main thread was busy:
 * what one core could do if it never waited.
 */
import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { Backend } from '../../src/sandbox/backend.ts'
import { connect } from '../../src/sandbox/connect.ts'
import { startEmbedded } from '../../src/sandbox/embedded/embedded-server.ts'
import { generateSnapshot } from '../../src/snapshot/generate/generate.ts'
import { loadSnapshot } from '../../src/snapshot/load.ts'
import { openSnapshot } from '../../src/snapshot/open.ts'
import type { BenchOptions } from './bench.ts'
import { CAPTURE_WAYS } from './capture/capturer.ts'
import type { CaptureResult, CaptureTask, CaptureWay } from './capture/capturer.ts'
import { ratioOf, timed } from './result.ts'
import type { BenchResult } from './result.ts'

const ROUNDS = 3
const CAPTURER = fileURLToPath(new URL('capture/capturer.ts', import.meta.url))

export async function run({ rows }: BenchOptions): Promise<BenchResult> {
  const root = await mkdtemp(join(tmpdir(), 'queue-drill-bench-'))
  try {
    const directory = join(root, 'generated')
    await generateSnapshot({ company: 'company-60k', rows, directory })
    await using backend = await startEmbedded()
    await fill(backend, directory)
    return await measure(backend, root)
  } finally {
    await rm(root, { recursive: true, force: true })
  }
}

async function fill(backend: Backend, directory: string): Promise<void> {
  const client = await connect(backend.address, backend.login, (detail) => backend.lost(detail))
  await loadSnapshot(await openSnapshot(directory), client)
  await client.query('vacuum (analyze)')
  await client.end()
}

async function measure(backend: Backend, root: string): Promise<BenchResult> {
  const runs = new Map<CaptureWay, CaptureResult[]>(CAPTURE_WAYS.map((way) => [way, []]))
  for (let round = 0; round < ROUNDS; round++) {
    for (const way of CAPTURE_WAYS) runs.get(way)!.push(await capture(backend, way, root))
  }
  const [{ rows, bytes }] = runs.get('void') as [CaptureResult]
  const done = { rows, bytes }
  const results = [...runs].flatMap(([way, each]) => {
    const peak = Math.max(...each.map(({ peakRssMb }) => peakRssMb))
    const line = (name: string, seconds: (result: CaptureResult) => number) =>
      timed(name, done, median(each.map(seconds)), peak)
    return [
      line(way, ({ seconds }) => seconds),
      ...(way === 'void' ? [] : [line(`${way} rows`, ({ rowsSeconds }) => rowsSeconds)]),
      line(`${way} rows, cpu`, ({ rowsCpuSeconds }) => rowsCpuSeconds),
      line(`${way} rows, main thread`, ({ rowsBusySeconds }) => rowsBusySeconds),
    ]
  })
  const ratios = {
    maskedVsVoid: ratioOf(results, 'masked', 'void')!,
    unmaskedVsVoid: ratioOf(results, 'unmasked', 'void')!,
    maskedVsUnmasked: ratioOf(results, 'masked', 'unmasked')!,
    maskedRowsVsVoid: ratioOf(results, 'masked rows', 'void')!,
    unmaskedRowsVsVoid: ratioOf(results, 'unmasked rows', 'void')!,
  }
  return { bench: 'capture', rows, bytes, results, ratios }
}

async function capture(backend: Backend, way: CaptureWay, root: string): Promise<CaptureResult> {
  const { address, login } = backend
  const task: CaptureTask = { address, login, way, directory: join(root, 'captured') }
  const { stdout } = await promisify(execFile)(process.execPath, [
    '--import',
    'tsx',
    CAPTURER,
    JSON.stringify(task),
  ])
  return JSON.parse(stdout) as CaptureResult
}

function median(values: readonly number[]): number {
  return values.toSorted((left, right) => left - right)[Math.floor(values.length / 2)]!
}
