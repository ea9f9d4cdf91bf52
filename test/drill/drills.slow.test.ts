/** Drills as a test suite plays them, on one embedded PostgreSQL: engine objects, files, ends. */
import { existsSync } from 'node:fs'
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { defaults } from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { drill, type Drills, openDrills } from '../../src/drill/drills.ts'
import type { DrillRequest } from '../../src/drill/request.ts'
import { scoreDirectory } from '../../src/drill/score-directory.ts'
import type { Incident, RecoveryEngine } from '../../src/recovery/contract.ts'
import type { Report } from '../../src/report/report-json.ts'
import { queueDrill } from '../commands/process.ts'
import { directoriesOf, markOf } from '../sandbox/marks.ts'

const SHORT = { scenario: 'quiet-day', seed: 1, duration: '10m' } as const

let directory: string
let drills: Drills
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'queue-drill-test-'))
  drills = await openDrills({ postgres: 'embedded' })
})
afterAll(async () => {
  await drills.close()
  await rm(directory, { recursive: true })
})

/** An engine whose every check does this. */
const doing = (check: (incident: Incident) => unknown): RecoveryEngine => ({
  name: 'doing',
  check: async (incident) => void (await check(incident)),
})
const play = (engine: DrillRequest['engine'], more: Partial<DrillRequest> = {}) =>
  drills.drill({ ...SHORT, engine, ...more })
const findings = ({ findings }: Report): string[] => [
  ...new Set(findings.map(({ code, detail }) => `${code}: ${detail}`)),
]

describe('an engine object', () => {
  test('is drilled as a module of the same code is, byte for byte', async () => {
    const text = `{
      name: 'busy',
      async check({ database, notes, operations, open, now }) {
        const { rows } = await database.query("select count(*)::int as jobs from queue_job where state = 'pending'")
        await open(['business-lag'])
        await notes.baseline({ byState: { pending: rows[0].jobs }, pendingByChannel: {} })
        await operations.doctor()
        await database.query("update queue_job set eta = $1::timestamp where state = 'pending'", [now])
      },
    }`
    const module = join(directory, 'busy.mjs')
    await writeFile(module, `export default ${text}`)
    // oxlint-disable-next-line no-eval
    const object = (0, eval)(`(${text})`) as RecoveryEngine
    const [first, second] = [await play(module), await play(object)]
    expect(second.report.digest).toBe(first.report.digest)
    // An object prints where its process does.
    const { wall, output } = second.report
    expect(second.report).toEqual({ ...first.report, wall, output })
    expect(second.report.actions.length).toBeGreaterThan(4)
  })

  test('that throws is a finding and fails, whatever it throws', async () => {
    const { report } = await play(
      doing(() => {
        throw Object.assign(new Error('no idea'), { code: 'harness' })
      }),
    )
    expect(report.verdict).toBe('fail')
    expect(findings(report)).toEqual(['engine-threw: no idea'])
  })

  test('that never comes back is a finding when its time is up', async () => {
    const { report } = await play(
      doing(() => new Promise(() => undefined)),
      { checkTimeout: '1s' },
    )
    expect(findings(report)).toEqual(['engine-timed-out: it took longer than 1 s for one check'])
  })

  test('can do nothing once its check is over', async () => {
    let kept: Incident | null = null
    const refusals: unknown[] = []
    const { report } = await play(
      doing(async (incident) => {
        if (kept !== null) refusals.push(await kept.open(['business-lag']).catch(String))
        kept = incident
      }),
    )
    expect(refusals[0]).toBe('Error: open: the check it belongs to is over')
    expect(report).toMatchObject({ verdict: 'pass', end: 'not opened' })
  })

  test('is told what is wrong with a call, and changes nothing by what it keeps', async () => {
    const refusals: unknown[] = []
    const jobs = [1]
    const { journals } = await play(
      doing(async (incident) => {
        const { notes, operations } = incident
        refusals.push(await incident.open('business-lag' as never).catch(String))
        refusals.push(await operations.queue.retry({ channel: 'root' } as never).catch(String))
        await notes.trackedFix({ subject: { jobs }, owner: 'me', reason: 'r', isolatedBy: 'i' })
        jobs.push(jobs.length + 1)
        const { pids } = await operations.workers.show()
        ;(pids as number[]).length = 0
      }),
    )
    expect(refusals.slice(0, 2)).toEqual([
      expect.stringMatching(/^WrongRequest: open: signals: /),
      expect.stringMatching(
        /^WrongRequest: operations\.queue\.retry: olderThanMs: .*expected number/,
      ),
    ])
    const fixes = journals.drill.events.filter(
      (event) => event.type === 'act' && event.act === 'tracked-fix',
    )
    expect(fixes.slice(0, 2)).toMatchObject([
      { subject: { jobs: [1] } },
      { subject: { jobs: [1, 2] } },
    ])
  })
})

test('a program is drilled by its path, and what it printed is in the report', async () => {
  const script = join(directory, 'runbook.sh')
  await writeFile(script, '#!/bin/sh\nodoocli workers show >/dev/null && echo looked\n', {
    mode: 0o755,
  })
  const { report, repeat } = await play(script)
  expect(report.output?.lines.map(({ text }) => text)).toEqual(['looked'])
  expect(report).toMatchObject({ verdict: 'pass', drill: { engine: 'runbook.sh' } })
  expect(repeat).toBe(`queue-drill run quiet-day --engine ${script} --duration 10m --seed 1`)
})

describe('a drill', () => {
  test('is the same as that of the command, alone or beside others', async () => {
    const stored = join(directory, 'stored')
    const args = ['run', 'quiet-day', '--engine', 'noop', '--duration', '10m', '--seed', '1']
    await queueDrill([...args, '--postgres', 'embedded', '--out', stored])
    const [played] = await scoreDirectory(stored)
    const { report } = played!
    const together = await Promise.all([play('noop'), play('noop'), play('noop', { seed: 2 })])
    const digests = together.map((outcome) => outcome.report.digest)
    expect(digests.slice(0, 2)).toEqual([report.digest, report.digest])
    expect(digests[2]).not.toBe(report.digest)
  })

  test('leaves files where it was told to, whole, and nowhere else', async () => {
    const out = join(directory, 'out')
    const outcome = await play('noop', { out })
    expect(outcome.directory).toBe(out)
    expect((await readdir(out)).sort((left, right) => (left < right ? -1 : 1))).toEqual([
      'junit.xml',
      'quiet-day',
      'summary.json',
    ])
    expect(await scoreDirectory(out)).toMatchObject([{ report: { digest: outcome.report.digest } }])
    await expect(play('noop', { out })).rejects.toThrow(/exists already: name a new directory/)
    expect(existsSync('.queue-drill')).toBe(false)
  })

  test('tells how far it is, phase by phase', async () => {
    const phases: string[] = []
    await play('noop', { onProgress: ({ phase }) => phases.push(phase) })
    expect([...new Set(phases)]).toEqual(['postgres', 'load', 'simulate', 'twins', 'score'])
  })

  test('that is interrupted while its engine waits ends at once, and leaves no files', async () => {
    const stop = new AbortController()
    const waiting = doing(() => {
      stop.abort()
      return new Promise(() => undefined)
    })
    const out = join(directory, 'interrupted')
    await expect(play(waiting, { signal: stop.signal, out })).rejects.toMatchObject({
      name: 'DrillError',
      code: 'interrupted',
    })
    expect((await readdir(directory)).filter((name) => name.startsWith('interrupted'))).toEqual([])
  })

  test('that nobody wants any more is not begun', async () => {
    const phases: string[] = []
    const playing = drill({
      ...SHORT,
      postgres: 'embedded',
      signal: AbortSignal.abort(),
      onProgress: ({ phase }) => phases.push(phase),
    })
    await expect(playing).rejects.toMatchObject({ code: 'interrupted' })
    expect(phases).toEqual([])
  })

  test('on a queue that does not play its roles is an input error', async () => {
    await writeFile(
      join(directory, 'role.yaml'),
      `title: t
summary: s
snapshot: company-25k
duration: 30m
faults: [{ kind: credential-missing, roles: [stok], from: 1m }]
`,
    )
    await expect(play('noop', { scenario: join(directory, 'role.yaml') })).rejects.toMatchObject({
      code: 'input',
      message: expect.stringMatching(/cannot run on company-25k: .*did you mean "stock"/) as string,
    })
  })
})

describe('when the drills are closed', () => {
  test('nothing of them is left, and what was being played is interrupted', async () => {
    const before = directoriesOf(markOf(process.pid))
    const others = await openDrills({ postgres: 'embedded' })
    const playing = others.drill({ ...SHORT, engine: doing(() => void others.close()) })
    await expect(playing).rejects.toMatchObject({ code: 'interrupted' })
    await others.close()
    expect(directoriesOf(markOf(process.pid))).toEqual(before)
    await expect(others.drill(SHORT)).rejects.toThrow(/these drills are closed/)
  })

  test('dates are written as they were before', async () => {
    defaults.parseInputDatesAsUTC = false
    let during: boolean | undefined
    const engine = doing(() => {
      during = defaults.parseInputDatesAsUTC
    })
    const { report } = await drill({ ...SHORT, engine, postgres: 'embedded' })
    expect(report.verdict).toBe('pass')
    expect({ during, after: defaults.parseInputDatesAsUTC }).toEqual({ during: true, after: false })
  })
})
