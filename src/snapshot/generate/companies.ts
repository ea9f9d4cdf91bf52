/** The two invented companies of the bundled snapshots, and what their numbers are. */
import { INVOICE, PAYMENT, STOCK, WEBHOOK } from './customer-functions.ts'
import { EDI, EXPORT, LABEL } from './trade-functions.ts'
import { INTERNAL, LONG_RUNNING } from './internal-functions.ts'
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
}

const COMMON = [
  ...WEBHOOK,
  ...STOCK,
  ...PAYMENT,
  ...INVOICE,
  ...LABEL,
  ...EDI,
  ...EXPORT,
  ...INTERNAL,
]

export const COMPANIES: Readonly<Record<string, Company>> = {
  'company-25k': {
    name: 'company-25k',
    description:
      'A wholesaler on Odoo {series}: 25,000 jobs a day, with exports and valuations that run for ten minutes.',
    jobsPerDay: 25_000,
    rows: 8_000,
    functions: [...COMMON, ...LONG_RUNNING],
  },
  'company-60k': {
    name: 'company-60k',
    description:
      'A retailer with a web shop on Odoo {series}: 60,000 jobs a day, none longer than 100 s.',
    jobsPerDay: 60_000,
    rows: 30_000,
    functions: COMMON,
  },
}

/** A Tuesday in the busy season. */
export const CAPTURED_AT = Date.UTC(2026, 10, 17, 10)
