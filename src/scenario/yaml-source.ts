/**
 * YAML as people write it: the value, and for every part of it the line and column where it stands, so that each
 * problem can name its place.
 */
import { isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument } from 'yaml'
import type { Document, Node, Pair } from 'yaml'
import { messageOf } from '../foundation/errors.ts'

/** Counted from 1, as editors do. */
export interface Position {
  readonly line: number
  readonly column: number
}

/** What is wrong with a file, and where. */
export interface Problem {
  readonly position: Position
  readonly text: string
}

export interface YamlSource {
  /** The plain value; undefined if the text is no YAML, then `problems` says why. */
  readonly value: unknown
  /** Problems of the YAML itself: syntax, a key twice, a second document. */
  readonly problems: readonly Problem[]
  /** Where the value at this path begins, or its key; of the nearest enclosing part when there is no such path. */
  positionOf(path: readonly PropertyKey[], part: 'key' | 'value'): Position
}

export function readYamlSource(text: string): YamlSource {
  const lineCounter = new LineCounter()
  const document = parseDocument(text, { lineCounter, prettyErrors: false, uniqueKeys: true })
  const positionAt = (offset: number): Position => {
    const { line, col } = lineCounter.linePos(offset)
    return { line, column: col }
  }
  const problems = [...document.errors, ...document.warnings].map((error) => ({
    position: positionAt(error.pos[0]),
    text: sentence(error.code, error.message),
  }))
  let value: unknown
  if (problems.length === 0) {
    try {
      value = document.toJS({ maxAliasCount: 100 })
    } catch (error) {
      // Only aliases can fail here: one without its anchor, or too many of them.
      problems.push({ position: positionAt(0), text: messageOf(error) })
    }
  }
  return {
    value,
    problems,
    positionOf: (path, part) => positionAt(offsetOf(document, path, part)),
  }
}

function sentence(code: string, message: string): string {
  if (code === 'DUPLICATE_KEY') return 'this key stands here a second time'
  if (code === 'MULTIPLE_DOCS') return 'a second document begins here; one file holds one'
  return `not YAML: ${message}`
}

function offsetOf(document: Document, path: readonly PropertyKey[], part: 'key' | 'value'): number {
  let node: unknown = document.contents
  let offset = startOf(node) ?? 0
  for (const [depth, name] of path.entries()) {
    const holder = isAlias(node) ? node.resolve(document) : node
    if (isMap(holder)) {
      const pair = holder.items.find((item) => keyOf(item) === String(name))
      if (pair === undefined) return offset
      const wantsKey = part === 'key' && depth === path.length - 1
      node = wantsKey || pair.value === null ? pair.key : pair.value
    } else if (isSeq(holder)) {
      node = holder.items[Number(name)]
    } else {
      return offset
    }
    offset = startOf(node) ?? offset
  }
  return offset
}

function keyOf(pair: Pair): string {
  return String(isScalar(pair.key) ? pair.key.value : pair.key)
}

function startOf(node: unknown): number | undefined {
  return (node as Node | null | undefined)?.range?.[0]
}
