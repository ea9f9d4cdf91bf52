/**
 * The public library is whole: every exported name is documented where it is declared, and every type that a public
 * declaration mentions is public, too. Read from the texts: TypeScript 7 has no compiler interface for tools yet.
 */
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import * as library from '../src/index.ts'

const SOURCES = fileURLToPath(new URL('../src', import.meta.url))
const textOf = (file: string): string => readFileSync(join(SOURCES, file), 'utf8')

interface Exported {
  /** Below src. */
  readonly file: string
  readonly name: string
}

interface Declaration {
  readonly documented: boolean
  /** Others are only parts of it, which nobody needs to name. */
  readonly exported: boolean
  /** From its keyword to the next declaration, without comments. */
  readonly text: string
}

/** `{ a, type B, C as D } from './x.ts'` → the names of that file. */
function namesFrom(file: string, keyword: 'import' | 'export'): Exported[] {
  const lists = textOf(file).matchAll(
    new RegExp(`^${keyword} (?:type )?\\{([^}]*)\\} from '(\\.[^']+)'`, 'gm'),
  )
  return [...lists].flatMap(([, list, from]) =>
    list!
      .split(',')
      .map((part) =>
        part
          .trim()
          .replace(/^type /, '')
          .replace(/ as .*$/, ''),
      )
      .filter((name) => name !== '')
      .map((name) => ({ file: join(dirname(file), from!), name })),
  )
}

function declarationOf({ file, name }: Exported): Declaration | null {
  const text = textOf(file)
  const pattern = new RegExp(
    `^(?:export )?(?:async )?(?:interface|type|const|class|function) ${name}\\b`,
    'm',
  )
  const at = text.search(pattern)
  if (at < 0) return null
  const rest = text.slice(at)
  const end = rest
    .slice(1)
    .search(/^(?:export |interface |type |const |class |function |async |\/\*\*)/m)
  const own = end < 0 ? rest : rest.slice(0, end + 1)
  // Of a function the signature alone is public.
  const isFunction = /^(?:export )?(?:async )?function /.test(own)
  const signature = isFunction ? own.slice(0, own.search(/\{\n/)) : own
  return {
    exported: own.startsWith('export '),
    documented: /\*\/\s*$/.test(text.slice(0, at)),
    text: signature.replaceAll(/\/\*[^]*?\*\//g, '').replaceAll(/'[^']*'/g, ''),
  }
}

const publicNames = namesFrom('index.ts', 'export')
const isPublic = ({ file, name }: Exported): boolean =>
  publicNames.some((each) => each.file === file && each.name === name)

test('what is exported at run time is what the list says', () => {
  const atRunTime = Object.keys(library).sort()
  expect(atRunTime).toEqual([
    'DrillError',
    'EXIT',
    'bundledScenarios',
    'drill',
    'openDrills',
    'parseScenario',
    'renderScorecard',
    'scoreDirectory',
  ])
})

test('every exported name is declared with its documentation', () => {
  const silent = publicNames
    .filter((each) => declarationOf(each)?.documented !== true)
    .map(({ file, name }) => `${file} ${name}`)
  expect(publicNames.length).toBeGreaterThan(80)
  expect(silent).toEqual([])
})

test('every type that a public declaration mentions is public', () => {
  const hidden = publicNames.flatMap((each) => {
    const { text } = declarationOf(each)!
    const imported = namesFrom(each.file, 'import')
    return (
      [...new Set(text.match(/\b[A-Z]\w*[a-z]\w*\b/g))]
        .filter((name) => name !== each.name)
        .map((name) => imported.find((other) => other.name === name) ?? { file: each.file, name })
        // Names of the platform, of packages and type parameters are declared nowhere here.
        .filter((other) => declarationOf(other)?.exported === true && !isPublic(other))
        .map(({ file, name }) => `${each.name}: ${file} ${name}`)
    )
  })
  expect(hidden).toEqual([])
})

test('the matchers are documented one by one', () => {
  const text = textOf('vitest.ts')
  const matchers = [...text.matchAll(/^  (to\w+)\(.*\): void$/gm)].map(([, name]) => name)
  expect(matchers).toEqual([
    'toPass',
    'toMeetExitCriteria',
    'toCauseNoDuplicates',
    'toRecoverWithin',
  ])
  for (const name of matchers) expect(text).toMatch(new RegExp(`\\*/\\n  ${name}\\(`))
})
