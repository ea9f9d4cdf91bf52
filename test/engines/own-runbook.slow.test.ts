/** What docs/own-runbook.md shows can be copied and does what it says; its figures are those of the code. */
import { spawn } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { FINDING_CODES } from '../../src/journal/findings.ts'
import * as limits from '../../src/recovery/program/limits.ts'
import type { Report } from '../../src/report/report-json.ts'
import { CLI } from '../commands/process.ts'
import { Place } from '../drills/drill-process.ts'
import { findPsql } from '../sandbox/psql.ts'

const page = await readFile(new URL('../../docs/own-runbook.md', import.meta.url), 'utf8')

/** In the order of the page; those for a machine with a clone, with Docker, or inside of a drill are left out. */
const blocks = [...page.matchAll(/```sh\n([^]*?)```/g)]
  .map(([, block]) => block!)
  .filter((block) => !/^npm ci$|docker run|curl /m.test(block))
  .map((block) => block.replaceAll('npm run drill --', `'${process.execPath}' '${CLI}' run`))

interface Shown {
  readonly status: number | null
  readonly stdout: string
  readonly report: Report | null
  readonly log: string
}

let place: Place
const shown: Shown[] = []

/** As it is pasted into a shell. */
async function paste(block: string): Promise<Shown> {
  const child = spawn('/bin/sh', ['-c', block], {
    cwd: place.path,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, NO_COLOR: '1', TMPDIR: place.temporary },
  })
  const ended = new Promise<number | null>((done) => child.on('close', done))
  const [stdout, stderr, status] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    ended,
  ])
  expect(stderr).toBe('')
  const [, directory] = /^files {4}(.*)$/m.exec(stdout) ?? []
  if (directory === undefined) return { status, stdout, report: null, log: '' }
  const file = (name: string) => readFile(resolve(place.path, directory, name), 'utf8')
  return {
    status,
    stdout,
    report: JSON.parse(await file('report.json')) as Report,
    log: await file('engine.log'),
  }
}

const psql = findPsql()

describe.skipIf(psql === null)(
  `pasted one after the other${psql === null ? ' (skipped: no psql on this machine)' : ''}`,
  () => {
    beforeAll(async () => {
      place = await Place.open()
      for (const block of blocks) shown.push(await paste(block))
    }, 300_000)
    afterAll(() => place[Symbol.asyncDispose]())

    const drilled = () => shown.filter(({ report }) => report !== null)
    const found = ({ report }: Shown) => report!.findings.map(({ code }) => code)

    it('the runbook is drilled, fails for the reason that is given, and its log looks as shown', () => {
      const [{ status, report, log } = shown[0]!] = drilled()
      expect(status).toBe(1)
      const unmet = report!.criteria.filter(({ met }) => !met)
      expect(unmet.map(({ id }) => id)).toEqual(['E3'])
      expect(JSON.stringify(unmet)).toContain('stock.quant.push_level')
      expect(report!.gates.every(({ held }) => held)).toBe(true)
      expect(report!.findings).toEqual([])
      const [, example] = /```text\n([^]*?)```/.exec(page)!
      expect(log).toContain(example!)
    })

    it('leaves a healthy queue alone', () => {
      const [, { status, report }] = drilled() as [Shown, Shown]
      expect(status).toBe(0)
      expect(report).toMatchObject({ verdict: 'pass', end: 'not opened' })
    })

    it('the check on a grid quarantines while the shop is down', () => {
      const [, , check] = drilled() as [Shown, Shown, Shown]
      const quarantines = check.report!.actions.filter(({ kind }) => kind === 'quarantine')
      expect(quarantines.length).toBeGreaterThan(5)
      expect(found(check)).toEqual([])
    })

    it('kubectl stands for operations', () => {
      const scale = drilled()[3]!
      expect(found(scale)).toEqual([])
      expect(scale.log).toContain('deployment.apps/odoo-queue scaled')
      expect(scale.report!.actions.find(({ kind }) => kind === 'scale')!.text).toBe(
        'workers +2, now 14 wanted',
      )
    })

    it('a table of its own is there', () => {
      const service = drilled()[4]!
      expect(service.status).toBe(0)
      expect(service.log).toMatch(/^\+5m {6} {2}1\|2026-/m)
      expect(drilled()).toHaveLength(5)
    })
  },
)

it('every variable that the container is given is one that a program has', async () => {
  const environment = await readFile(
    new URL('../../src/recovery/program/environment.ts', import.meta.url),
    'utf8',
  )
  const [, names] = /for name in ([A-Z_ ]+);/.exec(page)!
  for (const name of names!.split(' ')) expect(environment).toContain(`    ${name}:`)
})

it.each([
  [limits.TURN_TIMEOUT_MS, 60_000, 'sleep to sleep *\\| 60 s'],
  [limits.TOTAL_TIMEOUT_MS, 600_000, 'together *\\| 10 min'],
  [limits.PROCESSES_MAX, 256, 'at a time *\\| 256'],
  [limits.MEMORY_MAX_MB, 4096, 'all of them *\\| 4 GB'],
  [limits.OUTPUT_MAX_BYTES, 256 * 1024 * 1024, 'stderr together *\\| 256 MB'],
])('the limit %i is told', (limit, told, line) => {
  expect(limit).toBe(told)
  expect(page).toMatch(new RegExp(line))
})

it('every finding is told', () => {
  expect(FINDING_CODES.filter((code) => !page.includes(`\`${code}\``))).toEqual([])
})
