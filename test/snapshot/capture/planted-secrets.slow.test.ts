/**
 * Secrets in every column of every table and in every place of nested JSON: none survives a masked capture, in any of its
 * files; a capture that is not masked holds each, and the scan finds it there.
 */
import { readFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import type { Client } from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createTables } from '../../../src/queue-job/ddl.ts'
import { functionName } from '../../../src/queue-job/job.ts'
import { schemaOf } from '../../../src/queue-job/series.ts'
import type { QueueSchema } from '../../../src/queue-job/series.ts'
import { captureSnapshot } from '../../../src/snapshot/capture/capture.ts'
import type { CaptureOptions } from '../../../src/snapshot/capture/capture.ts'
import { scanSnapshot } from '../../../src/snapshot/leaks/scan-snapshot.ts'
import { Masker, NO_POLICY, randomKey } from '../../../src/snapshot/mask/masker.ts'
import { openSnapshot } from '../../../src/snapshot/open.ts'
import { readJobs } from '../../../src/snapshot/rows.ts'
import { verifySnapshot } from '../../../src/snapshot/verify.ts'
import { piecesOf, PRIVATE_KEY, SECRETS } from '../mask/secrets.ts'
import { openProduction } from './production.ts'
import type { Production } from './production.ts'

const SECRET_TEXTS = [...SECRETS, PRIVATE_KEY].map(({ text }) => text)
const NOW = Date.parse('2026-11-24T10:00Z')
const TEXT_TYPES = ['varchar', 'text', 'jsonb']
/** Columns with a meaning of their own, which a row must have. */
const WITHOUT_TEXT = ['uuid', 'graph_uuid', 'state']

const EXTRA = { queue_job: { x_note: 'text', x_data: 'jsonb' } } as const

/** Well-formed as the addon writes it, so that nothing but the secret is wrong. */
const SHAPES: Readonly<Record<string, (secret: string) => unknown[]>> = {
  records: (secret) => [
    { _type: 'odoo_recordset', model: secret, ids: [1] },
    { _type: 'odoo_recordset', model: 'a.b', ids: [secret], context: { lang: { of: [secret] } } },
  ],
  record_ids: (secret) => [[secret]],
  args: (secret) => [[secret], [{ a: { b: [{ c: secret }] } }], [JSON.stringify({ in: [secret] })]],
  kwargs: (secret) => [{ note: secret }, { [secret]: 1 }],
  dependencies: (secret) => [{ depends_on: [secret], reverse_depends_on: [] }],
  x_data: (secret) => [secret, { deep: [{ er: secret }] }],
  retry_pattern: (secret) => [{ 1: secret }],
  related_action: (secret) => [{ kwargs: { url: secret } }],
}

const FREE = (secret: string) => [
  secret,
  `sent to ${secret}, no answer`,
  `Traceback (most recent call last):\n  File "/opt/odoo/addons/sale/models/x.py", line 3, in f\n    raise X("${secret}")\nodoo.exceptions.UserError: ${secret}`,
]

interface Planted {
  readonly id: number
  readonly column: string
}

async function insert(client: Client, table: string, row: Readonly<Record<string, unknown>>) {
  const columns = Object.keys(row)
  const values = columns.map((_, index) => `$${index + 1}`)
  await client.query(
    `insert into ${table} (${columns.join(', ')}) values (${values.join(', ')})`,
    Object.values(row),
  )
}

/** The values that carry a secret in a column; 18.0 encodes JSON twice. */
function values(column: string, type: string, secret: string): string[] {
  const shaped = SHAPES[column]?.(secret).map((value) => JSON.stringify(value))
  if (shaped === undefined) return FREE(secret)
  return type === 'jsonb' ? [...shaped, ...shaped.map((text) => JSON.stringify(text))] : shaped
}

function textColumns(columns: Readonly<Record<string, string>>): [string, string][] {
  return Object.entries(columns)
    .map(([name, type]): [string, string] => [name, type.split(' ')[0]!])
    .filter(([name, type]) => TEXT_TYPES.includes(type) && !WITHOUT_TEXT.includes(name))
}

async function plant(client: Client, { tables }: QueueSchema): Promise<Planted[]> {
  const planted: Planted[] = []
  const known = tables.queue_job
  let id = 0
  for (const [column, type] of textColumns(known)) {
    for (const secret of SECRET_TEXTS) {
      for (const value of values(column, type, secret)) {
        id += 1
        planted.push({ id, column })
        const usual = {
          id,
          uuid: `7d3f5c2e-0000-4000-8000-${String(id).padStart(12, '0')}`,
          state: 'failed',
          model_name: 'a',
          method_name: 'b',
          channel: 'root',
          priority: 10,
          date_created: '2026-11-20 10:00:00',
          date_started: '2026-11-20 10:00:01',
          exc_name: 'odoo.exceptions.UserError',
          [column]: value,
        }
        await insert(
          client,
          'queue_job',
          Object.fromEntries(Object.entries(usual).filter(([name]) => Object.hasOwn(known, name))),
        )
      }
    }
  }
  await insert(client, 'queue_job_channel', { id: 1, name: 'root', removal_interval: 30 })
  for (const table of ['queue_job_channel', 'queue_job_function'] as const) {
    for (const [column, type] of textColumns(tables[table])) {
      for (const secret of SECRET_TEXTS) {
        for (const value of values(column, type, secret)) {
          id += 1
          const needed =
            table === 'queue_job_channel' ? { removal_interval: 30 } : { channel_id: 1 }
          await insert(client, table, { id, ...needed, [column]: value })
        }
      }
    }
  }
  return planted
}

let production: Production
beforeAll(async () => {
  production = await openProduction()
})
afterAll(() => production[Symbol.asyncDispose]())

describe.each(['13.0', '16.0', '18.0'] as const)('Odoo %s', (series) => {
  let client: Client
  let planted: Planted[]
  const options = (name: string): CaptureOptions => ({
    client,
    directory: join(production.root, `${series}-${name}`),
    overwrite: false,
    source: 'postgresql',
    capturedAt: NOW,
    masker: null,
    limits: {},
    series,
    host: { channels: `root:4,${SECRETS[0]!.text.replace(/:.*/, '')}:1` },
  })
  beforeAll(async () => {
    client = await production.database(`odoo_${series.replace('.', '_')}`)
    const schema = schemaOf(series, { lock: true, extra: EXTRA })
    await client.query(createTables(schema))
    planted = await plant(client, schema)
    await client.query('analyze')
  })

  test('none is in any file of a masked capture, and verify says so', async () => {
    const policy = { ...NO_POLICY, mask: ['exc_name'] }
    const { directory } = options('masked')
    await captureSnapshot({ ...options('masked'), masker: new Masker(randomKey(), policy) })
    const found: string[] = []
    for (const name of await readdir(directory)) {
      const bytes = await readFile(join(directory, name))
      const text = (name.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString()
      for (const secret of SECRET_TEXTS) {
        for (const piece of [secret, ...piecesOf(secret)]) {
          if (text.includes(piece)) found.push(`${name}: ${piece}`)
        }
      }
    }
    expect(found).toEqual([])
    const snapshot = await openSnapshot(directory)
    expect(await verifySnapshot(snapshot)).toMatchObject({ scanned: true, problems: [] })
    // The workload speaks of functions, channels and exceptions as the rows do, also where a policy adds to the masks.
    const rows = {
      functions: new Set<string>(),
      channels: new Set<string | null>(),
      classes: new Set<string | null>(),
    }
    for await (const job of readJobs(snapshot)) {
      rows.functions.add(functionName(job))
      rows.channels.add(job.channel)
      rows.classes.add(job.excName)
    }
    const { functions } = snapshot.workload
    expect(functions.length).toBeGreaterThan(10)
    expect(functions.filter(({ name }) => !rows.functions.has(name))).toEqual([])
    expect(functions.filter(({ channel }) => !rows.channels.has(channel))).toEqual([])
    const classes = functions.flatMap(({ failures }) => failures.map(({ excName }) => excName))
    const hasClasses = series !== '13.0'
    expect(classes.filter((name) => hasClasses && !rows.classes.has(name))).toEqual([])
  })

  test('each is found where nothing is masked', async () => {
    await captureSnapshot(options('bare'))
    const places = new Set<string>()
    for await (const { place } of scanSnapshot(await openSnapshot(options('bare').directory))) {
      places.add(place)
    }
    const missed = planted.filter(
      ({ id, column }) => !places.has(`queue_job.0001.copy.gz, row ${id}, column ${column}`),
    )
    expect(missed).toEqual([])
  })
})
