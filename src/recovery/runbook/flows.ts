/**
 * A flow is what breaks and heals together: all job functions of one integration, or one function that stays inside
 * Odoo. Blockers are named, isolated and released by flow.
 */
import type { SafetyCatalogue } from '../contract.ts'

export interface Flow {
  /** `shop-webhook`, or the function's name. */
  readonly name: string
  /** Null = nobody can be probed. */
  readonly integration: string | null
}

export function flowOf(jobFunction: string, catalogue: SafetyCatalogue): Flow {
  const integration = catalogue[jobFunction]?.integration ?? null
  return { name: integration ?? jobFunction, integration }
}

/** Job functions of the catalogue that belong to the flow, sorted; at least the function that it is named after. */
export function functionsOf(flow: Flow, catalogue: SafetyCatalogue): readonly string[] {
  if (flow.integration === null) return [flow.name]
  return Object.values(catalogue)
    .filter(({ integration }) => integration === flow.integration)
    .map(({ jobFunction }) => jobFunction)
    .sort()
}

/** What the catalogue allows for a job that has been tried before. */
export type Repeat = 'safe' | 'keyed' | 'ask'

export function repeatOf(jobFunction: string, catalogue: SafetyCatalogue): Repeat {
  switch (catalogue[jobFunction]?.safety.kind) {
    case 'idempotent':
      return 'safe'
    case 'keyed':
      return 'keyed'
    default:
      // Unsafe, undocumented, or not in the catalogue at all.
      return 'ask'
  }
}

/** How long the partner recognises a repetition, ms; null = the function has no key. */
export function retentionOf(jobFunction: string, catalogue: SafetyCatalogue): number | null {
  const safety = catalogue[jobFunction]?.safety
  return safety?.kind === 'keyed' ? safety.retentionMs : null
}
