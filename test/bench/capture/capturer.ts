/** A process of its own that captures once: what it measures of itself is the capture's alone. */
import { performance } from 'node:perf_hooks'
import { fileURLToPath } from 'node:url'
import type { Client } from 'pg'
import { to as copyTo } from 'pg-copy-streams'
import { DrillError } from '../../../src/foundation/errors.ts'
import type { Address, Login } from '../../../src/sandbox/connect.ts'
import { connect } from '../../../src/sandbox/connect.ts'
import { captureSnapshot } from '../../../src/snapshot/capture/capture.ts'
import { Masker, NO_POLICY, randomKey } from '../../../src/snapshot/mask/masker.ts'

export const CAPTURE_WAYS = ['void', 'unmasked', 'masked'] as const
export type CaptureWay = (typeof CAPTURE_WAYS)[number]

/** Its only argument, as JSON. */
export interface CaptureTask {
  readonly address: Address
  readonly login: Login
  readonly way: CaptureWay
  readonly directory: string
}

/** Its only line on stdout, as JSON. */
export interface CaptureResult {
  readonly rows: number
  /** Of COPY text, as the server sends it. */
  readonly bytes: number
  readonly seconds: number
  /** From the first row on. */
  readonly rowsSeconds: number
  /** Processor time of the whole process in that time, of all its threads. */
  readonly rowsCpuSeconds: number
  /** In that time the main thread was busy, not waiting. */
  readonly rowsBusySeconds: number
  readonly peakRssMb: number
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const task = JSON.parse(process.argv[2]!) as CaptureTask
  const client = await connect(
    task.address,
    task.login,
    (detail) => new DrillError('harness', detail),
  )
  const measured = task.way === 'void' ? await intoTheVoid(client) : await captured(client, task)
  await client.end()
  console.log(JSON.stringify({ ...measured, peakRssMb: process.resourceUsage().maxRSS / 1024 }))
}

type Measured = Omit<CaptureResult, 'peakRssMb'>

async function intoTheVoid(client: Client): Promise<Measured> {
  const started = performance.now()
  const meter = startMeter()
  const stream = client.query(copyTo('copy (select * from queue_job order by id) to stdout'))
  let bytes = 0
  for await (const chunk of stream as AsyncIterable<Buffer>) bytes += chunk.length
  const seconds = (performance.now() - started) / 1000
  return { rows: stream.rowCount, bytes, seconds, rowsSeconds: seconds, ...meter() }
}

async function captured(client: Client, { way, directory }: CaptureTask): Promise<Measured> {
  const started = performance.now()
  let firstRow: number | null = null
  let meter = startMeter()
  let bytes = 0
  const { manifest } = await captureSnapshot({
    client,
    directory,
    overwrite: true,
    source: 'postgresql',
    masker: way === 'masked' ? new Masker(randomKey(), NO_POLICY) : null,
    limits: {},
    // The generated queue ends there; by the machine's clock it would be an old one.
    capturedAt: Date.parse('2026-11-17T10:00Z'),
    onProgress: (progress) => {
      if (firstRow === null) {
        firstRow = performance.now()
        meter = startMeter()
      }
      bytes = progress.bytes
    },
  })
  const spent = meter()
  const ended = performance.now()
  return {
    rows: manifest.tables.queue_job.rows,
    bytes,
    seconds: (ended - started) / 1000,
    rowsSeconds: (ended - (firstRow ?? started)) / 1000,
    ...spent,
  }
}

/** Returns what the process has done since then. */
function startMeter(): () => Pick<Measured, 'rowsCpuSeconds' | 'rowsBusySeconds'> {
  const cpu = process.cpuUsage()
  const loop = performance.eventLoopUtilization()
  return () => {
    const { user, system } = process.cpuUsage(cpu)
    const { active } = performance.eventLoopUtilization(loop)
    return { rowsCpuSeconds: (user + system) / 1e6, rowsBusySeconds: active / 1000 }
  }
}
