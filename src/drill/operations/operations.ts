/**
 * The operations of the engine's contract, performed on the simulated host, and on the database in the engine's name
 * (its role, `application_name` odoocli), so that the audit sees them as its writes.
 */
import { type Client, DatabaseError } from 'pg'
import type { Operations as OperationsFile } from '../../queue-job/operations.ts'
import type { Operations, SafetyCatalogue } from '../../recovery/contract.ts'
import { connectEngine } from '../../recovery/connection.ts'
import { OPERATION_APPLICATION } from '../../sandbox/audit.ts'
import { lookupEffect, scaleWorkers, viewHost, viewWorkers } from '../../simulation/operator.ts'
import type { World } from '../../simulation/world.ts'
import type { IncidentDesk } from '../incident-desk.ts'
import { quarantine, release } from './quarantine.ts'
import { retry } from './retry.ts'
import { readBlockers, readShape } from './shape.ts'

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

/** The runbook's: the oldest thirty. */
const BLOCKERS = 30

/** Operations give up rather than wait for a lock that the engine's own open transaction holds. */
const LOCK_TIMEOUT = '1s'

/** SQLSTATE lock_not_available. */
const LOCKED = '55P03'

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

export function createOperations(options: OperationsOptions): Operations {
  const { world, desk } = options
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
    queue: queueOperations(options),
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

function queueOperations({
  world,
  desk,
  operations,
  odoocli,
}: OperationsOptions): Operations['queue'] {
  return {
    shape: async () => readShape(await odoocli(), world.now),
    blockers: async (limit = BLOCKERS) =>
      readBlockers(
        await odoocli(),
        desk.incidentFrom,
        world.now,
        wholeNumber(limit, 'queue blockers'),
      ),
    async retry(request) {
      const report = await unlocked('queue retry', async () =>
        retry(await odoocli(), world.now, desk.incidentFrom, operations, request),
      )
      const { channel, olderThanMs, limit, force = false } = request
      desk.note({
        act: 'retry',
        channel,
        olderThanMs,
        limit,
        ...(force && { forced: true }),
        requeued: report.requeued.length,
        refused: report.refused.length,
      })
      return report
    },
    async quarantine(request) {
      const report = await unlocked('queue quarantine', async () =>
        quarantine(await odoocli(), world.now, request),
      )
      const { forMs, ...selection } = request
      desk.note({ act: 'quarantine', ...selection, forMs, postponed: report.postponed })
      return report
    },
    async release(request) {
      const report = await unlocked('queue release', async () =>
        release(await odoocli(), world.now, request),
      )
      const { limit = null, ...selection } = request
      desk.note({ act: 'release', ...selection, limit, released: report.released.length })
      return report
    },
  }
}

/** A statement that gave up waiting for a lock, in words. */
async function unlocked<Report>(name: string, act: () => Promise<Report>): Promise<Report> {
  try {
    return await act()
  } catch (error) {
    if (!(error instanceof DatabaseError) || error.code !== LOCKED) throw error
    throw new Error(`${name}: an open transaction of the engine holds these jobs: end it first`, {
      cause: error,
    })
  }
}

/** At least 1. */
function wholeNumber(value: number, where: string): number {
  if (Number.isInteger(value) && value >= 1) return value
  throw new Error(`${where}: the limit must be a whole number of at least 1, not ${value}`)
}
