/** What is captured and loaded again is what stood in the table, in every series of Odoo. */
import { join } from 'node:path'
import type { Client } from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createConstraints, createTables } from '../../../src/queue-job/ddl.ts'
import { SERIES, schemaOf, tableNames } from '../../../src/queue-job/series.ts'
import type { Series } from '../../../src/queue-job/series.ts'
import { functionName } from '../../../src/queue-job/job.ts'
import { signatureOf } from '../../../src/queue-job/signature.ts'
import { captureSnapshot } from '../../../src/snapshot/capture/capture.ts'
import type { CaptureOptions } from '../../../src/snapshot/capture/capture.ts'
import { tablesOf } from '../../../src/snapshot/format.ts'
import { loadSnapshot } from '../../../src/snapshot/load.ts'
import { Masker, NO_POLICY, randomKey, readOrCreateKey } from '../../../src/snapshot/mask/masker.ts'
import { openSnapshot } from '../../../src/snapshot/open.ts'
import { readJobs } from '../../../src/snapshot/rows.ts'
import { smallSnapshots } from '../small-snapshot.ts'
import type { SnapshotCopies } from '../small-snapshot.ts'
import { openProduction } from './production.ts'
import type { Production } from './production.ts'

let production: Production
let snapshots: SnapshotCopies
let original: Client
beforeAll(async () => {
  snapshots = await smallSnapshots(3000)
  production = await openProduction()
  original = await production.database('original')
  await loadSnapshot(await openSnapshot(await snapshots.copy()), original)
})
afterAll(async () => {
  await production[Symbol.asyncDispose]()
  await snapshots[Symbol.asyncDispose]()
})

const LOCKED: readonly Series[] = ['16.0', '18.0', '19.0']

/** The generated queue of 16.0 as the tables of another series hold it, in a database of that name. */
async function queueOf(series: Series): Promise<Client> {
  const database = `odoo_${series.replace('.', '_')}`
  const client = await production.database(database)
  const lock = LOCKED.includes(series)
  const schema = schemaOf(series, { lock, extra: { queue_job: { db_txid: 'int8' } } })
  await client.query(createTables(schema))
  for (const table of tableNames(schema)) {
    if (table === 'queue_job_lock') continue
    const { rows } = await original.query<{ row: Record<string, unknown> }>(
      `select to_jsonb(t) as row from ${table} t order by id`,
    )
    const converted = rows.map(({ row }) => convert(row))
    await client.query(
      `insert into ${table} select * from jsonb_populate_recordset(null::${table}, $1::jsonb)`,
      [JSON.stringify(converted)],
    )
  }
  if (lock) {
    await client.query(
      `insert into queue_job_lock (id, queue_job_id) select id, id from queue_job where date_started is not null`,
    )
  }
  await client.query(createConstraints(schema))
  await client.query(`create type mood as enum ('fine')`)
  await client.query(
    `alter table queue_job add x_mood mood default 'fine', add "Odd" int, add x_at timestamptz default now()`,
  )
  await client.query('analyze')
  return client
}

/** 18.0 gets a jsonb string with the JSON text in it, as the addon writes it there; 13.0 keeps the ids alone. */
function convert(row: Record<string, unknown>): Record<string, unknown> {
  const { ids } = JSON.parse((row['records'] as string | undefined) ?? '{}') as { ids?: number[] }
  return { ...row, db_txid: '4611686018427387904', record_ids: JSON.stringify(ids ?? []) }
}

const options = (client: Client, name: string): CaptureOptions => ({
  client,
  directory: join(production.root, name),
  overwrite: true,
  source: 'postgresql',
  masker: null,
  limits: {},
  capturedAt: Date.parse('2026-11-17T10:00Z'),
})

describe.each(SERIES)('Odoo %s', (series) => {
  test('a table that is captured and loaded again is the same, row for row', async () => {
    const source = await queueOf(series)
    const { manifest, warnings } = await captureSnapshot({
      ...options(source, series),
      series,
    })
    expect(manifest.odoo_series).toBe(series)
    expect(manifest.tables.queue_job.extra).toEqual({
      db_txid: 'int8',
      x_mood: 'text',
      x_at: 'timestamptz',
    })
    expect(warnings.filter((line) => line.includes('lacks'))).toEqual([])
    expect(warnings).toContain('queue_job: left out, no name that Odoo makes: Odd')
    const snapshot = await openSnapshot(join(production.root, series))
    await source.query('create schema again; set search_path = again')
    await loadSnapshot(snapshot, source)
    await source.query('set search_path = public')
    for (const { name: table, columns } of tablesOf(manifest)) {
      // What was cast is compared as text.
      const list = columns.map((column) => `"${column}"::text`).join(', ')
      const { rows } = await source.query(
        `select count(*)::int as rows,
                (select count(*)::int from (select ${list} from public.${table} except all select ${list} from again.${table}) d) as lost,
                (select count(*)::int from (select ${list} from again.${table} except all select ${list} from public.${table}) d) as added
           from again.${table}`,
      )
      expect({ table, ...rows[0] }).toEqual({ table, rows: expect.any(Number), lost: 0, added: 0 })
      expect(rows[0].rows).toBeGreaterThan(0)
    }
    expect(Object.keys(manifest.tables)).toHaveLength(LOCKED.includes(series) ? 4 : 3)
  })
})

/**
 * Jobs by what operators group them by. Words of a message may have been replaced, always in the same way: signatures are
 * counted for each function and exception class, most frequent first.
 */
async function groups(directory: string): Promise<Record<string, unknown>> {
  const by = { state: new Map(), channel: new Map(), function: new Map(), signature: new Map() }
  const count = (counts: Map<string, number>, key: string) =>
    counts.set(key, (counts.get(key) ?? 0) + 1)
  for await (const job of readJobs(await openSnapshot(directory))) {
    count(by.state, job.state)
    count(by.channel, String(job.channel))
    count(by.function, functionName(job))
    if (job.state === 'done') continue
    count(by.signature, String(signatureOf({ ...job, jobFunction: functionName(job) })))
  }
  const signatures: Record<string, number[]> = {}
  for (const [signature, jobs] of by.signature as Map<string, number>) {
    const [jobFunction, className] = signature.split(' | ')
    ;(signatures[`${jobFunction} | ${className}`] ??= []).push(jobs)
  }
  for (const counts of Object.values(signatures)) counts.sort((left, right) => right - left)
  return { ...by, signature: signatures }
}

describe('with masking', () => {
  test.each(['16.0', '18.0'] as const)(
    'jobs of Odoo %s group as before by state, channel, function and signature, and none keeps its uuid',
    async (series) => {
      const source = await production.connect(
        `odoo_${series.replace('.', '_')}`,
        production.host.login.user,
        production.host.login.password!,
      )
      const masker = new Masker(randomKey(), NO_POLICY)
      const masked = options(source, `${series}-masked`)
      const { manifest } = await captureSnapshot({ ...masked, series, masker })
      expect(manifest.masking_policy).toEqual({
        relaxed: [],
        added: [],
        key_id: expect.stringMatching(/^[0-9a-f]{8}$/) as string,
      })
      const before = await groups(join(production.root, series))
      expect(Object.keys(before['signature'] as object).length).toBeGreaterThan(10)
      expect(await groups(masked.directory)).toEqual(before)
      const database = await production.database(`masked_${series}`)
      await loadSnapshot(await openSnapshot(masked.directory), database)
      const { rows } = await source.query<{ uuids: string[] }>(
        'select array_agg(uuid) as uuids from queue_job',
      )
      const kept = await database.query('select from queue_job where uuid = any($1::text[])', [
        rows[0]!.uuids,
      ])
      expect(kept.rowCount).toBe(0)
    },
  )

  test('the same key gives the same snapshot, another key another', async () => {
    const key = await readOrCreateKey(join(production.root, 'mask.key'))
    const hashes = []
    for (const each of [key, key, randomKey()]) {
      const source = await production.connect(
        'original',
        production.host.login.user,
        production.host.login.password!,
      )
      const masker = new Masker(each, NO_POLICY)
      const { manifest } = await captureSnapshot({ ...options(source, 'keyed'), masker })
      hashes.push(manifest.tables.queue_job.files[0]!.content_sha256)
    }
    expect(hashes[0]).toBe(hashes[1])
    expect(hashes[0]).not.toBe(hashes[2])
  })
})
