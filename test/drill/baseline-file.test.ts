/** The file of a baseline on disk. */
import {
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  readlink,
  rm,
  symlink,
  writeFile,
} from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { checkWritable, readBaseline, writeBaseline } from '../../src/drill/baseline-file.ts'
import { updatedBaseline } from '../../src/report/baseline.ts'
import { runs, variant } from '../report/variants.ts'

const ALL = { scenarios: null, seeds: null }
const baselineOf = (...reports: Parameters<typeof updatedBaseline>[1]) =>
  updatedBaseline(null, reports, ALL)

let root: string
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'queue-drill-test-'))
})
afterAll(() => rm(root, { recursive: true, force: true }))

async function written(text: string): Promise<string> {
  const path = join(root, 'baseline.json')
  await writeFile(path, text)
  return path
}

describe('a baseline', () => {
  test('is one figure a line, in the order of scenario and seed, and holds no wall time', async () => {
    const path = join(root, 'written.json')
    const reports = [variant({ scenario: 'b' }), variant({ seed: 10 }), variant({ seed: 9 })]
    await writeBaseline(path, baselineOf(...reports))
    const text = await readFile(path, 'utf8')
    expect(text.match(/"(scenario|seed)": ("by-hand"|"b"|\d+),/g)).toEqual([
      '"scenario": "b",',
      '"seed": 1,',
      '"scenario": "by-hand",',
      '"seed": 9,',
      '"scenario": "by-hand",',
      '"seed": 10,',
    ])
    expect(text).not.toMatch(/wall|postgres|\d{4}-\d{2}-\d{2}|[^e]\//)
    expect(text.split('\n').length / 3).toBeLessThan(45)
    expect(text.endsWith('}\n')).toBe(true)
  })

  test('is read as it was written, and leaves nothing beside it', async () => {
    const folder = join(root, 'alone')
    await mkdir(folder)
    const path = join(folder, 'baseline.json')
    await fc.assert(
      fc.asyncProperty(runs, async (list) => {
        const baseline = baselineOf(...list.map(variant))
        await writeBaseline(path, baseline)
        expect(await readBaseline(path)).toEqual(baseline)
      }),
      { numRuns: 30 },
    )
    expect(await readdir(folder)).toEqual(['baseline.json'])
  })

  test('behind a link is written where the link points', async () => {
    const [target, link] = [join(root, 'target.json'), join(root, 'link.json')]
    await writeFile(target, 'old')
    await symlink(target, link)
    await writeBaseline(link, baselineOf(variant()))
    expect(await readlink(link)).toBe(target)
    expect(await readBaseline(target)).toEqual(baselineOf(variant()))
  })

  test('that is not there is null', async () => {
    expect(await readBaseline(join(root, 'none.json'))).toBeNull()
  })

  test('may be laid out by another formatter', async () => {
    const baseline = baselineOf(variant())
    expect(await readBaseline(await written(JSON.stringify(baseline, null, '\t')))).toEqual(
      baseline,
    )
    expect(await readBaseline(await written(JSON.stringify(baseline)))).toEqual(baseline)
  })
})

describe('what is wrong with a baseline is told with its place and what to do:', () => {
  const good = JSON.stringify(baselineOf(variant()), null, 2)

  test.each([
    [
      'a merge conflict',
      `<<<<<<< HEAD\n${good}`,
      /baseline\.json is no JSON \(.*\): restore it, or remove it/,
    ],
    ['half a file', good.slice(0, 300), /is no JSON/],
    [
      'another format',
      good.replace('baseline/1', 'baseline/9'),
      /baseline\.json:2:13: format: must be queue-drill-baseline\/1/,
    ],
    [
      'an unknown key',
      good.replace('"end"', '"ende"'),
      /:\d+:7: drills\[0\]: unknown key "ende" \(did you mean "end"\?\)/,
    ],
    [
      'a verdict that is none',
      good.replace('"pass"', '"passed"'),
      /: drills\[0\]\.verdict: must be unsafe, .* not "passed" \(did you mean "pass"\?\)/,
    ],
    [
      'a count below zero',
      good.replace('"lost": 0', '"lost": -1'),
      /figures\.lost: must be at least 0, not -1/,
    ],
    ['a list', '[]', /must be a block of keys/],
  ])('%s', async (_what, text, message) => {
    await expect(readBaseline(await written(text))).rejects.toMatchObject({
      code: 'input',
      message: expect.stringMatching(message) as string,
    })
  })

  test('a drill that stands in it twice', async () => {
    const { format, drills } = baselineOf(variant())
    const path = await written(JSON.stringify({ format, drills: [...drills, ...drills] }))
    await expect(readBaseline(path)).rejects.toThrow(
      /by-hand with seed 1 stands in it twice: remove one/,
    )
  })

  test('a folder', async () => {
    await expect(readBaseline(root)).rejects.toMatchObject({
      code: 'input',
      message: `${root} cannot be read (EISDIR)`,
    })
  })
})

test('a place that cannot be written to is known before the drills begin', async () => {
  const file = await written('{}')
  await expect(checkWritable(join(file, 'baseline.json'))).rejects.toMatchObject({ code: 'input' })
  await checkWritable(join(root, 'new', 'baseline.json'))
  expect(await readdir(join(root, 'new'))).toEqual([])
})

test('a baseline that cannot be written leaves what was there', async () => {
  const folder = join(root, 'taken.json')
  await mkdir(folder)
  await expect(writeBaseline(folder, baselineOf(variant()))).rejects.toMatchObject({
    code: 'harness',
    message: expect.stringMatching(
      /taken\.json cannot be written \(E.*\); it is as it was$/,
    ) as string,
  })
  expect((await readdir(root)).filter((name) => name.includes('incomplete'))).toEqual([])
})
