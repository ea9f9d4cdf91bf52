/**
 * The text of an operations file, to which entries are added without a letter of it being touched: people's
 * comments, blanks and order stay. New lines go in where the block of functions, or of integrations, ends.
 */
import { isDeepStrictEqual } from 'node:util'
import { isMap, isScalar, isSeq, LineCounter, parseDocument } from 'yaml'
import type { Document, Node, YAMLMap } from 'yaml'
import { DrillError, messageOf } from '../../foundation/errors.ts'
import { OPERATIONS_FILE } from '../format.ts'

export interface OperationsText {
  readonly text: string
  /** Job functions that have an entry; of each what the map wants to know. */
  readonly functions: ReadonlyMap<string, { readonly role?: string; readonly integration?: string }>
  /** Names that are declared. */
  readonly integrations: ReadonlySet<string>
}

/** Lines of each entry, not indented. */
export interface NewEntries {
  readonly integrations: readonly (readonly string[])[]
  readonly functions: readonly (readonly string[])[]
}

/** Throws DrillError `input` where the text is no YAML or no operations file. */
export function readFile(text: string): OperationsText {
  const { value } = parse(text)
  const integrations = blockOf(value, 'integrations')
  const functions = new Map(
    Object.entries(blockOf(value, 'functions')).map(([name, entry]) => {
      const { role, integration } = (entry ?? {}) as Readonly<Record<string, unknown>>
      return [
        name,
        {
          ...(typeof role === 'string' ? { role } : {}),
          ...(typeof integration === 'string' ? { integration } : {}),
        },
      ]
    }),
  )
  return { text, functions, integrations: new Set(Object.keys(integrations)) }
}

/**
 * Throws DrillError `input` where the file is written so that no line can be added to it: a block in braces, a second
 * document.
 */
export function addEntries({ text }: OperationsText, entries: NewEntries): string {
  const { root } = parse(text)
  // The one block that the file must have, even empty.
  const isMissing = (key: string) => key === 'functions' && pairOf(root, key) === undefined
  // From the end, so that offsets stay good; at the same place the functions go in first and end up below.
  const edits = (['functions', 'integrations'] as const)
    .filter((key) => entries[key].length > 0 || isMissing(key))
    .flatMap((key) => editsOf(text, key, entries[key]))
    .sort((a, b) => b.from - a.from)
  const newline = text.includes('\r\n') ? '\r\n' : '\n'
  let result = text
  for (const { from, to, lines } of edits) {
    const before = result.slice(0, from)
    const opens = lines.length === 0 || before === '' || before.endsWith('\n') ? '' : newline
    result = before + opens + lines.map((line) => line + newline).join('') + result.slice(to)
  }
  if (isOnlyAdded(text, result)) return result
  throw new DrillError(
    'input',
    `${OPERATIONS_FILE} is written in a way that no entry can be added to: keep one key a line under "integrations:" and "functions:"`,
  )
}

/** Takes out what stands between two offsets, and puts whole lines in. */
interface Edit {
  readonly from: number
  readonly to: number
  readonly lines: readonly string[]
}

function editsOf(text: string, key: string, entries: readonly (readonly string[])[]): Edit[] {
  const { root, lineAt } = parse(text)
  const pair = pairOf(root, key)
  if (pair === undefined) {
    const functions = pairOf(root, 'functions')
    if (key === 'integrations' && functions !== undefined) {
      return [insertion(aboveKey(text, functions), [`${key}:`, ...body(entries, 2), ''])]
    }
    const blank = text === '' || /\n\r?\n$/.test(text) ? [] : ['']
    const opening = entries.length === 0 ? `${key}: {}` : `${key}:`
    return [insertion(text.length, [...blank, opening, ...body(entries, 2)])]
  }
  const { value } = pair
  if (value === null || isEmptyBlock(value)) {
    const [start, to] = value?.range ?? [keyStart(pair), keyStart(pair)]
    // `{}` goes, with the blanks before it.
    const from = start < to ? text.slice(0, start).trimEnd().length : start
    return [insertion(lineEnd(text, to), body(entries, 2)), { from, to, lines: [] }]
  }
  if (!isRoot(value) || value.flow === true || root?.flow === true) {
    throw new DrillError(
      'input',
      `${OPERATIONS_FILE}:${lineAt(keyStart(pair))}: ${key} is written in braces or elsewhere: write one entry a line below "${key}:", then map again`,
    )
  }
  const column = indentOf(text, keyStart(value.items[0]!))
  return [insertion(afterBlock(text, value, column), ['', ...body(entries, column)])]
}

function insertion(at: number, lines: readonly string[]): Edit {
  return { from: at, to: at, lines }
}

/** Entries with a blank line between them. */
function body(entries: readonly (readonly string[])[], indent: number): string[] {
  return entries.flatMap((lines, index) => [
    ...(index === 0 ? [] : ['']),
    ...lines.map((line) => ' '.repeat(indent) + line),
  ])
}

type Root = YAMLMap<Node | null, Node | null>
type Item = Root['items'][number]

/** As the parser makes them: keys and values are nodes. */
function isRoot(node: unknown): node is Root {
  return isMap(node)
}

function pairOf(root: Root | null, key: string): Item | undefined {
  return root?.items.find((item) => isScalar(item.key) && item.key.value === key)
}

function isEmptyBlock(value: Node): boolean {
  return isScalar(value) ? value.value === null : isMap(value) && value.items.length === 0
}

function keyStart({ key }: Item): number {
  return key?.range?.[0] ?? 0
}

/** Start of the line of this key, or of the comment that stands directly above it. */
function aboveKey(text: string, pair: Item): number {
  let at = lineStart(text, keyStart(pair))
  while (at > 0) {
    const above = lineStart(text, at - 1)
    if (text[above] !== '#') break
    at = above
  }
  return at
}

/** Behind the last entry and the comments that are indented like it. */
function afterBlock(text: string, block: Root, column: number): number {
  let end = lineEnd(text, lastOffset(block))
  let at = end
  while (at < text.length) {
    const next = nextLine(text, at)
    const line = text.slice(at, next).trimEnd()
    const comment = /^( *)#/.exec(line)
    if (line !== '' && comment === null) break
    if (comment !== null && comment[1]!.length < column) break
    at = next
    if (comment !== null) end = next
  }
  return end
}

/** Where the last word of a block ends; its own range may reach over the comments below it. */
function lastOffset(node: Node | null): number {
  if (isRoot(node) && node.flow !== true) {
    const last = node.items.at(-1)
    if (last !== undefined) return lastOffset(last.value ?? last.key)
  }
  if (isSeq<Node | null>(node) && node.flow !== true && node.items.length > 0) {
    return lastOffset(node.items.at(-1)!)
  }
  return node?.range?.[1] ?? 0
}

function lineStart(text: string, at: number): number {
  return text.lastIndexOf('\n', at - 1) + 1
}

/** Start of the next line; an offset that is one already stays. */
function lineEnd(text: string, at: number): number {
  return at > 0 && text[at - 1] === '\n' ? at : nextLine(text, at)
}

function nextLine(text: string, at: number): number {
  const newline = text.indexOf('\n', at)
  return newline < 0 ? text.length : newline + 1
}

function indentOf(text: string, at: number): number {
  return /^ */.exec(text.slice(lineStart(text, at)))![0].length
}

/** All that the file said it still says. */
function isOnlyAdded(before: string, after: string): boolean {
  const [old, now] = [parse(before).value, parse(after).value]
  const isKept = (key: string): boolean =>
    Object.entries(blockOf(old, key)).every(([name, entry]) =>
      isDeepStrictEqual(blockOf(now, key)[name], entry),
    )
  return isKept('integrations') && isKept('functions')
}

type Value = Readonly<Record<string, unknown>>

/** A block of the file, empty where it has none. */
function blockOf(value: Value, key: string): Value {
  const block = value[key]
  return typeof block === 'object' && block !== null ? (block as Value) : {}
}

function parse(text: string): { root: Root | null; value: Value; lineAt: (at: number) => number } {
  const lineCounter = new LineCounter()
  const document = parseDocument(text, { lineCounter, prettyErrors: false })
  const lineAt = (at: number): number => lineCounter.linePos(at).line
  const [error] = document.errors
  if (error !== undefined) {
    throw new DrillError(
      'input',
      `${OPERATIONS_FILE}:${lineAt(error.pos[0])}: not YAML: ${error.message}`,
    )
  }
  const contents: unknown = document.contents
  const root = isRoot(contents) ? contents : null
  const isNothing = contents === null || (isScalar(contents) && contents.value === null)
  if (root === null && !isNothing) {
    throw new DrillError(
      'input',
      `${OPERATIONS_FILE}:1: must be a block with "integrations:" and "functions:"`,
    )
  }
  return { root, value: valueOf(document), lineAt }
}

function valueOf(document: Document): Value {
  try {
    return (document.toJS({ maxAliasCount: 100 }) ?? {}) as Value
  } catch (error) {
    // Only aliases can fail here: one without its anchor, or too many of them.
    throw new DrillError('input', `${OPERATIONS_FILE}: ${messageOf(error)}`, { cause: error })
  }
}
