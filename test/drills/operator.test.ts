/**
 * An operator at work in mid-drill: clients through the gateway see virtual time whatever they set, and the runbook's
 * statements run as they are written, by `pg` and by `psql`.
 */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { Client } from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { drillInputs, loadInputs } from '../../src/drill/inputs.ts'
import { runDrill } from '../../src/drill/run-drill.ts'
import { MINUTE } from '../../src/foundation/time.ts'
import { inProcess } from '../../src/recovery/engines.ts'
import type { Journal, WriteEvent } from '../../src/journal/events.ts'
import type { Incident } from '../../src/recovery/contract.ts'
import type { DrillDatabase, Server } from '../../src/sandbox/sandbox.ts'
import { openServer } from '../../src/sandbox/server.ts'
import { parseScenario } from '../../src/scenario/scenario-file.ts'
import { loadSnapshot } from '../../src/snapshot/load.ts'
import { findPsql } from '../sandbox/psql.ts'

/** The operator's sessions live west of Greenwich unless the gateway sees to it that they do not. */
const SCENARIO = `title: The shop hangs
summary: For the whole drill.
snapshot: company-25k
duration: 20m
faults:
  - { kind: target-down, roles: [webhook], from: 1m, answer: hang }
`

const BY_STATE = `select state, count(*) from queue_job group by state order by count(*) desc`
const PENDING_BY_CHANNEL = `select channel, count(*) from queue_job where state = 'pending'
  group by channel order by count(*) desc limit 10`
const OLDEST = `select id, channel, state, eta, date_created, left(exc_info, 140) as error
  from queue_job where state in ('pending', 'failed') order by date_created limit 30`
const POSTPONE = `update queue_job set eta = now() + interval '30 minutes'
  where state='pending' and channel='root.webhook_sync'`

const BY_PG = 'works by the runbook'
const BY_PSQL = 'works by the runbook with psql'

const psql = findPsql()

let server: Server
let database: DrillDatabase
let journal: Journal
/** What happened at each check, by name. */
const seen = new Map<string, { readonly now: Date; readonly value: unknown }>()
/** What went wrong in the operator's hands; an engine that throws is only out, which is not what is wanted here. */
const failures: unknown[] = []

/** At these checks, one after the other. */
const WORK: Readonly<Record<string, (incident: Incident) => Promise<unknown>>> = {
  'changes its role': async ({ database: client }) => {
    await client.query(`alter role current_user set timezone to 'America/New_York'`)
    await client.query(`alter role current_user set search_path to public, pg_catalog`)
    const { rows } = await client.query<{ name: string }>('select current_database() as name')
    await client.query(
      `alter role current_user in database ${rows[0]!.name} set timezone to 'Asia/Tokyo'`,
    )
  },
  'looks at the clock': ({ database: client }) => clocks(client as Client),
  'looks again in a new session': () => withClient({}, clocks),
  'looks again in a session of its own settings': () =>
    withClient({ options: '-c timezone=Pacific/Chatham -c search_path=pg_catalog' }, clocks),
  [BY_PG]: () => withClient({}, work),
  ...(psql === null ? {} : { [BY_PSQL]: workWithPsql }),
}

async function clocks(client: Client): Promise<unknown> {
  const { rows } = await client.query<Record<string, unknown>>(
    `select now() as now, clock_timestamp() as clock, statement_timestamp() as statement,
            current_setting('timezone') as zone, now()::timestamp::text as local`,
  )
  return rows[0]
}

interface Worked {
  readonly states: readonly { readonly state: string; readonly count: string }[]
  readonly channels: readonly { readonly channel: string; readonly count: string }[]
  readonly oldest: readonly { readonly state: string; readonly error: string | null }[]
  readonly postponed: number | null
  readonly etas: readonly { readonly eta: string }[]
}

async function work(client: Client): Promise<Worked> {
  const { rows: states } = await client.query<Worked['states'][number]>(BY_STATE)
  const { rows: channels } = await client.query<Worked['channels'][number]>(PENDING_BY_CHANNEL)
  const { rows: oldest } = await client.query<Worked['oldest'][number]>(OLDEST)
  const { rowCount } = await client.query(POSTPONE)
  const { rows: etas } = await client.query<Worked['etas'][number]>(
    `select distinct eta::text as eta from queue_job where state='pending' and channel='root.webhook_sync'`,
  )
  return { states, channels, oldest, postponed: rowCount, etas }
}

/** The lines that psql printed, statement by statement. */
type PsqlOutput = Readonly<
  Record<'now' | 'states' | 'channels' | 'oldest' | 'postponed', readonly string[]>
>

async function workWithPsql(): Promise<PsqlOutput> {
  const run = async (text: string) => {
    // As it stands in the runbook, in a shell.
    const { stdout, stderr } = await promisify(execFile)(
      'sh',
      ['-c', `psql -X -A -t "$ODOO_DB_URI" -c "${text}"`],
      // The operator's own machine is in Tokyo.
      { env: { PATH: process.env['PATH'], ODOO_DB_URI: database.engineUri, PGTZ: 'Asia/Tokyo' } },
    )
    expect(stderr).toBe('')
    return stdout.trimEnd().split('\n')
  }
  return {
    now: await run('select extract(epoch from now())'),
    states: await run(BY_STATE),
    channels: await run(PENDING_BY_CHANNEL),
    oldest: await run(OLDEST),
    postponed: await run(POSTPONE),
  }
}

async function withClient<T>(
  config: { options?: string },
  use: (client: Client) => Promise<T>,
): Promise<T> {
  const client = new Client({ connectionString: database.engineUri, ...config })
  await client.connect()
  try {
    return await use(client)
  } finally {
    await client.end()
  }
}

beforeAll(async () => {
  const loaded = await loadInputs('company-25k')
  const scenario = parseScenario(SCENARIO, 'operator.yaml')
  server = await openServer('embedded')
  const template = await server.template((client) => loadSnapshot(loaded.snapshot, client))
  database = await template.clone({ timeZone: scenario.timeZone })
  const checks = Object.entries(WORK)
  journal = await runDrill({
    inputs: drillInputs(loaded, { ...scenario, checkEveryMs: 2 * MINUTE }, 1, 'busiest'),
    run: 'drill',
    engine: inProcess({
      name: 'operator',
      check: async (incident) => {
        const [name, act] = checks.shift() ?? []
        if (name === undefined || act === undefined) return
        try {
          seen.set(name, { now: incident.now, value: await act(incident) })
        } catch (error) {
          failures.push(error)
        }
      },
    }),
    database,
    until: null,
    signal: new AbortController().signal,
    onTraffic: () => undefined,
    onProgress: () => undefined,
  })
})
afterAll(() => server?.[Symbol.asyncDispose]())

const worked = () => seen.get(BY_PG)!.value as Worked

const sum = (rows: readonly { readonly count: string }[]) =>
  rows.reduce((total, { count }) => total + Number(count), 0)

/** As PostgreSQL writes a timestamp: no trailing zeros. */
const textOf = (time: number) =>
  new Date(time)
    .toISOString()
    .replace('T', ' ')
    .replace(/\.?0*Z$/, '')

const writesAt = (time: number) =>
  journal.events.filter((event): event is WriteEvent => event.type === 'write' && event.at === time)

/** Jobs by state as the journal tells, just before the engine of that moment. */
function statesAt(time: number): Record<string, number> {
  const states = new Map<number, string>()
  const counts: Record<string, number> = {}
  const count = (state: string, by: number) => (counts[state] = (counts[state] ?? 0) + by)
  const move = (id: number, to: string) => {
    count(states.get(id)!, -1)
    count(to, 1)
    states.set(id, to)
  }
  for (const event of journal.events) {
    if (event.at > time || (event.type === 'write' && event.at === time)) break
    if (event.type === 'census') Object.assign(counts, event.byState)
    if (event.type === 'loaded') states.set(event.id, event.state)
    if (event.type === 'arrived') {
      states.set(event.id, event.state)
      count(event.state, 1)
    }
    if (event.type === 'moved') move(event.id, event.to)
  }
  return Object.fromEntries(Object.entries(counts).filter(([, jobs]) => jobs > 0))
}

it('everything that the operator did worked, and only the change of role is a finding', () => {
  expect(failures).toEqual([])
  expect([...seen.keys()]).toEqual(Object.keys(WORK))
  const findings = journal.events.filter((event) => event.type === 'finding')
  expect(findings.map(({ at }) => at)).toEqual(findings.map(() => journal.header.startedAt))
  expect(findings.map(({ code, detail }) => `${code}: ${detail}`)).toEqual([
    'tampered: the setting search_path of the engine was added, and was taken away again',
    'tampered: the setting timezone of the engine was added, and was taken away again',
    'tampered: the setting timezone of the engine was added, and was taken away again',
    'search-path-left: search_path = public, pg_catalog',
  ])
})

describe('now() is the virtual time', () => {
  it.each([
    ['looks at the clock', 'UTC'],
    ['looks again in a new session', 'UTC'],
    ['looks again in a session of its own settings', 'UTC'],
  ])('when the operator %s', (name, zone) => {
    const { now, value } = seen.get(name)!
    expect(value).toEqual({ now, clock: now, statement: now, zone, local: textOf(now.getTime()) })
  })

  it('which goes on between two checks, and not with the wall', () => {
    const times = [...seen.values()].map(({ now }) => now.getTime())
    const start = journal.header.startedAt
    expect(times).toEqual(times.map((_, index) => start + index * 2 * MINUTE))
  })
})

describe('the runbook, by pg', () => {
  it('counts what the world holds', () => {
    const { states, channels } = worked()
    const counted = Object.fromEntries(states.map(({ state, count }) => [state, Number(count)]))
    // The database may change between two checks only by what the journal tells.
    expect(counted).toEqual(statesAt(seen.get(BY_PG)!.now.getTime()))
    expect(channels.length).toBeLessThanOrEqual(10)
    expect(sum(channels)).toBe(counted['pending'])
  })

  it('lists the thirty oldest with the beginning of their exceptions', () => {
    const { oldest } = worked()
    expect(oldest).toHaveLength(30)
    for (const { state, error } of oldest) {
      expect(state).toMatch(/^(pending|failed)$/)
      expect((error ?? '').length).toBeLessThanOrEqual(140)
    }
    expect(oldest.some(({ error }) => (error ?? '').startsWith('Traceback'))).toBe(true)
  })

  it('postpones all pending jobs of a channel by thirty virtual minutes, in UTC', () => {
    const { postponed, etas } = worked()
    const now = seen.get(BY_PG)!.now.getTime()
    expect(postponed).toBeGreaterThan(0)
    expect(etas).toEqual([{ eta: textOf(now + 30 * MINUTE) }])
    const [write] = writesAt(now)
    expect(write!.rows).toHaveLength(postponed!)
    expect(write!.rows.map(({ changed }) => changed['eta']![1])).toEqual(
      write!.rows.map(() => textOf(now + 30 * MINUTE)),
    )
  })
})

describe(`the runbook, by psql${psql === null ? ' (skipped: no psql on this machine)' : ''}`, () => {
  it.skipIf(psql === null)('sees the same and does the same', () => {
    const { now } = seen.get(BY_PSQL)!
    const value = seen.get(BY_PSQL)!.value as PsqlOutput
    expect(Number(value.now[0])).toBe(now.getTime() / 1000)
    const counted = value.states.map((line) => line.split('|'))
    expect(Object.fromEntries(counted.map(([state, count]) => [state, Number(count)]))).toEqual(
      statesAt(now.getTime()),
    )
    expect(value.channels[0]).toMatch(/^root[.\w]*\|\d+$/)
    expect(value.oldest.length).toBeGreaterThanOrEqual(30)
    const postponed = Number(/^UPDATE (\d+)$/.exec(value.postponed[0]!)![1])
    const [write] = writesAt(now.getTime())
    expect(write!.rows).toHaveLength(postponed)
  })
})
