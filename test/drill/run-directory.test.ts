/** What runs leave on disk: whole under their name, or nothing that the next run does not clear. */
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { RunDirectory } from '../../src/drill/run-directory.ts'
import { ownerMark } from '../../src/foundation/owner.ts'

const STARTED = new Date('2026-11-24T10:15:00Z')

let before: string
let place: string

beforeEach(() => {
  before = process.cwd()
  place = mkdtempSync(join(tmpdir(), 'queue-drill-test-'))
  process.chdir(place)
})
afterEach(() => {
  process.chdir(before)
  rmSync(place, { recursive: true, force: true })
})

/** The mark of a process that has ended: boot, namespace, pid, start time. */
function deadMark(): string {
  const parts = ownerMark().split('-')
  const { pid } = spawnSync('true')
  return [parts[0], parts[1], pid.toString(36), parts[3]].join('-')
}

function leftBy(mark: string | null, name: string, files: readonly string[]): void {
  const path = join('.queue-drill/runs', `${name}.incomplete`)
  mkdirSync(join(path, 'dead-webhook'), { recursive: true })
  if (mark !== null) writeFileSync(join(path, 'owner'), mark)
  for (const file of files) writeFileSync(join(path, 'dead-webhook', file), '{}')
}

const runs = () => readdirSync('.queue-drill/runs').sort()

describe('the default place', () => {
  it('a killed run that finished no drill is cleared by the next', async () => {
    leftBy(deadMark(), '20261123-090000-dead-webhook', ['statements.ndjson'])
    const directory = await RunDirectory.create(null, 'quiet-day', STARTED)
    expect(runs()).toEqual(['20261124-101500-quiet-day.incomplete'])
    await directory.complete()
    expect(runs()).toEqual(['20261124-101500-quiet-day', 'latest'])
    expect(readdirSync('.queue-drill/runs/20261124-101500-quiet-day')).toEqual([])
  })

  it('a finished drill of a killed run stays, and so does what another process writes or nobody owns', async () => {
    leftBy(deadMark(), 'finished', ['report.json'])
    leftBy(ownerMark(), 'alive', [])
    leftBy(null, 'foreign', [])
    const directory = await RunDirectory.create(null, 'quiet-day', STARTED)
    await directory.remove()
    expect(runs()).toEqual(['alive.incomplete', 'finished.incomplete', 'foreign.incomplete'])
  })
})

it('a place that was named is cleared of dead runs, but not of those of another boot or machine', async () => {
  leftBy(deadMark(), 'dead', ['statements.ndjson'])
  leftBy(`00000000-${ownerMark().split('-').slice(1).join('-')}`, 'elsewhere', [])
  const directory = await RunDirectory.create('.queue-drill/runs/mine', 'quiet-day', STARTED)
  expect(runs()).toEqual(['elsewhere.incomplete', 'mine.incomplete'])
  await directory.remove()
})

it('a directory that cannot be written is an input error that says so', async () => {
  writeFileSync('file', '')
  await expect(RunDirectory.create('file/run', 'quiet-day', STARTED)).rejects.toMatchObject({
    code: 'input',
    message: expect.stringMatching(/file\/run cannot be written .*--out/) as string,
  })
})
