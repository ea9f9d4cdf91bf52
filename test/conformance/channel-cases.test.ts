import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parseCaseFile, replayCase } from './case-file.ts'

const FILE = new URL('channel-cases.json', import.meta.url).pathname
const TEXT = readFileSync(FILE, 'utf8')
const CASES = parseCaseFile(TEXT)

describe('recorded answers of the addon', () => {
  it('are 51 cases', () => {
    expect(CASES).toHaveLength(51)
  })

  it.each(CASES.map((channelCase) => [channelCase.id, channelCase.title, channelCase] as const))(
    '%s %s',
    (_id, _title, channelCase) => {
      expect(replayCase(channelCase)).toBeNull()
    },
  )
})

/** A file with one case of `steps` on `channels`. */
function fileWith(channels: string, steps: readonly object[], more: object = {}): string {
  const cases = [{ id: 'X1', title: 'made by hand', channels, steps, ...more }]
  return JSON.stringify({ format: 'queue-job-channel-cases/1', cases })
}

const PENDING = {
  op: 'notify',
  db: 'db',
  channel: 'root',
  uuid: 'J1',
  seq: 1,
  date_created: 0,
  priority: 10,
  eta: null,
  state: 'pending',
}

function firstWrongStep(text: string) {
  return replayCase(parseCaseFile(text)[0]!)
}

describe('a case file', () => {
  it.each([
    ['root:1', 'this is not a JSON file'],
    ['[]', 'the file has no format; only'],
    ['null', 'the file has no format; only'],
    ['{"format": 1}', 'the file has format 1; only'],
    ['{"format":"queue-job-channel-cases/1"}', 'at cases:'],
    [fileWith('root:1', [{ op: 'dance' }]), 'at cases.0.steps.0.op:'],
    [fileWith('root:1', [{ op: 'wakeup', expect: 0, wakup: 1 }]), 'Unrecognized key: "wakup"'],
  ])('like %s is refused', (text, message) => {
    expect(() => parseCaseFile(text)).toThrow(message)
    expect(() => parseCaseFile(text)).toThrow(expect.objectContaining({ code: 'input' }) as Error)
  })
})

describe('a replay', () => {
  it('fails at the first answer that differs, be it jobs, wakeup, counts, tree or exception', () => {
    const right = { op: 'run', now: 5, expect: ['J1'], wakeup: 0, counts: { root: [0, 1, 0] } }
    expect(firstWrongStep(fileWith('root:1', [PENDING, right]))).toBeNull()
    const wrong: readonly [object, object][] = [
      [
        { ...right, expect: ['J2'] },
        { what: 'jobs to run', expected: ['J2'], actual: ['J1'] },
      ],
      [
        { ...right, wakeup: 9 },
        { what: 'wakeup', expected: 9, actual: 0 },
      ],
      [{ ...right, counts: { root: [1, 1, 0] } }, { what: 'counts' }],
      [
        { op: 'wakeup', expect: 9 },
        { what: 'wakeup', expected: 9, actual: 0 },
      ],
      [
        { op: 'tree', expect: {} },
        { what: 'tree', expected: {} },
      ],
      [
        { ...PENDING, error: 'TypeError' },
        { what: 'exception', actual: null },
      ],
      [
        { ...PENDING, db: 'copy' },
        { what: 'exception', actual: 'AssertionError' },
      ],
    ]
    for (const [step, difference] of wrong) {
      expect(firstWrongStep(fileWith('root:1', [PENDING, step]))).toMatchObject({
        step: 1,
        ...difference,
      })
    }
  })

  it('fails where a configuration error is missing, or comes unexpected', () => {
    expect(firstWrongStep(fileWith('root:1', [], { config_error: 'ValueError' }))).toEqual({
      step: null,
      what: 'configure',
      expected: 'ValueError',
      actual: null,
    })
    expect(firstWrongStep(fileWith('root:x', []))).toMatchObject({ actual: 'ValueError' })
  })

  it('of a case of 12.0 and 13.0 alone puts unknown channels into root and ignores cancelled', () => {
    const steps = [
      { ...PENDING, channel: 'root.unknown' },
      { ...PENDING, channel: 'root.unknown', state: 'cancelled' },
      { op: 'run', now: 1, expect: ['J1'], wakeup: 0, counts: { root: [0, 1, 0] } },
    ]
    expect(firstWrongStep(fileWith('root:1', steps, { applies_to: ['12.0', '13.0'] }))).toBeNull()
    expect(firstWrongStep(fileWith('root:1', steps, { applies_to: ['12.0', '14.0'] }))).toEqual(
      expect.objectContaining({ expected: ['J1'], actual: [] }),
    )
  })
})

describe('npm run conformance', () => {
  let directory: string
  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'queue-drill-conformance-'))
  })
  afterAll(() => {
    rmSync(directory, { recursive: true })
  })

  function conformance(...files: readonly string[]) {
    const replay = new URL('replay.ts', import.meta.url).pathname
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      ['--import', 'tsx', replay, ...files],
      { encoding: 'utf8' },
    )
    return { status, stdout, stderr }
  }

  function written(name: string, text: string): string {
    const file = join(directory, name)
    writeFileSync(file, text)
    return file
  }

  it('passes the recorded cases with exit 0', () => {
    expect(conformance(FILE)).toEqual({ status: 0, stdout: '51 passed, 0 failed\n', stderr: '' })
  })

  it('shows the first wrong step of each failed case and exits 1, other files included', () => {
    const step = { op: 'run', now: 7, expect: ['J2'], wakeup: 0 }
    const file = written('wrong.json', fileWith('root:1', [PENDING, step, step]))
    const { status, stdout, stderr } = conformance(FILE, file)
    expect(stdout).toBe(
      [
        'FAILED X1 made by hand',
        '  step 2 of 3, {"op":"run","now":7,"expect":["J2"],"wakeup":0}',
        '  jobs to run',
        '    expected ["J2"]',
        '    actual   ["J1"]',
        '51 passed, 1 failed',
        '',
      ].join('\n'),
    )
    expect({ status, stderr }).toEqual({ status: 1, stderr: '' })
  })

  it('exits 2 with one sentence on what it cannot read', () => {
    const other = written('other.json', '{"format":"x/2","cases":[]}')
    const wrong: readonly [string[], RegExp][] = [
      [[], /no case file given; usage/],
      [[join(directory, 'missing.json')], /ENOENT.*missing\.json/],
      [[FILE, other], /other\.json: .*format "x\/2"; only "queue-job-channel-cases\/1"/],
    ]
    for (const [files, message] of wrong) {
      const { status, stdout, stderr } = conformance(...files)
      expect({ status, stdout }).toEqual({ status: 2, stdout: '' })
      expect(stderr).toMatch(message)
      expect(stderr.split('\n')).toHaveLength(2)
    }
  })
})
