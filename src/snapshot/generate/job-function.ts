/**
 * What the generator knows of a job function: its traffic, its run time, how it fails, what its payload looks like, and
 * what the team wrote about it. Rows, workload and operations file of a company are all made from these, so they agree.
 */
import assert from 'node:assert/strict'
import { DURATION_PROBABILITIES } from '../../queue-job/workload.ts'
import type { WorkloadFailure } from '../../queue-job/workload.ts'
import { INTEGRATIONS } from './integrations.ts'
import type { IntegrationName } from './integrations.ts'
import type { Rhythm } from './rhythm.ts'
import type { Season } from './season.ts'

/**
 * What stands in `args` and `kwargs`: nothing; a number (the workload's `argument: value`); a datetime; a pair of dates
 * and a flag; a recordset by keyword; an XML document; a recordset and a text.
 */
export type PayloadStyle = 'none' | 'value' | 'since' | 'period' | 'partner' | 'document' | 'lines'

/** What the operations file says of a function, in the file's own words. */
export interface OperationsEntry {
  readonly role: string
  readonly effect: 'none' | 'once' | 'set' | 'each'
  /** Absent = the default (`records`, `args`). */
  readonly businessKey?: readonly string[]
  readonly value?: 'args' | 'current'
  /** Absent = nobody wrote it down: unknown, to be treated as unsafe. */
  readonly safety?: 'idempotent' | 'unsafe' | { readonly retention: string }
  readonly critical?: boolean
  readonly failureStyle?: 'fail' | 'postpone'
  readonly comment?: string
}

export interface JobFunction {
  /** `<model>.<method>`. */
  readonly name: string
  /** Description of the job; the reference of the record is put behind it. */
  readonly title: string
  readonly channel: string
  /** Per mille of the company's jobs of a day. */
  readonly share: number
  readonly rhythm: Rhythm
  /** Of the history only: the workload is that of a usual week. */
  readonly season: Season
  readonly priority: number
  readonly maxRetries: number
  readonly retryPattern: Readonly<Record<string, number>> | null
  /** Whether `queue_job_function` has a row for it; without one the creator names the channel. */
  readonly configured: boolean
  /** At DURATION_PROBABILITIES. */
  readonly durationMs: readonly number[]
  readonly cpuShare: number
  readonly memoryMb: number
  readonly failures: readonly WorkloadFailure[]
  readonly burstMean: number
  readonly recordPool: number | null
  readonly payload: PayloadStyle
  readonly identityKey: boolean
  readonly integration: IntegrationName | null
  /** Odoo module, for tracebacks. */
  readonly module: string
  /** null = the operations file does not name it: a gap of the team's catalogue. */
  readonly operations: OperationsEntry | null
}

type Defaulted = Omit<JobFunction, 'name' | 'title' | 'channel' | 'share' | 'rhythm' | 'durationMs'>

/** Fills in what most job functions have in common. */
export function jobFunction(
  given: Pick<JobFunction, 'name' | 'title' | 'channel' | 'share' | 'rhythm' | 'durationMs'> &
    Partial<Defaulted>,
): JobFunction {
  const integration = given.integration ?? null
  return {
    season: 'none',
    priority: 10,
    maxRetries: 5,
    retryPattern: null,
    configured: true,
    cpuShare: 0.25,
    memoryMb: 40,
    burstMean: 1,
    recordPool: null,
    payload: 'none',
    identityKey: false,
    integration,
    module: integration === null ? 'company_base' : INTEGRATIONS[integration].module,
    operations: null,
    failures: [],
    ...given,
  }
}

/** A name that a company's own data promises. */
export function functionNamed(functions: readonly JobFunction[], name: string): JobFunction {
  const fn = functions.find((each) => each.name === name)
  assert(fn !== undefined, `the company has a job function ${name}`)
  return fn
}

/** Standard normal quantiles at DURATION_PROBABILITIES; both ends are cut. */
const NORMAL_QUANTILES = [-2.6, -1.645, -0.674, 0, 0.674, 1.282, 1.645, 2.326, Infinity]

/** Long-tailed run times around a median: log-normal with this spread, none above `maxMs`; whole ms. */
export function longTailed(medianMs: number, spread: number, maxMs: number): number[] {
  return DURATION_PROBABILITIES.map((_, index) =>
    Math.round(Math.min(maxMs, medianMs * Math.exp(spread * NORMAL_QUANTILES[index]!))),
  )
}

/** Failures of a partner reached by HTTP, in normal operation; `share` is their sum. `{id}` = id of the record. */
export function httpFailures(integration: IntegrationName, share: number): WorkloadFailure[] {
  const { host, timeout } = INTEGRATIONS[integration]
  return [
    {
      excName: 'requests.exceptions.ReadTimeout',
      excMessage: `HTTPSConnectionPool(host='${host}', port=443): Read timed out. (read timeout=${timeout})`,
      share: part(share, 0.4),
    },
    {
      excName: 'requests.exceptions.ConnectionError',
      excMessage: `HTTPSConnectionPool(host='${host}', port=443): Max retries exceeded with url: /v2 (Caused by NewConnectionError('Failed to establish a new connection: [Errno 111] Connection refused'))`,
      share: part(share, 0.2),
    },
    {
      excName: 'requests.exceptions.HTTPError',
      excMessage: `503 Server Error: Service Unavailable for url: https://${host}/v2/{id}`,
      share: part(share, 0.2),
    },
    {
      excName: 'requests.exceptions.HTTPError',
      excMessage: `422 Client Error: Unprocessable Entity for url: https://${host}/v2/{id}`,
      share: part(share, 0.2),
    },
  ]
}

/** Failures of Odoo's own making. */
export function businessFailures(model: string, share: number): WorkloadFailure[] {
  return [
    {
      excName: 'odoo.exceptions.MissingError',
      excMessage: `Record does not exist or has been deleted.\n(Record: ${model}({id},), User: 2)`,
      share: part(share, 0.4),
    },
    {
      excName: 'odoo.exceptions.ValidationError',
      excMessage: 'The operation cannot be completed: a mandatory field is not set.',
      share: part(share, 0.4),
    },
    {
      excName: 'odoo.exceptions.UserError',
      excMessage: 'You cannot modify a record of a locked period.',
      share: part(share, 0.2),
    },
  ]
}

function part(share: number, of: number): number {
  return Math.round(share * of * 1e6) / 1e6
}
