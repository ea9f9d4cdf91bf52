/** Runbook step 3 as operations: pending jobs are kept from running for a while, and let go again, a few first. */
import type { Client } from 'pg'
import { DAY, formatPgTimestamp, SECOND } from '../../foundation/time.ts'
import type {
  PendingSelection,
  QuarantineReport,
  QuarantineRequest,
  ReleaseReport,
  ReleaseRequest,
} from '../../recovery/contract.ts'

/** $1: channel, $2: job function; one of them is null. */
const SELECTED = `state = 'pending'
     and (coalesce(channel, 'root') = $1::text or model_name || '.' || method_name = $2::text)`

const POSTPONE = `
  update queue_job set eta = $3::timestamp
   where ${SELECTED} and (eta is null or eta < $3::timestamp)`

/** Throws a sentence where the request is refused. `now`: virtual ms. */
export async function quarantine(
  client: Client,
  now: number,
  request: QuarantineRequest,
): Promise<QuarantineReport> {
  const { forMs } = request
  if (!(forMs >= SECOND && forMs <= DAY)) {
    throw new Error('queue quarantine: say for how long, from 1 second to 24 hours')
  }
  const until = new Date(now + Math.round(forMs))
  const values = [...selected(request), formatPgTimestamp(until.getTime())]
  const { rowCount } = await client.query(POSTPONE, values)
  return { postponed: rowCount ?? 0, until }
}

const RELEASE = `
  update queue_job set eta = null
   where id in (select id from queue_job
                 where ${SELECTED} and eta > $3::timestamp
                 order by date_created, id limit $4::int8)
  returning id`

/** Throws a sentence where the request is refused. `now`: virtual ms. */
export async function release(
  client: Client,
  now: number,
  request: ReleaseRequest,
): Promise<ReleaseReport> {
  const { limit = null } = request
  if (limit !== null && !(Number.isInteger(limit) && limit >= 1)) {
    throw new Error(`queue release: the limit must be a whole number of at least 1, not ${limit}`)
  }
  const values = [...selected(request), formatPgTimestamp(now), limit]
  const { rows } = await client.query<{ id: number }>(RELEASE, values)
  return { released: rows.map(({ id }) => id).sort((left, right) => left - right) }
}

function selected(request: PendingSelection): [string | null, string | null] {
  return 'channel' in request ? [request.channel, null] : [null, request.jobFunction]
}
