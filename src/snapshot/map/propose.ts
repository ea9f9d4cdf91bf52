/**
 * Proposes an operations file from what a workload shows. What stands in the file already stays to the letter, and
 * nothing is proposed to be safe to repeat: `safety: unsafe` where a second run would be a duplicate, nothing at all
 * (unknown, so unsafe) elsewhere. Each proposal carries a comment that says what it was made from.
 */
import type { Workload } from '../../queue-job/workload.ts'
import { addEntries, readFile, type OperationsText } from './operations-text.ts'
import { nameIntegrations } from './integrations.ts'
import { judge, UNMAPPED_ROLE, type Judgement } from './judge.ts'
import { functionEntry, HEAD, integrationEntry } from './wording.ts'

export interface Proposal {
  /** The whole file; equal to the existing one when nothing was missing. */
  readonly text: string
  /** Job functions of the workload that no rule knows and nobody has described yet, sorted. */
  readonly unmapped: readonly string[]
  /** Job functions that this proposal wrote into the file, in its order. */
  readonly added: readonly string[]
  /** Job functions that the previous workload did not have, sorted; empty without one. */
  readonly appeared: readonly string[]
  /** Job functions that only the previous workload has, sorted. Their entries stay: they may come back. */
  readonly gone: readonly string[]
}

/** Names that the file can hold as keys; others are listed as unmapped. */
const WRITABLE = /^[a-z_][\w.]*\.\w+$/

/**
 * Pure. `existing`: text of the file so far, null = none. Throws DrillError `input` when it is no YAML, or is
 * written in a way that nothing can be added to without touching it; the message names the line.
 */
export function proposeOperations(
  workload: Workload,
  existing: string | null,
  previous?: Workload,
): Proposal {
  const file = readFile(existing ?? HEAD)
  const judged = workload.functions.map(judge)
  const missing = judged.filter(({ name }) => WRITABLE.test(name) && !file.functions.has(name))
  const named = nameIntegrations(judged, missing, file)
  const text = addEntries(file, {
    integrations: named.declared.map((each) => integrationEntry(each)),
    functions: missing.map((each) => functionEntry(each, named.byFunction.get(each.name) ?? null)),
  })
  return {
    text,
    unmapped: judged
      .filter((each) => isUnmapped(each, file))
      .map(nameOf)
      .sort(),
    added: missing.map(nameOf),
    ...difference(workload, previous),
  }
}

/** Judged so now, or left so by everybody since. */
function isUnmapped({ name, role }: Judgement, file: OperationsText): boolean {
  const entry = file.functions.get(name)
  if (entry !== undefined) return entry.role === UNMAPPED_ROLE
  return role === UNMAPPED_ROLE || !WRITABLE.test(name)
}

function difference(
  workload: Workload,
  previous: Workload | undefined,
): Pick<Proposal, 'appeared' | 'gone'> {
  if (previous === undefined) return { appeared: [], gone: [] }
  const now = new Set(workload.functions.map(nameOf))
  const before = new Set(previous.functions.map(nameOf))
  return {
    appeared: [...now].filter((name) => !before.has(name)).sort(),
    gone: [...before].filter((name) => !now.has(name)).sort(),
  }
}

function nameOf({ name }: { readonly name: string }): string {
  return name
}
