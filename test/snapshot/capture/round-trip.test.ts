/** What is captured and loaded again is what stood in the table, in every series of Odoo. */
import { join } from 'node:path'
import type { Client } from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createConstraints, createTables } from '../../../src/queue-job/ddl.ts'
import { SERIES, schemaOf, tableNames } from '../../../src/queue-job/series.ts'
import type { Series } from '../../../src/queue-job/series.ts'
import { captureSnapshot } from '../../../src/snapshot/capture/capture.ts'
import type { CaptureOptions } from '../../../src/snapshot/capture/capture.ts'
import { tablesOf } from '../../../src/snapshot/format.ts'
import { loadSnapshot } from '../../../src/snapshot/load.ts'
import { openSnapshot } from '../../../src/snapshot/open.ts'
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
