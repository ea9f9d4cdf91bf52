/**
 * Which rows of `queue_job` a capture takes. The limits concern the history only: every job that is under way is taken,
 * whatever they say, or the queue would not be the one of that moment.
 */
import type { Client } from 'pg'
import { DatabaseError, escapeLiteral } from 'pg'
import { DrillError } from '../../foundation/errors.ts'
import { DAY, formatPgTimestamp, isoUtc } from '../../foundation/time.ts'
import { STATES } from '../../queue-job/job.ts'

/** Of the history: done, cancelled, failed. */
export interface CaptureLimits {
  /** A condition in SQL on columns of `queue_job`: trusted, it comes from whoever may read the table anyway. */
  readonly where?: string
  /** Only what was created from then on, ms. */
  readonly since?: number
  /** Done and cancelled jobs of the last so many days; failed ones stay. */
  readonly doneDays?: number
  /** So many percent of the done and cancelled jobs, 0..100, always the same ones; failed ones stay. */
  readonly donePercent?: number
}

/** A condition on `queue_job`. `columns`: those that can be read. */
export function takenCondition(
  { where, since, doneDays, donePercent }: CaptureLimits,
  now: number,
  columns: ReadonlySet<string>,
): string {
  const conditions: string[] = []
  if (since !== undefined) conditions.push(`date_created >= ${timestamp(since)}`)
  if (doneDays !== undefined) {
    const ends = ['date_done', 'date_cancelled', 'date_created'].filter((each) => columns.has(each))
    const from = timestamp(now - doneDays * DAY)
    conditions.push(`(state = 'failed' or coalesce(${ends.join(', ')}) >= ${from})`)
  }
  if (donePercent !== undefined) {
    // Knuth's multiplicative hash: the same ids in every capture, spread evenly.
    const hash = '(id::bigint * 2654435761 % 4294967296)'
    const limit = Math.round((donePercent / 100) * 2 ** 32)
    conditions.push(`(state = 'failed' or ${hash} < ${limit})`)
  }
  // On a line of its own: a comment at its end must not swallow the bracket.
  if (where !== undefined) conditions.push(`(${where}\n)`)
  const jobs = jobCondition(columns)
  if (conditions.length === 0) return jobs
  return `(${jobs} and (state not in ('done', 'cancelled', 'failed') or (${conditions.join(' and ')})))`
}

/** SQL: whether a row is a job at all, to the addon and to a drill. Rows of others (an import, a script) are left out. */
export function jobCondition(columns: { has(column: string): boolean }): string {
  const states = STATES.map(escapeLiteral).join(', ')
  const named = ['model_name', 'method_name'].filter((column) => columns.has(column))
  return `(${[`state in (${states})`, ...named.map((column) => `${column} is not null`)].join(' and ')})`
}

/** The limits as a user gives them, for the manifest. */
export function limitsInWords({ where, since, doneDays, donePercent }: CaptureLimits): string[] {
  return [
    ...(where === undefined ? [] : [`--where ${where}`]),
    ...(since === undefined ? [] : [`--since ${isoUtc(since)}`]),
    ...(doneDays === undefined ? [] : [`--done-days ${doneDays}`]),
    ...(donePercent === undefined ? [] : [`--thin ${donePercent}`]),
  ]
}

/**
 * Lets the server read the condition without running it, as one prepared statement, which cannot hold two commands: the
 * text goes into a COPY afterwards, where it could. Throws DrillError `input` with what the server says.
 */
export async function checkCondition(client: Client, condition: string): Promise<void> {
  try {
    await client.query(`select from queue_job where ${condition} limit $1::int`, [0])
  } catch (error) {
    // Class 42: syntax, unknown names, wrong types. A lack of rights is none of the condition's faults.
    if (!(error instanceof DatabaseError) || !/^42(?!501)/.test(error.code ?? '')) throw error
    throw new DrillError(
      'input',
      `--where is no condition on queue_job: ${error.message}. Write it as after "where", such as channel <> 'root.archive'`,
      { cause: error },
    )
  }
}

function timestamp(at: number): string {
  return `timestamp '${formatPgTimestamp(at)}'`
}
