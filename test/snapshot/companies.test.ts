/** The rows of the bundled companies: a queue as one meets it in life. */
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { HOUR, hourOfWeek, MINUTE } from '../../src/foundation/time.ts'
import type { JobRow } from '../../src/queue-job/job.ts'
import { verifySnapshot } from '../../src/snapshot/verify.ts'
import { COMPANIES, hourly, readCompany, total } from './bundled.ts'
import type { Company } from './bundled.ts'

const companies: Record<string, Company> = {}
beforeAll(async () => {
  for (const name of COMPANIES) companies[name] = await readCompany(name)
})

describe.each(COMPANIES)('%s', (name) => {
  test('is sound', async () => {
    expect(await verifySnapshot(companies[name]!.snapshot)).toMatchObject({ problems: [] })
  })

  test('its rows follow the rhythm of the traffic', () => {
    const { jobs, snapshot } = companies[name]!
    const done = jobs.filter(({ state }) => state === 'done')
    const byHour = Array.from({ length: 168 }, () => 0)
    for (const job of done) byHour[hourOfWeek(job.dateCreated!)]! += 1
    const expected = hourly(snapshot.workload.functions, () => 1)
    expect(correlation(byHour, expected)).toBeGreaterThan(0.9)
    const days = new Set(done.map((job) => Math.floor(job.dateCreated! / (24 * HOUR))))
    expect(days.size).toBeGreaterThan(60)
  })

  test('it looks like a live queue at the moment of its capture', () => {
    const { jobs, snapshot } = companies[name]!
    const now = snapshot.capturedAt
    const started = jobs.filter(({ state }) => state === 'started')
    expect(started.length).toBeGreaterThanOrEqual(2)
    expect(started.length).toBeLessThan(8)
    for (const job of started) {
      expect(job.dateStarted).toBeLessThan(now)
      expect(job.dateStarted).toBeGreaterThan(now - 15 * MINUTE)
      expect(job.workerPid).toBeGreaterThan(0)
    }
    const pending = jobs.filter(({ state }) => state === 'pending')
    const due = pending.filter(({ eta }) => (eta ?? now) <= now)
    expect(due.length).toBeGreaterThanOrEqual(3)
    expect(due.every(({ dateCreated }) => dateCreated! > now - MINUTE)).toBe(true)
    const postponed = pending.filter(({ result }) => result !== null)
    expect(postponed.length).toBeGreaterThanOrEqual(3)
    for (const job of postponed) {
      expect(job).toMatchObject({
        excInfo: null,
        dateStarted: null,
        dateEnqueued: null,
        workerPid: 0,
      })
      expect(job.retry).toBeGreaterThan(0)
    }
    expect(jobs.every(({ dateCreated }) => dateCreated! < now)).toBe(true)
    expect(jobs.every(({ dateDone }) => (dateDone ?? 0) < now)).toBe(true)
  })

  test('done jobs are consistent, old failures are many and wide, some channels are unlisted', () => {
    const { jobs } = companies[name]!
    const wrong = jobs.filter(
      ({ state, retry, dateCreated, dateEnqueued, dateStarted, dateDone }) =>
        state === 'done' &&
        !(
          dateStarted! >= dateCreated! &&
          dateDone! >= dateStarted! &&
          // The runner cuts its time to seconds.
          dateEnqueued! % 1000 === 0 &&
          dateEnqueued! <= dateStarted! &&
          retry > 0
        ),
    )
    expect(wrong).toEqual([])
    const failed = jobs.filter(({ state }) => state === 'failed')
    expect(failed.length).toBeGreaterThan(200)
    expect(failed.length).toBeLessThan(900)
    for (const job of failed) {
      expect(job.excInfo).toMatch(/^Traceback \(most recent call last\):\n/)
      const lastLine = `${job.excName!.replace('builtins.', '')}: ${job.excMessage}`
      expect(job.excInfo!.slice(-lastLine.length)).toBe(lastLine)
    }
    expect(new Set(failed.map(({ excName }) => excName)).size).toBeGreaterThanOrEqual(8)
    const channels = new Set(jobs.map(({ channel }) => channel))
    expect(channels).toContain('root.pos_legacy')
    expect(channels).toContain('root.crm_import')
  })

  test('every encoding of the addon occurs, ids and uuids only once, live identity keys too', () => {
    const { jobs } = companies[name]!
    const payload = jobs.map(({ args, kwargs }) => `${args} ${kwargs}`).join('\n')
    const types = [...payload.matchAll(/\{"_type": "(\w+)", /g)].map(([, type]) => type!)
    expect([...new Set(types)].sort()).toEqual([
      'date_isoformat',
      'datetime_isoformat',
      'etree_element',
      'odoo_recordset',
    ])
    expect(jobs.some(({ name: title }) => /[à-ü]/.test(title!))).toBe(true)
    expect(payload).toMatch(/\\u00e[0-9a-f]/)
    const keys = jobs
      .filter(({ state }) => ['pending', 'enqueued', 'wait_dependencies'].includes(state))
      .flatMap(({ identityKey }) => identityKey ?? [])
    expect(new Set(keys).size).toBe(keys.length)
    expect(new Set(jobs.map(({ uuid }) => uuid)).size).toBe(jobs.length)
  })

  test('its graphs name each other, and some wait for a failed parent', () => {
    const { jobs } = companies[name]!
    const byUuid = new Map(jobs.map((job) => [job.uuid, job]))
    const waiting = jobs.filter(({ state }) => state === 'wait_dependencies')
    expect(waiting).toHaveLength(4)
    let stuck = 0
    for (const child of waiting) {
      const parents = parentsOf(child).map((uuid) => byUuid.get(uuid)!)
      expect(parents).toHaveLength(3)
      expect(parents.every(({ graphUuid }) => graphUuid === child.graphUuid)).toBe(true)
      if (parents.some(({ state }) => state === 'failed')) stuck += 1
    }
    expect(stuck).toBe(2)
  })
})

test('both directories together stay below 6 MB', async () => {
  let bytes = 0
  for (const { snapshot } of Object.values(companies)) {
    for (const name of await readdir(snapshot.directory)) {
      bytes += (await stat(join(snapshot.directory, name))).size
    }
  }
  expect(bytes).toBeLessThan(6_000_000)
})

function correlation(left: readonly number[], right: readonly number[]): number {
  const mean = (list: readonly number[]) => total(list) / list.length
  const centred = (list: readonly number[]) => list.map((value) => value - mean(list))
  const [x, y] = [centred(left), centred(right)]
  const dot = (a: readonly number[], b: readonly number[]) =>
    total(a.map((value, i) => value * b[i]!))
  return dot(x, y) / Math.sqrt(dot(x, x) * dot(y, y))
}

function parentsOf(job: JobRow): string[] {
  return (JSON.parse(job.dependencies!) as { depends_on: string[] }).depends_on
}
