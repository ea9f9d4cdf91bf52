/**
 * Loading a compressed snapshot with our loader, in two streams and in one, beside what PostgreSQL does with the same
 * rows as plain text: `psql \copy`, and `copy from` of a file on the server (the limit). All four make the same tables
 * (unlogged) on one server, fill them, and build the same keys and indexes; those with one connection do all of it in one
 * transaction and freeze the rows. Seconds are of the whole; `… rows` until the last row was in, without keys and indexes.
 * Each way runs ROUNDS times, all in turn, and its best run counts: whatever else the machine does only slows one down. Our
 * loader runs in processes of its own.
 */
import { execFile } from 'node:child_process'
import { createWriteStream } from 'node:fs'
import { chmod, mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { pipeline } from 'node:stream/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { escapeIdentifier, escapeLiteral } from 'pg'
import type { Client } from 'pg'
import { createConstraints, createTables } from '../../src/queue-job/ddl.ts'
import type { Backend } from '../../src/sandbox/backend.ts'
import { connect } from '../../src/sandbox/connect.ts'
import { startEmbedded } from '../../src/sandbox/embedded/embedded-server.ts'
import { readDataFile } from '../../src/snapshot/data-file.ts'
import { schemaOfManifest, tablesOf } from '../../src/snapshot/format.ts'
import type { Manifest } from '../../src/snapshot/format.ts'
import { generateSnapshot } from '../../src/snapshot/generate/generate.ts'
import type { BenchOptions } from './bench.ts'
import type { LoaderResult, LoaderTask } from './load/loader.ts'
import { type BenchResult, ratioOf, timed } from './result.ts'

const execute = promisify(execFile)
const ROUNDS = 3
const LOADER = fileURLToPath(new URL('load/loader.ts', import.meta.url))

interface Bench {
  readonly root: string
  readonly snapshot: string
  readonly manifest: Manifest
  readonly backend: Backend
  readonly maintenance: Client
}

/** One way to load, into a database that is empty. */
type Way = (bench: Bench, database: string) => Promise<LoaderResult>

export async function run({ rows }: BenchOptions): Promise<BenchResult> {
  const root = await mkdtemp(join(tmpdir(), 'queue-drill-bench-'))
  try {
    // The server runs as a user of its own and reads the plain text.
    await chmod(root, 0o755)
    const snapshot = join(root, 'snapshot')
    const manifest = await generateSnapshot({ company: 'company-60k', rows, directory: snapshot })
    await unpack(root, snapshot, manifest)
    await using backend = await startEmbedded()
    const maintenance = await open(backend, 'postgres')
    try {
      return await measure({ root, snapshot, manifest, backend, maintenance })
    } finally {
      await maintenance.end()
    }
  } finally {
    await rm(root, { recursive: true, force: true })
  }
}

async function measure(bench: Bench): Promise<BenchResult> {
  const { rows, files } = bench.manifest.tables.queue_job
  const bytes = files.reduce((sum, file) => sum + file.content_bytes, 0)
  const ways: Record<string, Way> = {
    parallel: (each, database) => ourLoad(each, database, 2),
    single: (each, database) => ourLoad(each, database, 1),
    ...((await hasPsql()) && { 'psql-copy': psqlCopy }),
    'server-copy': serverCopy,
  }
  const runs: Record<string, LoaderResult[]> = {}
  for (let round = 0; round < ROUNDS; round++) {
    for (const [name, way] of Object.entries(ways)) {
      const database = `bench_${name.replace('-', '_')}_${round}`
      await bench.maintenance.query(`create database ${database} template template0`)
      const result = await way(bench, database)
      await assertLoaded(bench, database)
      await bench.maintenance.query(`drop database ${database}`)
      ;(runs[name] ??= []).push(result)
    }
  }
  const results = Object.entries(runs).flatMap(([name, each]) => {
    const peak = Math.max(...each.map(({ peakRssMb }) => peakRssMb))
    const [whole, rowsOnly] = [
      Math.min(...each.map(({ seconds }) => seconds)),
      Math.min(...each.map(({ rowsSeconds }) => rowsSeconds)),
    ]
    return [
      timed(name, { rows, bytes }, whole, peak),
      timed(`${name} rows`, { rows, bytes }, rowsOnly, peak),
    ]
  })
  return { bench: 'load', rows, bytes, results, ratios: ratiosOf(results) }
}

function ratiosOf(results: BenchResult['results']): Record<string, number> {
  const wanted: [string, string, string][] = [
    ['parallelVsServerCopy', 'parallel', 'server-copy'],
    ['singleVsServerCopy', 'single', 'server-copy'],
    ['singleVsPsqlCopy', 'single', 'psql-copy'],
    ['parallelVsServerCopyRows', 'parallel rows', 'server-copy rows'],
    ['singleVsServerCopyRows', 'single rows', 'server-copy rows'],
    ['singleVsPsqlCopyRows', 'single rows', 'psql-copy rows'],
  ]
  return Object.fromEntries(
    wanted.flatMap(([name, way, yardstick]) => {
      const ratio = ratioOf(results, way, yardstick)
      return ratio === null ? [] : [[name, ratio]]
    }),
  )
}

async function ourLoad(bench: Bench, database: string, streams: number): Promise<LoaderResult> {
  const { address, login } = bench.backend
  const task: LoaderTask = {
    directory: bench.snapshot,
    address,
    login: { ...login, database },
    streams,
  }
  const { stdout } = await execute(process.execPath, [
    '--import',
    'tsx',
    LOADER,
    JSON.stringify(task),
  ])
  return JSON.parse(stdout) as LoaderResult
}

async function serverCopy(bench: Bench, database: string): Promise<LoaderResult> {
  const client = await open(bench.backend, database)
  const started = performance.now()
  const seconds = () => (performance.now() - started) / 1000
  const schema = schemaOfManifest(bench.manifest)
  await client.query(`begin; ${createTables(schema, { unlogged: true })}`)
  for (const statement of copies(bench, 'copy')) await client.query(statement)
  const rowsSeconds = seconds()
  await client.query(`${createConstraints(schema)}; commit`)
  const result = { seconds: seconds(), rowsSeconds, peakRssMb: 0 }
  await client.end()
  return result
}

/** The moments are told by the server, between the steps of the script. */
async function psqlCopy(bench: Bench, database: string): Promise<LoaderResult> {
  const { address, login } = bench.backend
  const schema = schemaOfManifest(bench.manifest)
  const moment = 'select extract(epoch from clock_timestamp());'
  const script = [
    moment,
    `begin; ${createTables(schema, { unlogged: true })}`,
    ...copies(bench, '\\copy'),
    moment,
    `${createConstraints(schema)}; commit;`,
    moment,
  ].join('\n')
  const child = execute('psql', ['-X', '-q', '-A', '-t', '-v', 'ON_ERROR_STOP=1', '-f', '-'], {
    env: {
      ...process.env,
      PGHOST: address.host,
      PGPORT: String(address.port),
      PGUSER: login.user,
      PGPASSWORD: login.password,
      PGDATABASE: database,
    },
  })
  child.child.stdin!.end(script)
  // `setval` prints its numbers in between.
  const moments = (await child).stdout
    .split('\n')
    .filter((line) => /^\d{9,}\.\d+$/.test(line))
    .map(Number)
  const [started, rowsIn, ended] = moments as [number, number, number]
  return { seconds: ended - started, rowsSeconds: rowsIn - started, peakRssMb: 0 }
}

/** One statement a table; what follows `from` is the same for the server and for psql. */
function copies({ root, manifest }: Bench, command: 'copy' | '\\copy'): string[] {
  return tablesOf(manifest).map(
    ({ name, columns }) =>
      `${command} ${name} (${columns.map(escapeIdentifier).join(', ')}) from ` +
      `${escapeLiteral(join(root, `${name}.copy`))} with (format text, freeze, encoding 'utf8')`,
  )
}

async function unpack(root: string, snapshot: string, manifest: Manifest): Promise<void> {
  for (const { name, files } of tablesOf(manifest)) {
    const path = join(root, `${name}.copy`)
    const content = async function* (): AsyncGenerator<Buffer> {
      for (const file of files) yield* readDataFile(snapshot, file)
    }
    await pipeline(content(), createWriteStream(path, { mode: 0o644 }))
    const size = files.reduce((sum, file) => sum + file.content_bytes, 0)
    if ((await stat(path)).size !== size) throw new Error(`${path} is not whole`)
  }
}

/** A way that lost rows or indexes is no measurement. */
async function assertLoaded({ backend, manifest }: Bench, database: string): Promise<void> {
  const client = await open(backend, database)
  const { rows } = await client.query<{ jobs: number; indexes: number }>(
    `select (select count(*)::int4 from queue_job) as jobs,
            (select count(*)::int4 from pg_indexes where tablename = 'queue_job') as indexes`,
  )
  await client.end()
  const { jobs, indexes } = rows[0]!
  if (jobs !== manifest.tables.queue_job.rows || indexes !== 7) {
    throw new Error(`${database} holds ${jobs} jobs with ${indexes} indexes`)
  }
}

function open(backend: Backend, database: string): Promise<Client> {
  return connect(backend.address, { ...backend.login, database }, (detail) => backend.lost(detail))
}

async function hasPsql(): Promise<boolean> {
  return execute('psql', ['--version']).then(
    () => true,
    () => false,
  )
}
