/**
 * A policy changes what is masked: `keep` lets columns or JSON paths through, `mask` adds columns that would stay.
 * Keeping is never unconditional: a value that can be told to be personal or secret is masked all the same.
 */
import { LineCounter, isMap, isScalar, isSeq, parseDocument } from 'yaml'
import type { Document } from 'yaml'
import { DrillError } from '../../foundation/errors.ts'

export interface MaskPolicy {
  /** Columns (`result`) and JSON paths (`kwargs.order_ref`, `args.0`) that stay readable. */
  readonly keep: readonly string[]
  /** Columns that are masked though they would stay, and paths below kept ones that do not. */
  readonly mask: readonly string[]
}

export const NO_POLICY: MaskPolicy = Object.freeze({ keep: [], mask: [] })

/** What a drill reads: a snapshot without these columns is none, so nothing may mask them. */
const NEEDED: ReadonlySet<string> = new Set(
  `id state priority retry max_retries eta date_created date_enqueued date_started date_done date_cancelled
   channel model_name method_name channel_method_name job_function_id removal_interval complete_name parent_id
   channel_id method retry_pattern queue_job_id`.split(/\s+/),
)
/** What ties rows together: keeping it would lead from the snapshot back to production. */
const ALWAYS_MASKED: ReadonlySet<string> = new Set(['uuid', 'graph_uuid', 'dependencies'])

const LISTS = ['keep', 'mask'] as const
const PATH = /^[a-z_][a-z0-9_]*(?:\.[^.\s]+)*$/

/** Reads a policy of YAML. `path` is named in errors. Throws DrillError `input`: a line for each problem. */
export function parsePolicy(text: string, path: string): MaskPolicy {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false })
  const problems: string[] = []
  const note = (node: unknown, problem: string): void => {
    const offset = (node as { range?: readonly number[] } | null)?.range?.[0] ?? 0
    const { line, col } = lines.linePos(offset)
    problems.push(`${path}:${line}:${col}: ${problem}`)
  }
  for (const { message, pos } of [...document.errors, ...document.warnings]) {
    note({ range: pos }, `not YAML: ${message}`)
  }
  const policy = problems.length > 0 ? NO_POLICY : readLists(document, note)
  if (problems.length > 0) throw new DrillError('input', problems.join('\n'))
  return policy
}

type Note = (node: unknown, problem: string) => void

function readLists(document: Document, note: Note): MaskPolicy {
  const lists: Record<(typeof LISTS)[number], string[]> = { keep: [], mask: [] }
  const { contents } = document
  // An empty file is a policy that changes nothing.
  if (contents === null) return lists
  if (!isMap(contents)) {
    note(contents, 'a masking policy is a block with the lists "keep" and "mask"')
    return lists
  }
  for (const { key, value } of contents.items) {
    const name = String(isScalar(key) ? key.value : key)
    const list = LISTS.find((each) => each === name)
    if (list === undefined) note(key, `unknown key "${name}"; allowed: ${LISTS.join(', ')}`)
    else if (isSeq(value)) {
      for (const item of value.items) readPath(list, item, lists[list], note)
    } else if (!isScalar(value) || value.value !== null) {
      note(
        value,
        `${name} must be a list of columns and JSON paths, such as [result, kwargs.order_ref]`,
      )
    }
  }
  return lists
}

function readPath(list: 'keep' | 'mask', item: unknown, into: string[], note: Note): void {
  const path = isScalar(item) ? item.value : undefined
  if (typeof path !== 'string' || !PATH.test(path)) {
    note(
      item,
      `${list} lists columns and JSON paths as text, such as result, kwargs.order_ref, args.0`,
    )
    return
  }
  const column = path.split('.')[0]!
  if (list === 'keep' && ALWAYS_MASKED.has(column)) {
    note(
      item,
      `${column} cannot be kept: a job runner that meets a uuid twice stops (docs/masking.md)`,
    )
  } else if (list === 'mask' && NEEDED.has(path)) {
    note(item, `${path} cannot be masked: a drill needs it as it is`)
  } else into.push(path)
}

/** What the policy says about a place and the places below it. */
export interface PathRules {
  readonly isKept: boolean
  /** The place one step below; null = nothing said, nothing kept. */
  at(step: string): PathRules | null
}

const ALL_KEPT: PathRules = { isKept: true, at: () => ALL_KEPT }

/** Of the column and what is inside it; null if the policy does not mention it. */
export function rulesFor(policy: MaskPolicy, column: string): PathRules | null {
  const below = (list: readonly string[]): string[][] =>
    list.map((path) => path.split('.')).filter(([first]) => first === column)
  const keep = below(policy.keep)
  if (keep.length === 0) return null
  return rulesAt(keep, below(policy.mask), 1, false)
}

function rulesAt(
  keep: readonly string[][],
  mask: readonly string[][],
  depth: number,
  isKeptAbove: boolean,
): PathRules {
  const endsHere = (path: readonly string[]): boolean => path.length === depth
  const isKept = !mask.some(endsHere) && (isKeptAbove || keep.some(endsHere))
  const steps = new Set([...keep, ...mask].flatMap((path) => path.slice(depth, depth + 1)))
  const children = new Map(
    [...steps].map((step) => {
      const inside = (paths: readonly string[][]): string[][] =>
        paths.filter((path) => path[depth] === step)
      return [step, rulesAt(inside(keep), inside(mask), depth + 1, isKept)]
    }),
  )
  return { isKept, at: (step) => children.get(step) ?? (isKept ? ALL_KEPT : null) }
}
