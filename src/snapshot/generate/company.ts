/** What the generator knows of a company: all of it data, so that another one is another file. */
import type { JobFunction } from './job-function.ts'

export interface Company {
  readonly name: string
  /** `{series}` stands for that of Odoo. */
  readonly description: string
  /** Mean over the week. */
  readonly jobsPerDay: number
  /** Rows of `queue_job` that are kept of the history. */
  readonly rows: number
  readonly functions: readonly JobFunction[]
  /** Of a module that was removed two years ago; its channel was never in the table, so nothing cleans its rows. */
  readonly legacy: JobFunction
  /**
   * Channels that are in the table → days after which their done and cancelled jobs are deleted; a parent stands before
   * its children. Jobs of other channels are never cleaned: such rows pile up, as in life.
   */
  readonly removalDays: Readonly<Record<string, number>>
  readonly cast: Cast
}

/** Job functions, by name, that play a part in what every snapshot shows. */
export interface Cast {
  /** Comes back after a concurrent update of its row. */
  readonly conflicting: string
  /** Planned for the coming night. */
  readonly tonight: readonly string[]
  /** Planned for one of the coming days. */
  readonly someDay: string
  /** What failed today: function, number of the failure in its list, minutes ago. */
  readonly failedToday: readonly (readonly [name: string, failure: number, minutesAgo: number])[]
  /** Three parents and the child that waits for them. */
  readonly graph: { readonly parent: string; readonly child: string }
}
