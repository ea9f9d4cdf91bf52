/** `queue-drill weekly` that takes its snapshot itself, from a database of a company. */
import { existsSync } from 'node:fs'
import { readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Client } from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { HistoryLine } from '../../src/drill/weekly/history.ts'
import { loadSnapshot } from '../../src/snapshot/load.ts'
import { openSnapshot } from '../../src/snapshot/open.ts'
import { openProduction, type Production } from '../snapshot/capture/production.ts'
import { smallSnapshots } from '../snapshot/small-snapshot.ts'
import { queueDrill } from './process.ts'

const CONFIG = `capture:
  from: env:OUR_ODOO
  to: snapshots
  key: mask.key
  keep: 2
engine: noop
scenarios: [calm.yaml]
weekSeed: false
postgres: embedded
history: history.ndjson
`

const CALM = `title: t
summary: s
snapshot: company-25k
duration: 30m
control: true
`

let production: Production
let client: Client
beforeAll(async () => {
  production = await openProduction()
  await using snapshots = await smallSnapshots(2000)
  client = await production.database('odoo')
  await loadSnapshot(await openSnapshot(await snapshots.copy()), client)
  // An addon of their own that nobody knows.
  await client.query(
    `update queue_job set model_name = 'acme.gate', method_name = 'wobble', channel_method_name = '<acme.gate>.wobble',
       job_function_id = null where method_name = 'recompute_score'`,
  )
  await writeFile(join(production.root, 'queue-drill.yaml'), CONFIG)
  await writeFile(join(production.root, 'calm.yaml'), CALM)
})
afterAll(() => production[Symbol.asyncDispose]())

const weekly = (date: string, env: Record<string, string> = {}) =>
  queueDrill(['weekly', '--date', date], {
    cwd: production.root,
    env: { OUR_ODOO: production.url('odoo'), ...env },
  })

describe('queue-drill weekly with a capture', () => {
  test('takes a masked snapshot, starts the operations file of the team, and drills', async () => {
    const { status, stdout, stderr } = await weekly('2026-11-17')
    expect({ status, stderr }).toMatchObject({ status: 0 })
    expect(stdout).toMatch(/1 line appended to .*history\.ndjson/)
    expect(stderr).toMatch(/1 job function unmapped: say in .* what they do: acme\.gate\.wobble/)
    expect(await readdir(join(production.root, 'snapshots'))).toEqual(['2026-W47-20261117T000000'])
    const team = await readFile(join(production.root, 'operations.yaml'), 'utf8')
    expect(team).toContain('  acme.gate.wobble:\n    role: unmapped\n')
  })

  test('keeps what the team writes, says no more of it, and deletes the oldest snapshots', async () => {
    const path = join(production.root, 'operations.yaml')
    const edited = (await readFile(path, 'utf8')).replace('role: unmapped', 'role: internal # ours')
    await writeFile(path, edited)
    for (const date of ['2026-11-24', '2026-12-01']) {
      const { status, stderr } = await weekly(date)
      expect(status).toBe(0)
      expect(stderr).not.toContain('unmapped')
    }
    expect(await readFile(path, 'utf8')).toBe(edited)
    const snapshots = (await readdir(join(production.root, 'snapshots'))).sort()
    expect(snapshots).toEqual(['2026-W48-20261124T000000', '2026-W49-20261201T000000'])
    const inside = join(production.root, 'snapshots', snapshots[1]!, 'operations.yaml')
    expect(await readFile(inside, 'utf8')).toBe(edited)
    const lines = (await readFile(join(production.root, 'history.ndjson'), 'utf8')).trim()
    expect(lines.split('\n').map((line) => (JSON.parse(line) as HistoryLine).snapshot)).toEqual([
      '2026-W47-20261117T000000',
      ...snapshots,
    ])
  })

  test('a snapshot that does not verify is put aside, counts for nothing, and goes with the next drill', async () => {
    const snapshots = async () => (await readdir(join(production.root, 'snapshots'))).sort()
    const history = () => readFile(join(production.root, 'history.ndjson'), 'utf8')
    const before = { snapshots: await snapshots(), history: await history() }
    // The manifest warns of it by name.
    await client.query('alter table queue_job add "jan.dejong@acme-logistics.nl" int4')
    const refused = await weekly('2026-12-08')
    expect(refused).toMatchObject({ status: 2, stdout: '' })
    expect(refused.stderr).toMatch(
      /is not sound \(1 problem\), nothing was drilled:\n  manifest\.json, capture\.warnings.*e-mail address\nIt stands in \S+2026-W50-20261208T000000\.refused /,
    )
    expect(await snapshots()).toEqual([...before.snapshots, '2026-W50-20261208T000000.refused'])
    expect(await history()).toBe(before.history)
    await client.query('alter table queue_job drop "jan.dejong@acme-logistics.nl"')
    const { status, stderr } = await weekly('2026-12-08')
    expect(status).toBe(0)
    expect(stderr).not.toContain('new since the last snapshot')
    expect(await snapshots()).toEqual([...before.snapshots.slice(1), '2026-W50-20261208T000000'])
  })

  test('without a database nothing is drilled, and the URL is shown nowhere', async () => {
    await rm(join(production.root, 'history.ndjson'))
    const unset = await weekly('2026-12-15', { OUR_ODOO: '' })
    expect(unset).toMatchObject({ status: 2, stdout: '' })
    expect(unset.stderr).toContain('the environment variable OUR_ODOO is not set')
    const gone = await weekly('2026-12-15', { OUR_ODOO: 'postgresql://me:s3cret@127.0.0.1:1/odoo' })
    expect(gone).toMatchObject({ status: 3, stdout: '' })
    expect(gone.stderr).toContain('no snapshot was taken')
    expect(gone.stderr).not.toContain('s3cret')
    expect(existsSync(join(production.root, 'history.ndjson'))).toBe(false)
  })
})
