/**
 * `odoocli queue retry` (DESIGN section 5): failed jobs of one channel and of this incident, the oldest first, only those
 * that are documented safe to repeat, in a limited batch, as transition T10. `force` is the dangerous form.
 */
import type { Client } from 'pg'
import { formatPgTimestamp } from '../../foundation/time.ts'
import { operationsOf, type Operations as OperationsFile } from '../../queue-job/operations.ts'
import type { RetryReport, RetryRequest } from '../../recovery/contract.ts'
import { columnsOf, type JobColumns } from '../../recovery/sql/columns.ts'
import { t10Assignments } from '../../recovery/sql/requeue.ts'

interface Candidate {
  readonly id: number
  readonly fn: string
  readonly age_ms: number
}

const CANDIDATES = `
  select id, model_name || '.' || method_name as fn,
         (extract(epoch from $2::timestamp - date_started) * 1000)::float8 as age_ms
    from queue_job
   where state = 'failed' and coalesce(channel, 'root') = $1::text
     and date_started >= $3::timestamp and date_started <= $4::timestamp
   order by date_started, id`

/** T10: eta, exc_info and result stay; a job with a parent that is not done waits for it. */
const requeue = (columns: JobColumns) => `
  update queue_job as job
     set ${t10Assignments(columns)}
   where id = any ($1::int4[]) and state = 'failed'`

/** Throws a sentence where the request is refused. */
export async function retry(
  client: Client,
  now: number,
  incidentFrom: number,
  operations: OperationsFile,
  { channel, olderThanMs, limit, force = false }: RetryRequest,
): Promise<RetryReport> {
  if (limit === null && !force) {
    throw new Error(
      'queue retry: a limit is required: without one everything that failed would run at once',
    )
  }
  if (limit !== null && !(Number.isInteger(limit) && limit >= 1)) {
    throw new Error(`queue retry: the limit must be a whole number of at least 1, not ${limit}`)
  }
  const found = await client.query<Candidate>(CANDIDATES, [
    channel,
    formatPgTimestamp(now),
    formatPgTimestamp(incidentFrom),
    formatPgTimestamp(now - olderThanMs),
  ])
  const requeued: number[] = []
  const refused: { id: number; reason: string }[] = []
  for (const candidate of found.rows) {
    const reason = force ? null : whyUnsafe(operations, candidate)
    if (reason !== null) refused.push({ id: candidate.id, reason })
    else if (requeued.length < (limit ?? Infinity)) requeued.push(candidate.id)
  }
  if (requeued.length > 0) {
    await client.query(requeue(await columnsOf(client)), [requeued])
  }
  return { requeued, refused }
}

/** Null = the catalogue promises that this job may run again. */
function whyUnsafe(operations: OperationsFile, { fn, age_ms: ageMs }: Candidate): string | null {
  if (operations.functions[fn] === undefined) return `${fn} is not in the catalogue`
  const { safety } = operationsOf(operations, fn)
  switch (safety.kind) {
    case 'idempotent':
      return null
    case 'keyed':
      return ageMs < safety.retentionMs
        ? null
        : `${fn} is protected by a key for a limited time, which is over`
    case 'unsafe':
      return `${fn} is documented as unsafe to repeat`
    case 'unknown':
      return `nothing is documented about repeating ${fn}`
  }
}
