/**
 * Holds the layout of the code base: who may import whom (what oxlint cannot see: through other files, too), no
 * cycles, no file that grew too long, nothing left open, and a README that names what is there.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { importsOf, type Import } from './tidy/imports.ts'

const ROOT = new URL('..', import.meta.url).pathname

/** Paths below the root that are ours, relative to it. */
function filesBelow(directory: string): string[] {
  const leftOut = new Set(['node_modules', 'dist', '.git', '.queue-drill', 'snapshots'])
  return readdirSync(join(ROOT, directory), { withFileTypes: true }).flatMap((entry) => {
    const path = directory === '.' ? entry.name : `${directory}/${entry.name}`
    if (leftOut.has(entry.name)) return []
    return entry.isDirectory() ? filesBelow(path) : [path]
  })
}

const everything = filesBelow('.').filter((path) => !path.endsWith('package-lock.json'))
const sources = everything.filter((path) => path.startsWith('src/') && path.endsWith('.ts'))
const textOf = new Map(everything.map((path) => [path, readFileSync(join(ROOT, path), 'utf8')]))
const imports = new Map(sources.map((path) => [path, importsOf(path, textOf.get(path)!)]))

/** DESIGN section 2: folder → folders whose values it may use, and those of which only types. */
const MAY_IMPORT: Readonly<Record<string, { values: string[]; types?: string[] }>> = {
  foundation: { values: [] },
  'queue-job': { values: ['foundation'] },
  journal: { values: ['foundation'], types: ['queue-job', 'scenario'] },
  scenario: { values: ['foundation', 'queue-job'] },
  snapshot: { values: ['foundation', 'queue-job'] },
  sandbox: { values: ['foundation', 'queue-job'] },
  simulation: { values: ['foundation', 'queue-job', 'journal'], types: ['scenario'] },
  'simulation/sync': {
    values: ['foundation', 'queue-job', 'journal', 'simulation', 'sandbox'],
    types: ['scenario'],
  },
  'recovery/contract': { values: ['foundation', 'queue-job'] },
  control: { values: ['foundation', 'queue-job', 'recovery/contract'] },
  recovery: { values: ['foundation', 'queue-job', 'recovery/contract', 'control'] },
  scoring: { values: ['foundation', 'queue-job', 'journal'], types: ['scenario'] },
  // What scoring may use is there behind a report.
  report: { values: ['foundation', 'journal', 'scoring', 'queue-job'] },
}

/** `src/simulation/sync.ts` and `src/simulation/sync/…` are a layer of their own, as is the engine's contract. */
function layerOf(path: string): string {
  if (path === 'src/recovery/contract.ts') return 'recovery/contract'
  if (/^src\/simulation\/sync[./]/.test(path)) return 'simulation/sync'
  return path.split('/').length === 2 ? path.slice('src/'.length) : path.split('/')[1]!
}

/** Every file that `start` needs at run time, with the chain of imports that leads there. */
function reach(start: string): Map<string, readonly string[]> {
  const found = new Map<string, readonly string[]>([[start, [start]]])
  for (const [path, chain] of found) {
    for (const { target, typeOnly } of internal(path)) {
      if (!typeOnly && !found.has(target)) found.set(target, [...chain, target])
    }
  }
  return found
}

function internal(path: string): readonly Import[] {
  return (imports.get(path) ?? []).filter(({ target }) => target.startsWith('src/'))
}

test('every folder of src has its import rules', () => {
  const free = ['commands', 'drill', 'cli.ts', 'index.ts', 'vitest.ts']
  const layers = new Set(sources.map(layerOf))
  expect([...layers].filter((layer) => !free.includes(layer) && !(layer in MAY_IMPORT))).toEqual([])
})

describe.each(Object.entries(MAY_IMPORT))('%s', (layer, { values, types = [] }) => {
  const own = sources.filter((path) => layerOf(path) === layer)

  test(`needs only itself and: ${values.join(', ') || 'nothing'}`, () => {
    const allowed = new Set([layer, ...values])
    const wrong = own.flatMap((path) =>
      [...reach(path)]
        .filter(([target]) => !allowed.has(layerOf(target)))
        .map(([, chain]) => chain.join(' -> ')),
    )
    expect(wrong).toEqual([])
  })

  test(`knows types only of these and: ${types.join(', ') || 'none'}`, () => {
    const allowed = new Set([layer, ...values, ...types])
    const wrong = own.flatMap((path) =>
      internal(path)
        .filter(({ target }) => !allowed.has(layerOf(target)))
        .map(({ target }) => `${path} -> ${target}`),
    )
    expect(wrong).toEqual([])
  })
})

test('no import is overlooked', () => {
  const overlooked = sources.flatMap((path) =>
    [...textOf.get(path)!.matchAll(/ from '(\.[^']+)'$/gm)]
      .map(([, specifier]) => join(dirname(path), specifier!))
      .filter((target) => !internal(path).some((each) => each.target === target)),
  )
  expect(overlooked).toEqual([])
})

test('an import leads to a file that is there', () => {
  const wrong = sources.flatMap((path) =>
    internal(path)
      .filter(({ target }) => !textOf.has(target))
      .map(({ target }) => `${path} -> ${target}`),
  )
  expect(wrong).toEqual([])
})

test('the model, the world, the judge and the decisions of the engine do no I/O, not even through others', () => {
  const folders = ['queue-job', 'simulation', 'scoring']
  const pure = sources.filter(
    (path) => folders.includes(layerOf(path)) || /^src\/recovery\/.*\/decide\.ts$/.test(path),
  )
  const harmless = new Set(['node:assert', 'node:assert/strict', 'node:crypto'])
  const wrong = pure.flatMap((path) =>
    [...reach(path)].flatMap(([reached, chain]) =>
      imports
        .get(reached)!
        .filter(({ target, typeOnly }) => !typeOnly && !target.startsWith('src/'))
        .filter(({ target }) => !harmless.has(target))
        .map(({ target }) => [...chain, target].join(' -> ')),
    ),
  )
  expect(wrong).toEqual([])
})

test('no file imports itself through others', () => {
  const cycles = new Set<string>()
  const done = new Set<string>()
  const visit = (path: string, above: readonly string[]): void => {
    if (above.includes(path)) cycles.add([...above.slice(above.indexOf(path)), path].join(' -> '))
    if (done.has(path) || above.includes(path)) return
    for (const { target, typeOnly } of internal(path)) {
      if (!typeOnly) visit(target, [...above, path])
    }
    done.add(path)
  }
  for (const path of sources) visit(path, [])
  expect([...cycles]).toEqual([])
})

test('no source file is longer than 350 lines', () => {
  const long = everything
    .filter((path) => path.startsWith('src/'))
    .map((path) => ({ path, lines: textOf.get(path)!.split('\n').length - 1 }))
    .filter(({ lines }) => lines > 350)
  expect(long).toEqual([])
})

test('every source file opens with what it promises', () => {
  const silent = sources.filter(
    (path) => !/^(#!.*\n)?\/\*\*[^]*?\*\//.test(textOf.get(path)!.trimStart()),
  )
  expect(silent).toEqual([])
})

// Put together here, so that this file does not find itself.
const MARKERS = ['TO-DO', 'FIX-ME', 'XX-X', 'HA-CK'].map((word) => word.replace('-', ''))
const LEFT_OPEN = new RegExp(`\\b(${MARKERS.join('|')})\\b`)
const ELSEWHERE = new RegExp(['/work', '/shared|', '\\.\\./', 'shared/'].join(''))

test('nothing is left open', () => {
  expect(everything.filter((path) => LEFT_OPEN.test(textOf.get(path)!))).toEqual([])
})

test('nothing refers to a place that users do not have', () => {
  // .ci/run uses a helper beside the repository where there is one.
  const wrong = everything.filter((path) => path !== '.ci/run' && ELSEWHERE.test(textOf.get(path)!))
  expect(wrong).toEqual([])
})

const readme = textOf.get('README.md')

describe.skipIf(readme === undefined)('the README', () => {
  test('names every part of src', () => {
    const parts = [...new Set(sources.map((path) => path.split('/')[1]!))]
    const unnamed = parts.filter(
      (part) => !readme!.includes(part.endsWith('.ts') ? part : `${part}/`),
    )
    expect(unnamed).toEqual([])
  })

  test('names no file or folder that is not there', () => {
    const named = readme!.matchAll(/(?<![\w./-])(?:src|test|docs|scenarios|snapshots)\/[\w./-]*\w/g)
    expect(
      [...named].map(([path]) => path).filter((path) => !existsSync(join(ROOT, path))),
    ).toEqual([])
  })
})

test('links between our texts lead somewhere', () => {
  const texts = everything.filter((path) => path.endsWith('.md'))
  const broken = texts.flatMap((path) =>
    [...textOf.get(path)!.matchAll(/\]\((?!https?:|mailto:|#)([^)#\s]+)/g)]
      .map(([, target]) => join(dirname(path), target!))
      .filter((target) => !existsSync(join(ROOT, target)))
      .map((target) => `${path} -> ${target}`),
  )
  expect(broken).toEqual([])
})
