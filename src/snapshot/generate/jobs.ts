/** The jobs of a company in the order of their ids: its past, what is under way, and its graphs. */
import { HOUR } from '../../foundation/time.ts'
import type { Company } from './company.ts'
import type { Dialect } from './dialect.ts'
import { MICROSECONDS } from './draft.ts'
import type { JobDraft } from './draft.ts'
import { graphDrafts } from './graphs.ts'
import { history } from './history.ts'
import type { HistoryTotals } from './history.ts'
import { liveDrafts } from './live.ts'

export interface JobsOptions {
  readonly company: Company
  readonly dialect: Pick<Dialect, 'hasCancelled' | 'hasGraphs'>
  readonly seed: string
  readonly jobsPerDay: number
  /** How many jobs in all. */
  readonly rows: number
  /** ms, a full hour. */
  readonly capturedAt: number
}

/** Calls `take` for every job; ids grow, with gaps for the jobs that were cleaned up. Yields after each hour. */
export function* jobs(
  { company, dialect, ...settings }: JobsOptions,
  take: (draft: JobDraft, id: number) => void,
): Generator<void> {
  const { rows, seed, capturedAt } = settings
  const special = [
    ...liveDrafts(company, settings),
    ...(dialect.hasGraphs ? graphDrafts(company, seed, capturedAt) : []),
  ].sort((left, right) => left.createdUs - right.createdUs)
  const totals = historyTotals(rows - special.length, dialect)
  let id = 0
  let jobsBefore = 0
  for (const hour of history(company, totals, settings)) {
    const endUs = (hour.startAt + HOUR) * MICROSECONDS
    const drafts = [...hour.drafts]
    while (special.length > 0 && special[0]!.createdUs < endUs) drafts.push(special.shift()!)
    drafts.sort((left, right) => left.createdUs - right.createdUs)
    for (const draft of drafts) {
      const share = (draft.createdUs / MICROSECONDS - hour.startAt) / HOUR
      id = Math.max(id + 1, Math.floor(jobsBefore + share * hour.jobs))
      take(draft, id)
    }
    jobsBefore += hour.jobs
    yield
  }
}

/**
 * In a whole table about 0.25 % of the rows are old failures. A thinned one keeps more of them in proportion, a few
 * hundred, because they are what an incident must not be confused with.
 */
function historyTotals(
  rows: number,
  { hasCancelled }: Pick<Dialect, 'hasCancelled'>,
): HistoryTotals {
  const failed = Math.round(Math.max(0.0025 * rows, 3.5 * Math.sqrt(rows)))
  const cancelled = hasCancelled ? Math.round(0.004 * rows) : 0
  const legacy = Math.round(0.006 * rows)
  return { failed, cancelled, legacy, done: rows - failed - cancelled - legacy }
}
