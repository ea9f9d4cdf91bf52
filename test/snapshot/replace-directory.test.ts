/** A snapshot that takes the place of another: whatever moment its writer is killed at, one of the two is whole. */
import { spawnSync } from 'node:child_process'
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { messageOf } from '../../src/foundation/errors.ts'
import { ownerMark } from '../../src/foundation/owner.ts'
import { generateSnapshot } from '../../src/snapshot/generate/generate.ts'
import { openSnapshot } from '../../src/snapshot/open.ts'
import { refuseForeign, replaceDirectory } from '../../src/snapshot/replace-directory.ts'
import { verifySnapshot } from '../../src/snapshot/verify.ts'

const REPLACE = fileURLToPath(new URL('../../dist/snapshot/replace-directory.js', import.meta.url))

let root: string
let place: string
/** Two snapshots of different names of files, so that a mixture shows. */
const NAMES = ['old', 'new'] as const
beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'queue-drill-test-'))
  for (const [index, name] of NAMES.entries()) {
    const profile = index === 0 ? '2025' : '2024'
    const options = { company: 'quiet', rows: 1000, series: '16.0', profile, name }
    await generateSnapshot({ ...options, directory: join(root, name) })
  }
})
afterAll(() => rmSync(root, { recursive: true, force: true }))
beforeEach(() => {
  place = mkdtempSync(join(root, 'place-'))
})
afterEach(() => rmSync(place, { recursive: true, force: true }))

const today = () => join(place, 'today')
const write = (name: (typeof NAMES)[number]) => async (directory: string) =>
  cpSync(join(root, name), directory, { recursive: true })

/** A process that replaces `today` by the new snapshot and kills itself before the given call of the file system. */
function replacedUntil(call: number): NodeJS.Signals | null {
  const program = `
    import { createRequire, syncBuiltinESMExports } from 'node:module'
    const files = createRequire(import.meta.url)('node:fs/promises')
    let calls = 0
    for (const name of ['mkdir', 'rename', 'rm']) {
      const real = files[name]
      files[name] = async (...args) => {
        if (++calls === ${call}) process.kill(process.pid, 'SIGKILL')
        return real(...args)
      }
    }
    syncBuiltinESMExports()
    const { cpSync } = await import('node:fs')
    const { replaceDirectory } = await import(${JSON.stringify(REPLACE)})
    await replaceDirectory(${JSON.stringify(today())}, true, async (directory) =>
      cpSync(${JSON.stringify(join(root, 'new'))}, directory, { recursive: true }))`
  const child = spawnSync(process.execPath, ['--input-type=module', '--eval', program], {
    encoding: 'utf8',
  })
  expect(child.stderr).toBe('')
  return child.signal
}

/** The name of the snapshot under the final name, proven whole; what a reader is told where there is none. */
async function standing(): Promise<string> {
  if (!existsSync(today())) return openSnapshot(today()).then(String, messageOf)
  const snapshot = await openSnapshot(today())
  expect(await verifySnapshot(snapshot)).toMatchObject({ problems: [] })
  return snapshot.name
}

const PUT_ASIDE = /^.*today was being replaced .* is whole: .*mv \S+today\.\S+\.replaced \S+today$/

describe('the writer is killed before each of its steps', () => {
  test('the old or the new snapshot is there or comes back, with what people put beside it', async () => {
    const seen = new Set<string>()
    let kills = 0
    for (let call = 1; ; call++) {
      await replaceDirectory(today(), true, write('old'))
      writeFileSync(join(today(), 'notes.txt'), 'mine')
      const signal = replacedUntil(call)
      if (signal === null) break
      expect(signal).toBe('SIGKILL')
      kills += 1
      seen.add((await standing()).replace(PUT_ASIDE, 'put aside'))
      // What the next run does before it writes a first row, for a directory of another name.
      await refuseForeign(join(place, 'tomorrow'), false)
      const name = await standing()
      expect(NAMES).toContain(name)
      expect(readFileSync(join(today(), 'notes.txt'), 'utf8')).toBe('mine')
      expect(existsSync(join(today(), 'queue_job_lock.0001.copy.gz'))).toBe(name === 'old')
      expect(readdirSync(place)).toEqual(['today'])
      rmSync(today(), { recursive: true })
    }
    expect(kills).toBeGreaterThanOrEqual(6)
    expect(seen).toEqual(new Set(['old', 'put aside', 'new']))
    expect(await standing()).toBe('new')
    expect(readFileSync(join(today(), 'notes.txt'), 'utf8')).toBe('mine')
  })
})

/** Of a process that has ended. */
function deadMark(): string {
  const parts = ownerMark().split('-')
  return [parts[0], parts[1], spawnSync('true').pid.toString(36), parts[3]].join('-')
}

describe('what writers left', () => {
  const foreignMark = `00000000-${ownerMark().split('-').slice(1).join('-')}`

  test.each([
    ['a dead process', 'goes', deadMark(), 0, false],
    ['a living one', 'stays', ownerMark(), 9, true],
    ['another boot or machine', 'stays for a day', foreignMark, 0, true],
    ['another boot or machine, two days ago,', 'goes', foreignMark, 2, false],
  ])('that of %s %s, whatever its name', async (_, __, mark, daysOld, stays) => {
    const left = join(place, `yesterday.${mark}.incomplete`)
    mkdirSync(left)
    writeFileSync(join(left, 'queue_job.0001.copy.gz'), '')
    const then = new Date(Date.now() - daysOld * 86_400_000)
    utimesSync(left, then, then)
    await replaceDirectory(today(), false, write('new'))
    expect(existsSync(left)).toBe(stays)
    expect(await standing()).toBe('new')
  })

  test('only a directory with the mark of a writer is touched', async () => {
    mkdirSync(join(place, 'thesis.incomplete'))
    writeFileSync(join(place, `notes.${deadMark()}.incomplete`), 'mine')
    await replaceDirectory(today(), false, write('new'))
    expect(readdirSync(place)).toHaveLength(3)
  })
})

describe('the place', () => {
  test('a manifest.json of another program makes no snapshot of a directory, not even with force', async () => {
    mkdirSync(today())
    writeFileSync(join(today(), 'manifest.json'), '{"name": "a web app", "icons": []}')
    await expect(replaceDirectory(today(), true, write('new'))).rejects.toMatchObject({
      code: 'input',
      message: expect.stringMatching(
        /neither empty nor a snapshot \(it holds manifest\.json\)/,
      ) as string,
    })
    expect(readdirSync(today())).toEqual(['manifest.json'])
  })

  test('a snapshot of a newer format is replaced as a whole', async () => {
    mkdirSync(today())
    const files = [{ name: 'queue_job.parquet' }]
    const manifest = { format: 'queue-drill-snapshot/9', tables: { queue_job: { files } } }
    writeFileSync(join(today(), 'manifest.json'), JSON.stringify(manifest))
    writeFileSync(join(today(), 'queue_job.parquet'), '')
    await replaceDirectory(today(), true, write('new'))
    expect(readdirSync(today()).sort()).toEqual(readdirSync(join(root, 'new')).sort())
  })

  test('a directory that somebody else fills meanwhile is left to him', async () => {
    const raced = replaceDirectory(today(), false, async (directory) => {
      await write('new')(directory)
      await write('old')(today())
    })
    await expect(raced).rejects.toThrow(/is a snapshot already: add --force/)
    expect(await standing()).toBe('old')
    expect(readdirSync(place)).toEqual(['today'])
  })

  test('a link to a directory stays a link', async () => {
    mkdirSync(join(place, 'disk'))
    symlinkSync('disk', today())
    await replaceDirectory(today(), false, write('old'))
    await replaceDirectory(today(), true, write('new'))
    expect(readdirSync(place).sort()).toEqual(['disk', 'today'])
    expect(await standing()).toBe('new')
    expect((await openSnapshot(join(place, 'disk'))).name).toBe('new')
  })

  test('a file, and a directory below a file, are input errors', async () => {
    writeFileSync(today(), 'mine')
    await expect(replaceDirectory(today(), true, write('new'))).rejects.toMatchObject({
      code: 'input',
      message: expect.stringMatching(/today is no directory/) as string,
    })
    await expect(replaceDirectory(join(today(), 'x'), true, write('new'))).rejects.toMatchObject({
      code: 'input',
      message: expect.stringMatching(/cannot be written: ENOTDIR/) as string,
    })
    expect(readFileSync(today(), 'utf8')).toBe('mine')
  })
})
