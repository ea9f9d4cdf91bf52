/** A generated snapshot of every series is what the addon of that series writes, verifies, and loads. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Client } from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { SERIES, schemaOf } from '../../src/queue-job/series.ts'
import type { Series } from '../../src/queue-job/series.ts'
import type { Server } from '../../src/sandbox/sandbox.ts'
import { openServer } from '../../src/sandbox/server.ts'
import { generateSnapshot } from '../../src/snapshot/generate/generate.ts'
import { loadSnapshot } from '../../src/snapshot/load.ts'
import { openSnapshot } from '../../src/snapshot/open.ts'
import type { Snapshot } from '../../src/snapshot/open.ts'
import { verifySnapshot } from '../../src/snapshot/verify.ts'

let root: string
let server: Server
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'queue-drill-test-'))
  server = await openServer('embedded')
})
afterAll(async () => {
  await server[Symbol.asyncDispose]()
  await rm(root, { recursive: true, force: true })
})

async function generated(series: Series, profile?: string): Promise<Snapshot> {
  const directory = join(root, `${series}-${profile ?? 'default'}`)
  await generateSnapshot({
    company: 'company-25k',
    directory,
    rows: 3000,
    series,
    overwrite: true,
    ...(profile === undefined ? {} : { profile }),
  })
  return openSnapshot(directory)
}

/** Loads it and runs `use` on the connection that loaded. */
async function loaded<T>(snapshot: Snapshot, use: (client: Client) => Promise<T>): Promise<T> {
  let found: { value: T } | null = null
  const done = new Error('the template is not needed')
  const template = server.template(async (client) => {
    await loadSnapshot(snapshot, client)
    found = { value: await use(client) }
    throw done
  })
  await template.catch((error: unknown) => {
    if (error !== done) throw error
  })
  return found!.value
}

const rowsOf = async <T extends object>(client: Client, sql: string): Promise<T[]> =>
  (await client.query<T>(sql)).rows

describe.each(SERIES)('Odoo %s', (series) => {
  let snapshot: Snapshot
  beforeAll(async () => {
    snapshot = await generated(series)
  })

  test('has the columns of the series, verifies and loads', async () => {
    const { tables, odoo_series } = snapshot.manifest
    expect(odoo_series).toBe(series)
    expect(tables.queue_job.columns).toEqual(Object.keys(schemaOf(series).tables.queue_job))
    expect(await verifySnapshot(snapshot)).toMatchObject({ problems: [], rows: 3000 })
    const [count] = await loaded(snapshot, (client) =>
      rowsOf<{ jobs: number }>(client, 'select count(*)::int as jobs from queue_job'),
    )
    expect(count).toEqual({ jobs: 3000 })
  })

  test('has the states of the series and no others', async () => {
    const states = await loaded(snapshot, (client) =>
      rowsOf<{ state: string }>(client, 'select distinct state from queue_job order by state'),
    )
    const expected = ['done', 'enqueued', 'failed', 'pending', 'started']
    const since14 = series === '13.0' ? [] : ['cancelled', 'wait_dependencies']
    expect(states.map(({ state }) => state)).toEqual([...expected, ...since14].sort())
  })

  test('its tracebacks name the paths of the series', async () => {
    const paths = await loaded(snapshot, (client) =>
      rowsOf<{ root: string }>(
        client,
        `select distinct substring(exc_info from '/opt/odoo/\\d+\\.0') as root
         from queue_job where exc_info is not null`,
      ),
    )
    expect(paths).toEqual([{ root: `/opt/odoo/${series}` }])
  })
})

test.each([
  ['12.0', ['_type', 'ids', 'model', 'uid']],
  ['14.0', ['_type', 'context', 'ids', 'model', 'su', 'uid']],
] as const)('a recordset of %s has the keys of its series', async (series, expected) => {
  const keys = await loaded(await generated(series), (client) =>
    rowsOf<{ key: string }>(
      client,
      `select key from (select distinct json_object_keys(records::json) as key from queue_job) keys
       order by key collate "C"`,
    ),
  )
  expect(keys.map(({ key }) => key)).toEqual(expected)
})

test('13.0 keeps a list of ids instead of a recordset', async () => {
  const lists = await loaded(await generated('13.0'), (client) =>
    rowsOf<{ type: string; length: number }>(
      client,
      `select distinct json_typeof(record_ids::json) as type, json_array_length(record_ids::json) as length
       from queue_job`,
    ),
  )
  expect(lists).toEqual([{ type: 'array', length: 1 }])
})

test.each(['18.0', '19.0'] as const)(
  '%s encodes its JSON twice, but for what came from an older series',
  async (series) => {
    const types = await loaded(await generated(series), (client) =>
      rowsOf<{ type: string; inside: string; rows: number; oldest: boolean }>(
        client,
        `select jsonb_typeof(args) as type, jsonb_typeof((args #>> '{}')::jsonb) as inside, count(*)::int as rows,
           max(date_created) < '2025-12-01' as oldest
         from queue_job group by 1, 2 order by 1`,
      ),
    )
    expect(types).toMatchObject([
      { type: 'array', inside: 'array', oldest: true },
      { type: 'string', inside: 'array', oldest: false },
    ])
    expect(types[0]!.rows).toBeGreaterThan(20)
    expect(types[1]!.rows).toBeGreaterThan(2500)
  },
)

test.each([
  ['16.0', '2025'],
  ['18.0', '2026'],
] as const)(
  '%s with the addon of %s has one lock row for each job that was ever started',
  async (series, profile) => {
    const snapshot = await generated(series, profile)
    expect(snapshot.manifest).toMatchObject({ odoo_series: series, addon_profile: profile })
    const wrong = await loaded(snapshot, (client) =>
      rowsOf<{ state: string; locked: boolean }>(
        client,
        `select state, count(lock.id)::int as locks, count(*)::int as jobs
         from queue_job job left join queue_job_lock lock
           on lock.queue_job_id = job.id and lock.id = job.id and lock.create_uid is null
         where (lock.id is not null) <> (date_started is not null or retry > 0) group by state`,
      ),
    )
    expect(wrong).toEqual([])
    expect(snapshot.manifest.tables.queue_job_lock!.rows).toBeGreaterThan(2500)
  },
)

test.each([
  [{ series: '11.0' }, /no Odoo series "11\.0".*known are 12\.0/],
  [{ series: '13.0', profile: '2026' }, /Odoo 13\.0 never had the addon line "2026"; give 12\.0/],
])('%j is refused', async (wrong, expected) => {
  const directory = join(root, 'refused')
  await expect(generateSnapshot({ company: 'company-25k', directory, ...wrong })).rejects.toThrow(
    expected,
  )
})
