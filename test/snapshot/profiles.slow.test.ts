/** The companies that come as profiles: sound queues of several series, traffic that a host can carry, drills that end. */
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { HOUR } from '../../src/foundation/time.ts'
import { DEFAULT_HOST } from '../../src/queue-job/host.ts'
import { operationsOf } from '../../src/queue-job/operations.ts'
import type { Operations } from '../../src/queue-job/operations.ts'
import { meanDurationMs } from '../../src/queue-job/workload.ts'
import type { WorkloadFunction } from '../../src/queue-job/workload.ts'
import { parseOperations } from '../../src/scenario/operations-file.ts'
import type { Server } from '../../src/sandbox/sandbox.ts'
import { openServer } from '../../src/sandbox/server.ts'
import { generateSnapshot } from '../../src/snapshot/generate/generate.ts'
import { loadSnapshot } from '../../src/snapshot/load.ts'
import { openSnapshot } from '../../src/snapshot/open.ts'
import type { Snapshot } from '../../src/snapshot/open.ts'
import { readJobs } from '../../src/snapshot/rows.ts'
import { verifySnapshot } from '../../src/snapshot/verify.ts'
import { queueDrill } from '../commands/process.ts'
import { hourly, total } from './bundled.ts'

/** Each with a series beside 16.0 that it is also made for. */
const PROFILES = [
  ['retail', '18.0'],
  ['manufacturing', '13.0'],
  ['subscription', '19.0'],
  ['quiet', '12.0'],
] as const

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

const ROWS = 3000

async function generated(company: string, series = '16.0'): Promise<Snapshot> {
  const directory = join(root, `${company}-${series}`)
  await generateSnapshot({ company, series, rows: ROWS, directory })
  return openSnapshot(directory)
}

describe.each(PROFILES)('%s', (name, otherSeries) => {
  let snapshot: Snapshot
  let operations: Operations
  beforeAll(async () => {
    snapshot = await generated(name)
    const text = await readFile(snapshot.operationsPath, 'utf8')
    operations = parseOperations(text, snapshot.operationsPath)
  })

  test(`is sound, of 16.0 and of ${otherSeries}, and loads`, async () => {
    expect(await verifySnapshot(snapshot)).toMatchObject({ problems: [], rows: ROWS })
    const other = await generated(name, otherSeries)
    expect(await verifySnapshot(other)).toMatchObject({ problems: [], rows: ROWS })
    const done = new Error('the template is not needed')
    const template = server.template(async (client) => {
      await loadSnapshot(other, client)
      const { rows } = await client.query<{ jobs: number }>(
        'select count(*)::int as jobs from queue_job',
      )
      expect(rows).toEqual([{ jobs: ROWS }])
      throw done
    })
    await expect(template).rejects.toBe(done)
  })

  test('shows every state, many kinds of old failures and unlisted channels', async () => {
    const states = new Set<string>()
    const exceptions = new Set<string>()
    const channels = new Set<string>()
    for await (const { state, excName, channel } of readJobs(snapshot)) {
      states.add(state)
      if (excName !== null) exceptions.add(excName)
      channels.add(channel!)
    }
    expect([...states].sort()).toEqual([
      'cancelled',
      'done',
      'enqueued',
      'failed',
      'pending',
      'started',
      'wait_dependencies',
    ])
    expect(exceptions.size).toBeGreaterThanOrEqual(7)
    const known = new Set(snapshot.workload.functions.map(({ channel }) => channel))
    expect([...channels].filter((channel) => !known.has(channel))).toHaveLength(1)
  })

  test('a host of usual size carries its busiest hour', () => {
    const { functions } = snapshot.workload
    const slots = (fn: WorkloadFunction) => meanDurationMs(fn.durationMs) / HOUR
    expect(Math.max(...hourly(functions, slots)) / 8).toBeLessThan(0.35)
    const payment = functions.filter(({ channel }) => channel === 'root.payment')
    expect(Math.max(...hourly(payment, slots))).toBeLessThan(0.4)
    const cpu = (fn: WorkloadFunction) => slots(fn) * fn.cpuShare
    expect(Math.max(...hourly(functions, cpu))).toBeLessThan(DEFAULT_HOST.cpuCores / 2)
    const perDay = total(hourly(functions, () => 1)) / 7
    expect(perDay / snapshot.workload.jobsPerDay).toBeCloseTo(1, 3)
  })

  test('no call takes longer than its time-out, no job more CPU than the host allows', () => {
    const wrong = snapshot.workload.functions.filter(({ name: fn, durationMs, cpuShare }) => {
      const { integration } = operationsOf(operations, fn)
      const max = durationMs.at(-1)!
      const timeout = integration === null ? null : operations.integrations[integration]!.timeoutMs
      return (
        max * cpuShare > DEFAULT_HOST.limitTimeCpuMs || (timeout !== null && max > timeout * 0.9)
      )
    })
    expect(wrong).toEqual([])
  })

  test('a quiet day on which nobody acts passes', async () => {
    const ended = await queueDrill(
      ['run', 'quiet-day', '--snapshot', snapshot.directory, '--engine', 'noop'].concat([
        '--postgres',
        'embedded',
        '--duration',
        '20m',
        '--out',
        join(root, `drill-${name}`),
      ]),
      { cwd: root },
    )
    expect(ended).toMatchObject({ status: 0, stderr: '' })
  })
})

const rolesOf = async (name: string): Promise<Set<string | null>> => {
  const { workload, operationsPath } = await openSnapshot(join(root, `${name}-16.0`))
  const operations = parseOperations(await readFile(operationsPath, 'utf8'), operationsPath)
  return new Set(workload.functions.map((fn) => operationsOf(operations, fn.name).role))
}

test.each(['retail', 'manufacturing', 'subscription'])(
  '%s has the roles that the bundled scenarios speak of',
  async (name) => {
    const roles = await rolesOf(name)
    const wanted = ['webhook', 'payment', 'invoice', name === 'subscription' ? 'metering' : 'stock']
    expect(wanted.filter((role) => !roles.has(role))).toEqual([])
  },
)

test('quiet has no payments, no stock and no labels', async () => {
  const roles = await rolesOf('quiet')
  expect(['payment', 'stock', 'label'].filter((role) => roles.has(role))).toEqual([])
})

test('a month of subscriptions begins with a burst of invoices, a year of retail ends with one', async () => {
  const jobsOf = async (name: string, fn: (job: { at: Date; name: string }) => boolean) => {
    const snapshot = await openSnapshot(join(root, `${name}-16.0`))
    let count = 0
    for await (const { dateCreated, modelName, methodName, state } of readJobs(snapshot)) {
      if (state !== 'done' && state !== 'failed') continue
      if (fn({ at: new Date(dateCreated!), name: `${modelName}.${methodName}` })) count += 1
    }
    return count
  }
  const invoices = (first: number, last: number) =>
    jobsOf('subscription', ({ at, name }) => {
      const day = at.getUTCDate()
      return name === 'sale.subscription.create_invoice' && day >= first && day <= last
    })
  expect((await invoices(1, 3)) / 3).toBeGreaterThan((4 * (await invoices(4, 31))) / 28)
  const failedIn = (month: number) =>
    jobsOf('retail', ({ at }) => at.getUTCMonth() + 1 === month && at.getUTCFullYear() === 2025)
  expect(await failedIn(12)).toBeGreaterThan(await failedIn(9))
})

describe('more rows than a company creates until its clean-up', () => {
  test('make an older table of the same traffic', async () => {
    const make = async (rows: number) => {
      const directory = join(root, `older-${rows}`)
      await generateSnapshot({ company: 'quiet', rows, directory })
      const snapshot = await openSnapshot(directory)
      let oldest = Infinity
      for await (const { state, dateCreated, channel } of readJobs(snapshot)) {
        if (state === 'done' && channel === 'root.web') oldest = Math.min(oldest, dateCreated!)
      }
      return { snapshot, days: (snapshot.capturedAt - oldest) / (24 * HOUR) }
    }
    const [usual, older] = [await make(5000), await make(60_000)]
    expect(usual.days).toBeLessThan(60)
    expect(older.days).toBeGreaterThan(110)
    expect(older.snapshot.workload).toEqual(usual.snapshot.workload)
  })

  test('are refused when the company never created so many', async () => {
    const options = { company: 'quiet', rows: 5_000_000, directory: join(root, 'never') }
    await expect(generateSnapshot(options)).rejects.toThrow(
      /has created \d+ jobs in three years, at 500 a day: 5000000 rows need more jobs a day, \d+ or more/,
    )
  })
})
