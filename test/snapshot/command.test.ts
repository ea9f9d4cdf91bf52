/** `queue-drill snapshot` as users run it: what they see, and the exit status. */
import { mkdtemp, readdir, rm, truncate } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { queueDrill } from '../commands/process.ts'
import { editManifest, JOBS_FILE } from './small-snapshot.ts'

let root: string
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'queue-drill-test-'))
})
afterAll(() => rm(root, { recursive: true, force: true }))

const run = (...args: string[]) => queueDrill(['snapshot', ...args], { cwd: root })

describe('queue-drill snapshot', () => {
  test('generates into a directory of the name of the company, then inspects and verifies it', async () => {
    const generated = await run(
      'generate',
      'company-25k',
      '--rows',
      '1500',
      '--captured-at',
      '2026-11-10',
    )
    expect(generated).toMatchObject({ status: 0, stderr: '' })
    expect(generated.stdout).toMatch(/^\.\/company-25k: 1500 jobs, A wholesaler/)
    const inspected = await run('inspect', './company-25k')
    expect(inspected).toMatchObject({ status: 0, stderr: '' })
    expect(inspected.stdout).toContain('captured 2026-11-10T00:00:00.000Z, Odoo 16.0')
    expect(inspected.stdout).toMatch(/^root\.crm_import \*  +\d+/m)
    expect(inspected.stdout).not.toMatch(/ $/m)
    const verified = await run('verify', './company-25k')
    expect(verified).toEqual({
      status: 0,
      stdout: 'company-25k: sound (3 files, 1500 jobs, generated: not scanned for leaks)\n',
      stderr: '',
    })
  })

  test('prints one JSON document with --json', async () => {
    const { status, stdout } = await run('inspect', 'company-60k', '--json')
    expect(status).toBe(0)
    const inspection = JSON.parse(stdout) as Record<string, unknown>
    expect(inspection).toMatchObject({
      snapshot: 'company-60k',
      capturedAt: '2026-11-17T10:00:00.000Z',
      rows: 30_000,
      jobsPerDay: 60_000,
      masking: 'generated',
      duplicateKeys: { keys: 0 },
      waiting: { waiting: 4 },
    })
    const [first] = inspection['functions'] as Record<string, unknown>[]
    expect(first).toMatchObject({
      jobFunction: 'sale.order.push_status',
      traffic: { durationSeconds: { p50: 0.43, max: 18 } },
    })
  })

  test('shows where a snapshot is from, how that is known, and what was let through', async () => {
    await run('generate', 'company-25k', '--rows', '1000', '--out', 'told')
    await editManifest(join(root, 'told'), (manifest) => {
      Object.assign(manifest, {
        detected: 'Odoo 16.0: module queue_job is installed as 16.0.2.6.8',
        addon_version: '16.0.2.6.8',
        server_version: '15.8',
        time_zone: 'Europe/Paris',
        host: { channels: 'root:4', limit_time_real: 240 },
        masking: 'masked',
        masking_policy: { relaxed: ['args.0'], added: ['weight'], key_id: '0a1b2c3d' },
        capture: {
          source: 'pg_dump',
          rows: 5000,
          limits: ['--done-days 30'],
          warnings: ['an incident is under way'],
        },
      })
    })
    const { stdout } = await run('inspect', './told')
    expect(stdout).toContain('addon 2024 (16.0.2.6.8), PostgreSQL 15.8, database in Europe/Paris\n')
    expect(stdout).toContain('known by: Odoo 16.0: module queue_job is installed')
    expect(stdout).toContain(
      'data masked with key 0a1b2c3d, let through: args.0, masked besides: weight\n',
    )
    expect(stdout).toContain(
      'taken from pg_dump: 1000 of 5000 jobs, --done-days 30\nwarning: an incident is under way\n',
    )
    expect(stdout).toContain('host: channels root:4, limit_time_real 240\n')
    const json = JSON.parse((await run('inspect', './told', '--json')).stdout) as Record<
      string,
      unknown
    >
    expect(json).toMatchObject({
      timeZone: 'Europe/Paris',
      capture: { rows: 5000 },
      host: { channels: 'root:4' },
    })
  })

  test('a damaged snapshot does not verify: exit 2, one message that names the file', async () => {
    await run('generate', 'company-25k', '--rows', '1000', '--out', 'damaged')
    await truncate(join(root, 'damaged', JOBS_FILE), 4000)
    const verified = await run('verify', './damaged')
    expect(verified).toMatchObject({ status: 2, stdout: '' })
    expect(verified.stderr).toMatch(
      /damaged is not sound:\n  .*queue_job\.0001\.copy\.gz is cut off/,
    )
    const json = await run('verify', './damaged', '--json')
    expect(json.status).toBe(2)
    expect(JSON.parse(json.stdout)).toMatchObject({ problemCount: 1 })
  })

  test.each([
    ['an unknown snapshot', ['inspect', 'company-90k'], /there is no snapshot "company-90k"/],
    ['an unknown company', ['generate', 'company-90k'], /known are company-25k, company-60k/],
    ['rows that are no number', ['generate', 'company-25k', '--rows', 'many'], /rows is NaN/],
    [
      'a moment that is none',
      ['generate', 'company-25k', '--captured-at', 'noon'],
      /"noon" is not a moment/,
    ],
    ['no subcommand', [], /say which: capture, generate, import, inspect, map or verify/],
  ])('%s is exit 2 with what to do', async (_, args, expected) => {
    const { status, stdout, stderr } = await run(...args)
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' })
    expect(stderr).toMatch(expected)
    expect(stderr).not.toContain('    at ')
    expect(await readdir(root)).not.toContain('company-90k')
  })
})
