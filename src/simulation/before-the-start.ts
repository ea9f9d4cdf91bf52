/**
 * What is true of the rows that a snapshot brings along (DESIGN section 4, "Before the start"): done → the effect
 * happened; failed or started → by what its exception says; failed long ago → mostly redone meanwhile by a job that
 * is no longer in the table. Each draw depends on seed and uuid alone, so all twins agree.
 */
import { random } from '../foundation/random.ts'
import { DAY } from '../foundation/time.ts'
import type { JobRow } from '../queue-job/job.ts'
import type { FunctionOperations, IntegrationOperations } from '../queue-job/operations.ts'
import { type Failure, isTimeout } from './failure.ts'

/** Older failures than this were mostly dealt with: by hand, or by a job that autovacuum has deleted since. */
const LONG_AGO_MS = 7 * DAY
const REDONE_SHARE = 0.8

/** Share of old failures that fail again for the same reason (bad data); errors of the partner do not last. */
const LASTING_SHARE = 0.7
const PASSING = /^(requests|urllib3|psycopg2|odoo\.addons\.queue_job\.exception)\b/

/** Exception class → share that had their effect before it was raised. A time-out says nothing; a refusal does. */
function defaultEffectShare(excName: string): number {
  return isTimeout(excName) ? 0.5 : 0
}

export interface PriorTruth {
  /** This row's effect, or that of the job that redid it, had happened. */
  readonly happened: boolean
  /** Redone by another job after the failure. */
  readonly redone: boolean
}

/** Truth of one loaded row with an effect. */
export function truthBefore(
  row: JobRow,
  operations: FunctionOperations,
  integration: IntegrationOperations,
  seed: number,
  startedAt: number,
): PriorTruth {
  if (operations.effect === 'none') return { happened: false, redone: false }
  if (row.state === 'done') return { happened: true, redone: false }
  if (row.state !== 'failed' && row.state !== 'started') return { happened: false, redone: false }
  const stream = random(seed, 'before-the-start', row.uuid)
  const excName = row.excName ?? ''
  const share = integration.effectBeforeFailure[excName] ?? defaultEffectShare(excName)
  const happened = stream.chance(share)
  const age = startedAt - (row.dateStarted ?? row.dateCreated ?? startedAt)
  const redone = row.state === 'failed' && age > LONG_AGO_MS && stream.chance(REDONE_SHARE)
  return { happened: happened || redone, redone }
}

/** The failure that an old failed row would meet again, or null. */
export function lastingFailureOf(row: JobRow, seed: number): Failure | null {
  if (row.state !== 'failed' || row.excName === null || PASSING.test(row.excName)) return null
  if (!random(seed, 'lasting-failure', row.uuid).chance(LASTING_SHARE)) return null
  return { excName: row.excName, excMessage: row.excMessage ?? '', fromCall: false }
}
