/**
 * The operations of the engine's contract, performed on the simulated host, and on the database in the engine's name
 * (its role, `application_name` odoocli), so that the audit sees them as its writes.
 */
import type { Client } from 'pg'
import { formatPgTimestamp } from '../foundation/time.ts'
import { operationsOf, type Operations as OperationsFile } from '../queue-job/operations.ts'
import type {
  Operations,
  RetryReport,
  RetryRequest,
  SafetyCatalogue,
} from '../recovery/contract.ts'
import { connectEngine } from '../recovery/connection.ts'
import { columnsOf, type JobColumns } from '../recovery/sql/columns.ts'
import { t10Assignments } from '../recovery/sql/requeue.ts'
import { OPERATION_APPLICATION } from '../sandbox/audit.ts'
import { lookupEffect, scaleWorkers, viewHost, viewWorkers } from '../simulation/operator.ts'
import type { World } from '../simulation/world.ts'
import type { IncidentDesk } from './incident-desk.ts'

/** The written catalogue: what the operations file says, gaps included. */
export function catalogueOf(operations: OperationsFile): SafetyCatalogue {
  return Object.fromEntries(
    Object.entries(operations.functions).map(([jobFunction, entry]) => [
      jobFunction,
      {
        jobFunction,
        safety: entry.safety,
        integration: entry.integration,
        slaMs: entry.slaMs,
        carriesValue: entry.effect === 'set' && entry.value === 'args',
      },
    ]),
  )
}

/** Operations give up rather than wait for a lock that the engine's own open transaction holds. */
const LOCK_TIMEOUT = '1s'

/** A session of the engine's role that the audit knows as an operation. */
export async function connectOperations(uri: string): Promise<Client> {
  const client = await connectEngine(uri, OPERATION_APPLICATION)
  await client.query(`set lock_timeout = '${LOCK_TIMEOUT}'`)
  return client
}

export interface OperationsOptions {
  readonly world: World
  readonly desk: IncidentDesk
  readonly operations: OperationsFile
  /** A connection as the engine's role, named odoocli, through the gateway. */
  readonly odoocli: () => Promise<Client>
}

export function createOperations({
  world,
  desk,
  operations,
  odoocli,
}: OperationsOptions): Operations {
  return {
    async doctor() {
      const report = viewHost(world)
      desk.note({ act: 'doctor', healthy: report.healthy })
      return report
    },
    workers: {
      async show() {
        return viewWorkers(world)
      },
      async scale(by) {
        if (!Number.isInteger(by) || by === 0) {
          throw new Error(`workers scale: the count must be a whole number other than 0, not ${by}`)
        }
        scaleWorkers(world, by)
        desk.note({ act: 'scale', by, httpWorkers: world.host.wanted })
        return viewWorkers(world)
      },
    },
    queue: {
      async retry(request) {
        const report = await retry(
          await odoocli(),
          world.now,
          desk.incidentFrom,
          operations,
          request,
        )
        desk.note({
          act: 'retry',
          ...request,
          requeued: report.requeued.length,
          refused: report.refused.length,
        })
        return report
      },
    },
    target: {
      async probe(integration) {
        if (!world.integrations.names.includes(integration)) {
          throw new Error(
            `target probe: there is no integration "${integration}"; there are ${world.integrations.names.join(', ')}`,
          )
        }
        const { healthy, answer, latencyMs } = world.integrations.probe(integration)
        desk.note({ act: 'probe', integration, healthy, answer })
        return { integration, healthy, answer, latencyMs }
      },
      async lookup(jobId) {
        const answer = lookupEffect(world, jobId)
        desk.note({ act: 'lookup', id: jobId, answer })
        return answer
      },
    },
    automations: {
      async list() {
        return world.automations.list.map(({ spec, paused }) => ({
          name: spec.name,
          description: spec.description,
          everyMs: spec.everyMs,
          paused,
        }))
      },
      pause: async (name) => setPaused(world, desk, name, true),
      resume: async (name) => setPaused(world, desk, name, false),
    },
  }
}

function setPaused(world: World, desk: IncidentDesk, name: string, paused: boolean): void {
  if (!world.automations.setPaused(name, paused)) {
    throw new Error(`automations: there is none called "${name}"`)
  }
  desk.note({ act: paused ? 'pause' : 'resume', automation: name })
}

interface Candidate {
  readonly id: number
  readonly fn: string
  readonly age_ms: number
}

const CANDIDATES = `
  select id, model_name || '.' || method_name as fn,
         (extract(epoch from $2::timestamp - date_started) * 1000)::float8 as age_ms
    from queue_job
   where state = 'failed' and channel = $1::text
     and date_started >= $3::timestamp and date_started <= $4::timestamp
   order by date_started, id`

/** T10: eta, exc_info and result stay; a job with a parent that is not done waits for it. */
const requeue = (columns: JobColumns) => `
  update queue_job as job
     set ${t10Assignments(columns)}
   where id = any ($1::int4[]) and state = 'failed'`

async function retry(
  client: Client,
  now: number,
  incidentFrom: number,
  operations: OperationsFile,
  { channel, olderThanMs, limit }: RetryRequest,
): Promise<RetryReport> {
  if (!Number.isInteger(limit) || limit < 1) {
    throw new Error('queue retry: --limit is required, a whole number of at least 1')
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
    const reason = whyUnsafe(operations, candidate)
    if (reason !== null) refused.push({ id: candidate.id, reason })
    else if (requeued.length < limit) requeued.push(candidate.id)
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
