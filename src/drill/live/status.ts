/** How a live drill stands, for the facilitator. */
import { formatPgTimestamp, parsePgTimestamp } from '../../foundation/time.ts'
import { faultText } from '../../journal/facilitator.ts'
import { type JobState, STATES } from '../../queue-job/job.ts'
import { OPERATION_APPLICATION } from '../../sandbox/audit.ts'
import type { DrillDatabase } from '../../sandbox/sandbox.ts'
import type { IncidentDesk } from '../incident-desk.ts'
import type { DrillInputs } from '../inputs.ts'
import type { DrillSession } from '../session.ts'

/** Of connections that the harness keeps in the people's name. */
export const HARNESS_APPLICATION = 'queue-drill'

/** What the clock and the facilitator's own acts say. */
interface Clock {
  /** Virtual ms. */
  readonly now: number
  /** 0 = paused. */
  readonly speed: number
  /** The speed that the machine has kept lately; null = not known yet. */
  readonly kept: number | null
  /** The world waits for an open transaction for so long, wall ms; null = it does not. */
  readonly heldUpMs: number | null
  readonly hintsLeft: number
}

export interface LiveStatus extends Clock {
  readonly startedAt: number
  /** As far as is known. */
  readonly endsAt: number
  readonly byState: Readonly<Record<JobState, number>>
  /** Pending, and their eta has come: as the table shows it. */
  readonly due: number
  /** Of the oldest of them, since it could have run, ms; null = there is none. */
  readonly oldestDueMs: number | null
  /** Sessions of the people, by what they call themselves. */
  readonly sessions: readonly {
    readonly name: string
    readonly count: number
    readonly inTransaction: number
  }[]
  readonly incident: { readonly state: IncidentDesk['state']; readonly since: number | null }
  readonly faults: readonly {
    readonly text: string
    readonly phase: 'to come' | 'in force' | 'over'
  }[]
}

const COUNTS = `
  select state, count(*)::int4 as jobs,
         count(*) filter (where state = 'pending' and (eta is null or eta <= $1::timestamp))::int4
           as due,
         min(coalesce(greatest(eta, date_created), date_created, eta)) filter (
           where state = 'pending' and (eta is null or eta <= $1::timestamp)) as oldest
    from public.queue_job group by state`

export async function readStatus(
  { snapshot }: DrillInputs,
  database: DrillDatabase,
  { world, desk, endsAt }: DrillSession,
  clock: Clock,
): Promise<LiveStatus> {
  const { rows } = await database.world.query<CountRow>(COUNTS, [formatPgTimestamp(clock.now)])
  const byState = Object.fromEntries(STATES.map((state) => [state, 0])) as Record<JobState, number>
  for (const { state, jobs } of rows) byState[state] = jobs
  const pending = rows.find(({ state }) => state === 'pending')
  const oldest = pending?.oldest ?? null
  return {
    ...clock,
    startedAt: snapshot.capturedAt,
    endsAt,
    byState,
    due: pending?.due ?? 0,
    oldestDueMs: oldest === null ? null : Math.max(0, clock.now - parsePgTimestamp(oldest)),
    sessions: sessionsOf(database),
    incident: { state: desk.state, since: desk.since },
    faults: world.integrations.faults.map(({ spec, inForce }) => ({
      text: faultText(spec),
      phase: phaseOf(
        inForce && spec.kind !== 'workers-killed',
        snapshot.capturedAt + spec.fromMs,
        world.now,
      ),
    })),
  }
}

interface CountRow {
  readonly state: JobState
  readonly jobs: number
  readonly due: number
  readonly oldest: string | null
}

/** Those of the harness are not shown: they are there all the time. */
function sessionsOf({ gateway }: DrillDatabase): LiveStatus['sessions'] {
  const found = new Map<string, { count: number; inTransaction: number }>()
  for (const { applicationName, inTransaction } of gateway.sessions) {
    if (applicationName === HARNESS_APPLICATION || applicationName === OPERATION_APPLICATION)
      continue
    const name = applicationName === '' ? 'without a name' : applicationName
    const entry = found.get(name) ?? { count: 0, inTransaction: 0 }
    found.set(name, entry)
    entry.count++
    if (inTransaction) entry.inTransaction++
  }
  return [...found].map(([name, counts]) => ({ name, ...counts }))
}

/** A fault without a window is over as soon as it has begun. */
function phaseOf(inForce: boolean, from: number, now: number): 'to come' | 'in force' | 'over' {
  if (inForce) return 'in force'
  return now <= from ? 'to come' : 'over'
}
