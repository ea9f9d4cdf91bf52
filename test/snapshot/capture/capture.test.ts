/** Captures from a real server: what is read, what is learned from it, and that nothing there is changed. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Client } from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { captureSnapshot } from '../../../src/snapshot/capture/capture.ts'
import type { CaptureOptions } from '../../../src/snapshot/capture/capture.ts'
import { connectSource } from '../../../src/snapshot/capture/connect.ts'
import { openSnapshot } from '../../../src/snapshot/open.ts'
import { readJobs } from '../../../src/snapshot/rows.ts'
import { verifySnapshot } from '../../../src/snapshot/verify.ts'
import { addOdoo, fillBusyQueue, NOW, PUSH, SYNC } from './busy-queue.ts'
import { openProduction } from './production.ts'
import type { Production } from './production.ts'

let production: Production
let owner: Client
beforeAll(async () => {
  production = await openProduction()
  owner = await production.database('odoo')
  await fillBusyQueue(owner, { lock: true })
  await addOdoo(owner, '16.0.2.12.0')
})
afterAll(() => production[Symbol.asyncDispose]())

let captures = 0
type Changes = Partial<CaptureOptions>

/** Captures on a connection of its own. */
async function capture(changes: Changes = {}, url = production.url('odoo')) {
  captures += 1
  const client = await connectSource(url)
  const directory = join(production.root, `capture-${captures}`)
  try {
    const { manifest, warnings } = await captureSnapshot({
      client,
      directory,
      overwrite: false,
      source: 'postgresql',
      masker: null,
      limits: {},
      capturedAt: NOW,
      ...changes,
    })
    return { manifest, warnings, directory, snapshot: await openSnapshot(directory) }
  } finally {
    await client.end()
  }
}

/** Everything that a capture could have changed: rows with their versions, catalogues, rights. */
async function picture(): Promise<unknown> {
  const { rows } = await owner.query(
    `select (select md5(string_agg(j.xmin::text || j.ctid::text || j::text, '' order by id)) from queue_job j) as jobs,
            (select md5(string_agg(l.xmin::text || l::text, '' order by id)) from queue_job_lock l) as locks,
            (select md5(string_agg(c.oid || c.relname || coalesce(c.relacl::text, '') || c.relfilenode, '' order by c.oid)) from pg_class c) as classes,
            (select md5(string_agg(r::text, '' order by oid)) from pg_roles r) as roles,
            (select max(pg_current_xact_id_if_assigned()::text) from pg_database) as transaction`,
  )
  return rows[0]
}

describe('a role that may only read, with the rights that the documentation names', () => {
  const reader = () => production.url('odoo', 'queue_drill_capture', 'reads')
  beforeAll(async () => {
    const guide = await readFile(new URL('../../../docs/snapshots.md', import.meta.url), 'utf8')
    const blocks = [...guide.matchAll(/```sql\n([^]*?)```/g)].map(([, block]) => block!)
    if (blocks.length !== 2) throw new Error('the guide shows other statements')
    for (const block of blocks) await owner.query(block)
    await owner.query(`alter role queue_drill_capture password 'reads'`)
  })

  test('captures all of it and leaves everything as it was', async () => {
    const before = await picture()
    const { manifest, warnings, snapshot } = await capture({}, reader())
    expect(await picture()).toEqual(before)
    expect(manifest).toMatchObject({
      captured_at: '2026-11-17T10:00:00.000Z',
      odoo_series: '16.0',
      addon_profile: '2025',
      addon_version: '16.0.2.12.0',
      server_version: production.host.version,
      detected:
        'Odoo 16.0: module queue_job is installed as 16.0.2.12.0; addon 2025: queue_job_lock, but no ' +
        'queue_job_function.allow_commit, the cron "Jobs Garbage Collector" is active',
      masking: 'none',
      capture: { source: 'postgresql', rows: 18_648, limits: [] },
    })
    expect(manifest.tables.queue_job_lock!.rows).toBe(18_648)
    expect(warnings).toEqual(['nothing is masked: the snapshot holds what the database holds'])
    let last = 0
    for await (const { id } of readJobs(snapshot)) {
      expect(id).toBeGreaterThan(last)
      last = id
    }
  })

  test('takes no lock but access share, on one session that says who it is', async () => {
    let look: Promise<{ rows: unknown[] }> | null = null
    await capture(
      {
        // Rows are being written: the transaction is open.
        onProgress: () => {
          look ??= owner.query(
            `select array_agg(distinct l.mode) as modes, min(a.application_name) as name, count(distinct a.pid)::int as sessions
               from pg_stat_activity a join pg_locks l using (pid)
              where a.usename = 'queue_drill_capture' and l.locktype = 'relation'`,
          )
        },
      },
      reader(),
    )
    expect((await look!).rows).toEqual([
      { modes: ['AccessShareLock'], name: 'queue-drill capture', sessions: 1 },
    ])
  })

  test.each([
    ['transaction_isolation', 'repeatable read', {}],
    ['transaction_read_only', 'on', {}],
    ['statement_timeout', '15min', {}],
    ['lock_timeout', '5s', {}],
    ['idle_in_transaction_session_timeout', '1min', {}],
    ['statement_timeout', '7s', { timeouts: { statementMs: 7000 } }],
  ])('sets %s to %s', async (name, value, changes) => {
    const where = `current_setting('${name}') = '${value}'`
    const { manifest } = await capture({ ...changes, limits: { where } }, reader())
    expect(manifest.tables.queue_job.rows).toBe(18_648)
  })

  test('a condition that tries to write is refused by the server', async () => {
    await owner.query(
      `create function spoil() returns bool language sql as $$ update queue_job set state = 'done' where id = 1; select true $$`,
    )
    await owner.query('grant update on queue_job to queue_drill_capture')
    try {
      const error = await capture({ limits: { where: 'spoil()' } }, reader()).catch(String)
      expect(error).toContain('cannot execute UPDATE in a read-only transaction')
    } finally {
      await owner.query('revoke update on queue_job from queue_drill_capture')
      await owner.query('drop function spoil')
    }
  })

  test('a condition with a second command is refused before anything is read', async () => {
    const where = 'true) to stdout; commit; delete from queue_job; --'
    await expect(capture({ limits: { where } })).rejects.toThrow(
      /--where is no condition on queue_job: syntax error/,
    )
  })

  test('a column that it may not read is left out, with a warning', async () => {
    const names = `select string_agg(attname, ', ') as list from pg_attribute
                    where attrelid = 'queue_job'::regclass and attnum > 0 and attname <> 'exc_info'`
    const { rows } = await owner.query<{ list: string }>(names)
    await owner.query(`revoke select on queue_job from queue_drill_capture`)
    await owner.query(`grant select (${rows[0]!.list}) on queue_job to queue_drill_capture`)
    const { manifest, warnings } = await capture({}, reader())
    expect(manifest.tables.queue_job.columns).not.toContain('exc_info')
    expect(warnings).toContain('queue_job: the role may not read, so it loads as NULL: exc_info')
  })

  test('without a table it says what to grant', async () => {
    await owner.query(`revoke select on queue_job_function from queue_drill_capture`)
    await expect(capture({}, reader())).rejects.toMatchObject({
      code: 'input',
      message: expect.stringMatching(
        /^the role "queue_drill_capture" may not read queue_job_function: grant select on queue_job, /,
      ) as string,
    })
  })
})

describe('the traffic', () => {
  test('is what the table was made with', async () => {
    const { snapshot } = await capture()
    const { functions, jobsPerDay } = snapshot.workload
    const [push, sync] = functions
    expect(functions.map(({ name }) => name)).toEqual([PUSH, SYNC])
    // 600 a day in the hours of work, 288 around the clock.
    expect(jobsPerDay).toBeCloseTo(888, 0)
    const day = [...Array(24).keys()].map((hour) => (hour >= 8 && hour < 18 ? 60 : 0))
    expect(push!.ratePerHour).toEqual(Array.from({ length: 7 }, () => day).flat())
    expect(new Set(sync!.ratePerHour)).toEqual(new Set([12]))
    expect(push).toMatchObject({
      channel: 'root.parcel',
      priority: 5,
      maxRetries: 3,
      retryPattern: { 1: 10, 5: [20, 30] },
      argument: 'none',
      identityKey: false,
      recordPool: null,
      companyIds: [1, 2],
      failures: [
        {
          excName: 'requests.exceptions.ReadTimeout',
          excMessage: expect.stringContaining('Read timed out for jane.doe') as string,
          share: 0.05,
        },
      ],
    })
    expect(sync).toMatchObject({ argument: 'value', identityKey: true, retryPattern: null })
    // Thirty jobs come singly, thirty in ten bursts of three.
    expect(push!.burstMean).toBeCloseTo(60 / 40, 1)
    expect(sync!.burstMean).toBe(1)
    expect(sync!.recordPool).toBe(12)
    expect(push!.durationMs[0]).toBe(500)
    expect(push!.durationMs.at(-1)).toBe(9500)
    expect(Math.abs(push!.durationMs[3]! / 4500 - 1)).toBeLessThan(0.15)
    expect(sync!.durationMs).toEqual(Array(9).fill(2000))
  })

  test('is whole whatever rows are taken', async () => {
    const whole = await capture()
    const { directory, manifest } = await capture({ limits: { doneDays: 1, donePercent: 50 } })
    expect(manifest.tables.queue_job.rows).toBeLessThan(3000)
    expect(await readFile(join(directory, 'workload.json'), 'utf8')).toBe(
      await readFile(join(whole.directory, 'workload.json'), 'utf8'),
    )
  })

  test('does not take years of failed jobs for traffic, nor done jobs that are half cleaned up', async () => {
    await owner.query('begin')
    await owner.query(
      `delete from queue_job where state = 'done' and date_done < timestamp '2026-11-03 09:00' and channel = 'root.parcel'`,
    )
    await owner.query('commit')
    const { snapshot } = await capture()
    const push = snapshot.workload.functions.find(({ name }) => name === PUSH)!
    expect(push.ratePerHour.slice(8, 18)).toEqual(Array(10).fill(60))
    expect(push.failures[0]!.share).toBeCloseTo(0.05, 3)
  })

  test('an empty queue has nothing to teach', async () => {
    const empty = await production.database('empty')
    await fillBusyQueue(empty)
    await empty.query('delete from queue_job')
    await expect(capture({}, production.url('empty'))).rejects.toMatchObject({
      code: 'input',
      message: expect.stringContaining(
        'none of its 0 rows was created in the last 13 weeks',
      ) as string,
    })
  })
})

describe('limits', () => {
  const states = async (changes: Changes) => {
    const { snapshot } = await capture(changes)
    const count: Record<string, number> = {}
    for await (const { state } of readJobs(snapshot)) count[state] = (count[state] ?? 0) + 1
    return count
  }

  test('concern the history: what is under way is always taken', async () => {
    await owner.query(
      `update queue_job set state = 'pending' where id in (select id from queue_job order by id limit 5)`,
    )
    const failed = (await states({}))['failed']
    expect(await states({ limits: { where: 'false' } })).toEqual({ pending: 5 })
    expect(await states({ limits: { donePercent: 0 } })).toEqual({ pending: 5, failed })
    expect(await states({ limits: { since: NOW } })).toEqual({ pending: 5 })
    expect(
      await states({
        limits: { where: `channel = 'root.levels' -- no more`, since: NOW - 86_400_000 },
      }),
    ).toEqual({
      pending: 5,
      done: 288,
    })
  })

  test('lock rows go with their jobs', async () => {
    const { manifest } = await capture({ limits: { donePercent: 10 } })
    expect(manifest.tables.queue_job_lock!.rows).toBe(manifest.tables.queue_job.rows)
    expect(manifest.capture!.limits).toEqual(['--thin 10'])
  })
})

describe('an incident at the moment of the capture', () => {
  test('is told, sentence by sentence', async () => {
    const incident = await production.database('incident')
    await fillBusyQueue(incident)
    await incident.query(
      `insert into queue_job (id, uuid, model_name, method_name, state, channel, date_created, date_enqueued, date_started, exc_name, exc_message)
       select 900000 + n, 'u' || n, 'parcel.tracking', 'push',
              case when n < 150 then 'pending' when n < 250 then 'failed' when n < 252 then 'started' else 'enqueued' end, 'root.parcel',
              timestamp '2026-11-17 09:10', timestamp '2026-11-17 09:10',
              case when n between 150 and 249 then timestamp '2026-11-17 09:30' when n < 252 then timestamp '2026-11-17 08:30' end,
              case when n between 150 and 249 then 'odoo.exceptions.UserError' end, 'no'
         from generate_series(0, 252) n`,
    )
    const { warnings, manifest } = await capture({}, production.url('incident'))
    const told = warnings.filter((line) =>
      line.startsWith('the capture may lie inside an incident: '),
    )
    expect(told.map((line) => line.slice(line.indexOf(': ') + 2))).toEqual([
      '150 pending jobs have been due for more than 30m',
      expect.stringMatching(/^the queue grows: 325 jobs came in the last hour, \d+ ended$/),
      expect.stringMatching(
        /^103 jobs failed in the last hour, 1\.[23] are usual; most of them: parcel\.tracking\.push \(103\)$/,
      ),
      '2 jobs are started more than 1h ago and not ended',
      '1 job is enqueued more than 10m ago and not started',
    ])
    expect(manifest.capture!.warnings).toEqual(warnings)
  })
})

test('rows that are no jobs are left out with their lock rows, told, and the rest verifies', async () => {
  const client = await production.database('foreign')
  await fillBusyQueue(client, { lock: true, days: 2 })
  const { rows: jobs } = await client.query<{ id: number }>(
    'select id from queue_job order by id limit 3',
  )
  const [nameless, methodless, odd] = jobs.map(({ id }) => id)
  await client.query('update queue_job set model_name = null where id = $1', [nameless])
  await client.query('update queue_job set method_name = null where id = $1', [methodless])
  await client.query(`update queue_job set state = 'paused' where id = $1`, [odd])
  const { manifest, warnings, snapshot } = await capture({}, production.url('foreign'))
  expect(warnings).toContain(
    '3 rows without model or method, or with a state that no addon knows: left out',
  )
  const { queue_job: taken, queue_job_lock: locks } = manifest.tables
  expect(manifest.capture!.rows).toBe(taken.rows + 3)
  expect(locks!.rows).toBe(taken.rows)
  expect(await verifySnapshot(snapshot)).toMatchObject({ problems: [], oddities: [] })
})
