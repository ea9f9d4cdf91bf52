/** A live drill from the first terminal to the report. */
import { existsSync, statSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { findPsql } from '../sandbox/psql.ts'
import type { Place } from './drill-process.ts'
import { ask, headerOf, journalOf, ofType, openLive, openLivePlace, shell } from './live-drill.ts'

const psql = findPsql()

let place: Place

beforeAll(async () => {
  place = await openLivePlace()
})
afterAll(() => place?.[Symbol.asyncDispose]())

const open = (args: readonly string[]) => openLive(place, args)
const journal = (...path: string[]) => journalOf(place, ...path)

describe.skipIf(psql === null)('people in a live drill', () => {
  it('work from their terminals on virtual time; what they wrote is judged like an engine', async () => {
    const { drill, envFile } = await open(['incident.yaml', '--speed', '60', '--out', 'people'])
    expect(statSync(envFile).mode & 0o777).toBe(0o600)
    expect(statSync(dirname(envFile)).mode & 0o777).toBe(0o700)
    const [, started] = /^(.*) UTC/.exec(await shell(envFile, `date '+%F %T UTC'`))!
    const slept = await shell(envFile, `date +%s; sleep 2m; date +%s`)
    const [before, after] = slept.split('\n').map(Number)
    expect(after! - before!).toBeGreaterThanOrEqual(120)
    const inSql = await shell(envFile, `psql -XAtc "select now()"`)
    expect(inSql.slice(0, 19) > started!).toBe(true)
    expect(inSql.slice(0, 10)).toBe(started!.slice(0, 10))
    // The address that scripts hand to psql has no password in it.
    expect(await shell(envFile, 'echo "$ODOO_DB_URI"')).toMatch(
      /^postgresql:\/\/\w+@127\.0\.0\.1:\d+\/\w+$/,
    )
    await shell(
      envFile,
      `psql -X "$ODOO_DB_URI" -c "update queue_job set priority = 20 where id = (select min(id) from queue_job where state = 'failed')"`,
    )
    await vi.waitFor(
      () =>
        ask(drill, 'status', /^incident {2}(?:open for |not opened$)/m).then(([found]) =>
          expect(found).toContain('open for'),
        ),
      20_000,
    )
    const [url, token] = (await shell(envFile, 'echo "$QUEUE_DRILL_URL $QUEUE_DRILL_TOKEN"')).split(
      ' ',
    )
    const doctor = await fetch(`${url}/v1/doctor`, {
      headers: { Authorization: `Bearer ${token}` },
    })
    expect(await doctor.json()).toMatchObject({ healthy: true })
    expect(drill.stdout).not.toContain(await shell(envFile, 'echo "$PGPASSWORD"'))
    // What steers production is kept from it, and the operations of the drill are there instead.
    await expect(shell(envFile, 'kubectl get pods')).rejects.toThrow('would act on the real thing')
    expect(await shell(envFile, 'odoocli doctor --env production')).toMatch(/healthy/i)
    await shell(
      envFile,
      `odoocli incident open --signal business-lag && odoocli incident close "it was nothing"`,
    )
    await ask(drill, 'status', /^incident {2}closed for /m)
    await ask(drill, 'hint', /^Look at the shop\.$/m)
    drill.type('end')
    const { status, stdout, stderr } = await drill.ended
    expect(stderr).toBe('')
    expect(existsSync(dirname(envFile))).toBe(false)

    const report = await place.report('people', 'incident')
    expect(status).toBe({ pass: 0, fail: 1, unsafe: 4, inconclusive: 5, error: 3 }[report.verdict])
    expect(report.drill.engine).toBe('people')
    expect(report.gates.map(({ held }) => held)).toEqual([true, true, true])
    expect(stdout).toContain(`incident  ${report.score}/100`)
    expect(stdout).toContain('repeat   queue-drill live incident.yaml --seed 1')
    const kinds = report.actions.map(({ kind }) => kind)
    expect(kinds).toEqual(expect.arrayContaining(['open', 'write', 'doctor', 'facilitator']))
    expect(await readFile(place.file('people', 'incident', 'notes.md'), 'utf8')).toContain(
      'hint: Look at the shop.',
    )
    const header = await headerOf(place, 'people', 'incident', 'journal.ndjson.gz')
    // What only a facilitator reads is in no digest.
    expect(header.scenario).not.toHaveProperty('hints')
    const events = await journal('people', 'incident', 'journal.ndjson.gz')
    expect(ofType(events, 'end')[0]!.reason).toBe('facilitator')
    // Minutes in which nobody did anything leave no check.
    expect(ofType(events, 'check').length).toBeLessThan(20)
    const scored = await place.run(['score', 'people/incident'])
    expect(scored.status).toBe(status)
    expect(await place.report('people', 'incident')).toEqual(report)
  })
})

it.each([
  [['--speed', '0'], '--speed must be a number from 0.1 to 3600'],
  [['--seed', '1,2'], '--seed: a live drill has one seed'],
  [['--speed', 'fast'], '--speed must be a number from 0.1 to 3600'],
])('live %j is refused before anything starts', async (flags, message) => {
  const drill = place.start(['live', 'quiet.yaml', ...flags])
  const { status, stderr, stdout } = await drill.ended
  expect({ status, stderr, stdout }).toEqual({
    status: 2,
    stderr: `queue-drill: ${message}\n`,
    stdout: '',
  })
})
