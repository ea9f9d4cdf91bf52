/** `verify` finds what was put back, tells where and what kind, and never the value. */
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { queueDrill } from '../commands/process.ts'
import { decodeRow, encodeRow } from '../../src/snapshot/copy-text.ts'
import { scanSnapshot } from '../../src/snapshot/leaks/scan-snapshot.ts'
import type { FoundLeak } from '../../src/snapshot/leaks/scan-snapshot.ts'
import { openSnapshot } from '../../src/snapshot/open.ts'
import { verifySnapshot } from '../../src/snapshot/verify.ts'
import { JOB_COLUMNS } from '../../src/queue-job/series.ts'
import { masker } from './mask/rows.ts'
import { PRIVATE_KEY, SECRETS } from './mask/secrets.ts'
import { editJobs, editManifest, sha256, smallSnapshots } from './small-snapshot.ts'
import type { SnapshotCopies } from './small-snapshot.ts'

const NAMES = Object.keys(JOB_COLUMNS)
const TYPED = Object.entries(JOB_COLUMNS).map(([name, type]) => ({ name, type }))

let copies: SnapshotCopies
beforeAll(async () => {
  copies = await smallSnapshots(1000)
})
afterAll(() => copies[Symbol.asyncDispose]())

/** As a capture would have written it. */
async function maskedCopy(): Promise<string> {
  const directory = await copies.copy()
  const mask = masker.rows('queue_job', TYPED)
  await editJobs(directory, (content) => mask(Buffer.from(content)).toString())
  await editManifest(directory, (manifest) => {
    manifest.masking = 'masked'
    manifest.masking_policy = { relaxed: [], added: [], key_id: masker.policySummary.key_id }
  })
  return directory
}

/** Changes one field; rows are counted from 1. */
function withField(
  content: string,
  row: number,
  column: string,
  edit: (value: string) => string,
): string {
  const lines = content.split('\n')
  const fields = decodeRow(lines[row - 1]!)
  const at = NAMES.indexOf(column)
  fields[at] = edit(fields[at] ?? '')
  lines[row - 1] = encodeRow(fields).slice(0, -1)
  return lines.join('\n')
}

const planted = [...SECRETS, PRIVATE_KEY]

describe('the leak scan of verify', () => {
  test('passes a masked snapshot', async () => {
    const { problems, scanned } = await verifySnapshot(await openSnapshot(await maskedCopy()))
    expect({ problems, scanned }).toEqual({ problems: [], scanned: true })
  })

  test('finds each secret in each column, and each inside JSON at any depth, by file, row and column', async () => {
    const plain = (secret: string): string => `see ${secret} there`
    const places: [string, (secret: string) => string][] = [
      ...Object.entries({
        name: plain,
        func_string: plain,
        exc_message: plain,
        exc_info: plain,
        result: plain,
        identity_key: plain,
        channel: plain,
        exc_name: plain,
        records: (secret: string) => JSON.stringify({ ids: [secret] }),
        kwargs: (secret: string) => JSON.stringify({ [secret]: 1 }),
      }),
      ['args', (secret) => JSON.stringify([{ note: secret }])],
      ['args', (secret) => JSON.stringify([JSON.stringify({ deep: [secret] })])],
      ['args', (secret) => JSON.stringify(JSON.stringify([{ to: secret }]))],
      ['args', (secret) => JSON.stringify([secret]).replaceAll('@', '\\u0040')],
    ]
    const directory = await maskedCopy()
    const expected: { place: string; kind: string }[] = []
    await editJobs(directory, (content) => {
      let row = 9
      for (const [column, put] of places) {
        for (const { text, kind } of planted) {
          row += 1
          content = withField(content, row, column, () => put(text))
          expected.push({ place: `queue_job.0001.copy.gz, row ${row}, column ${column}`, kind })
        }
      }
      return content
    })
    const snapshot = await openSnapshot(directory)
    const found: FoundLeak[] = []
    for await (const leak of scanSnapshot(snapshot)) found.push(leak)
    expect(found.map(({ place, kind }) => ({ place, kind }))).toEqual(expected)
    expect(new Set(found.map(({ field }) => field))).toEqual(
      new Set(places.map(([column]) => `queue_job.${column}`)),
    )
    const { problems } = await verifySnapshot(snapshot)
    expect(problems.some((problem) => planted.some(({ text }) => problem.includes(text)))).toBe(
      false,
    )
  })

  test('finds them in the workload and in the manifest', async () => {
    const directory = await maskedCopy()
    const path = join(directory, 'workload.json')
    const workload = JSON.parse(await readFile(path, 'utf8')) as {
      functions: { failures: object[] }[]
    }
    workload.functions[0]!.failures = [
      { excName: 'E', excMessage: 'no answer from jan@acme-logistics.nl', share: 0.1 },
    ]
    await writeFile(path, JSON.stringify(workload))
    const sum = sha256(await readFile(path))
    await editManifest(directory, (manifest) => {
      manifest.workload.sha256 = sum
      manifest.description = 'The queue of https://erp.acme-logistics.nl/'
    })
    const { problems } = await verifySnapshot(await openSnapshot(directory))
    expect(problems).toEqual([
      'manifest.json, description: URL',
      'workload.json, functions[0].failures[0].excMessage: e-mail address',
    ])
  })

  test('generated snapshots hold nothing either, and are looked at when asked for', async () => {
    const snapshot = await openSnapshot(await copies.copy())
    expect(await verifySnapshot(snapshot)).toMatchObject({ scanned: false, problems: [] })
    expect(await verifySnapshot(snapshot, { scan: true })).toMatchObject({
      scanned: true,
      problems: [],
    })
  })

  test('what an unmasked snapshot holds is told and no fault; with --scan it is one', async () => {
    const directory = await copies.copy()
    await editManifest(directory, (manifest) => {
      manifest.masking = 'none'
    })
    const verify = (...flags: string[]) => queueDrill(['snapshot', 'verify', directory, ...flags])
    expect(await verify()).toEqual({
      status: 0,
      stdout: 'company-25k: sound (3 files, 1000 jobs, NOT MASKED, though no leak found)\n',
      stderr: '',
    })
    const secret = 'sent to jan.dejong@acme-logistics.nl'
    for (const row of [17, 18]) {
      await editJobs(directory, (content) => withField(content, row, 'result', () => secret))
    }
    const told = await verify()
    expect(told).toMatchObject({ status: 0, stderr: '' })
    expect(told.stdout.replaceAll(/ +/g, ' ')).toBe(
      'company-25k: sound (3 files, 1000 jobs, NOT MASKED: 2 leaks)\n' +
        'leaks of in first\n' +
        '2 e-mail address queue_job.result queue_job.0001.copy.gz, row 17, column result\n',
    )
    const json = JSON.parse((await verify('--json')).stdout) as object
    expect(json).toMatchObject({
      masking: 'none',
      scanned: true,
      problemCount: 0,
      leaks: [{ field: 'queue_job.result', kind: 'e-mail address', count: 2 }],
    })
    expect(await verify('--scan')).toMatchObject({ status: 2, stdout: '' })
    expect((await verify('--no-scan')).stdout).toContain('NOT MASKED, not scanned for leaks')
  })

  test('the command exits with 2, and does not tell the secret itself', async () => {
    const directory = await maskedCopy()
    const secret = 'jan.dejong@acme-logistics.nl'
    await editJobs(directory, (content) =>
      withField(content, 17, 'result', () => `sent to ${secret}`),
    )
    const verified = await queueDrill(['snapshot', 'verify', directory])
    expect(verified).toMatchObject({ status: 2, stdout: '' })
    expect(verified.stderr).toContain(
      'queue_job.0001.copy.gz, row 17, column result: e-mail address',
    )
    expect(verified.stderr).not.toMatch(/dejong|acme/)
    const unscanned = await queueDrill(['snapshot', 'verify', directory, '--no-scan'])
    expect(unscanned).toMatchObject({ status: 0 })
    expect(unscanned.stdout).toMatch(/sound \(3 files, 1000 jobs, not scanned for leaks\)/)
  })
})

test('an id that comes twice is found, in order or not, and a uuid, too', async () => {
  const directory = await maskedCopy()
  await editJobs(directory, (content) => {
    const lines = content.split('\n')
    const [first, second] = [lines[4]!.split('\t'), lines[900]!.split('\t')]
    second[0] = first[0]!
    second[1] = first[1]!
    lines[900] = second.join('\t')
    return lines.join('\n')
  })
  const { problems } = await verifySnapshot(await openSnapshot(directory))
  expect(problems).toEqual([
    expect.stringMatching(/^job \d+: the uuid [0-9a-f-]{36} appears twice$/),
    expect.stringMatching(/^job \d+: the id appears twice$/),
  ])
})
