/** The operations file of a fresh capture: every job function with nothing known about it, for people to fill in. */
import type { Workload } from '../../queue-job/workload.ts'

const HEAD = `# What the job functions do outside Odoo, and what is written down about repeating them.
# Nothing is known yet: docs/snapshots.md explains each key.
`

/** A file that people have edited (`existing`) stays as it is. */
export function firstOperations(workload: Workload, existing: string | null): string {
  if (existing !== null) return existing
  const entries = workload.functions.map(({ name }) => `  ${name}:\n    effect: none\n`)
  return `${HEAD}\nintegrations: {}\n\nfunctions:\n${entries.join('')}`
}
