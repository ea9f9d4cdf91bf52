/**
 * The runbook as a module in TypeScript, without the gaps of the text: the quarantine is renewed at every check, a target
 * is tried with a few jobs before the others follow, nothing is repeated that may have happened, and scripts that bring
 * back failed jobs blindly are paused. In a project of its own the import reads `from 'queue-drill'`.
 */
import type { Incident, RecoveryEngine } from '../../src/index.ts'

const MINUTE = 60_000
/** The runbook: a signal lasts 10 to 15 minutes, and closing takes three checks. */
const CHECKS = 3
const POSTPONE_MS = 30 * MINUTE
const BATCH = 200
const BATCHES_PER_CHECK = 5
/** Jobs that wait on an ordinary day, at most. */
const NORMAL_DUE = 60
/** Of each job function of a target that answers again. */
const CANARIES = 3
/** What is under way may still happen: the partner's "absent" counts after so long. */
const ABSENT_AFTER_MS = 10 * MINUTE

const FUNCTION = `model_name || '.' || method_name`
/** What an operator's requeue writes, and the eta that it keeps. */
const REQUEUE = `update queue_job
    set state = 'pending', retry = 0, eta = null, date_enqueued = null, date_started = null, date_done = null,
        exec_time = 0, worker_pid = 0, exc_name = null, exc_message = null
  where id = any ($1) and state in ('failed', 'started')`
const SETTLE = `update queue_job
    set state = 'done', date_done = $2, result = $3, exc_name = null, exc_message = null, exc_info = null
  where id = any ($1) and state in ('failed', 'started')`
/** A job without a worker holds its slot. */
const FREE = `update queue_job
    set state = 'failed', exc_name = 'OutcomeUnknown', exc_message = 'Its worker is gone: has it happened?'
  where id = any ($1) and state = 'started'`

interface Figures {
  readonly due: number
  readonly busy: number
  /** Failed once more, long after they were created. */
  readonly again: number
  /** Critical jobs that failed in the last quarter of an hour, or wait for longer than that. */
  readonly late: number
}

interface Job {
  readonly id: number
  readonly fn: string
  readonly state: 'failed' | 'started'
  readonly startedAt: Date
  /** A newer job of the same function has the same records. */
  readonly superseded: boolean
}

class Runbook implements RecoveryEngine {
  readonly name = 'runbook.ts'
  #checksWithSigns = 0
  #goodChecks = 0
  #last: Figures | null = null
  #openedAt: Date | null = null
  /** Integration → the jobs that try it since the last check; none yet = it does not answer. */
  readonly #isolated = new Map<string, readonly number[]>()
  /** Integrations that were isolated in this incident. */
  readonly #hit = new Set<string>()
  /** Jobs without a worker at the last check. */
  #dead = new Set<number>()
  /** Left to people. */
  readonly #left = new Set<number>()

  async check(incident: Incident): Promise<void> {
    const figures = await look(incident)
    if (this.#openedAt === null) await this.#watch(incident, figures)
    if (this.#openedAt !== null) {
      await this.#pauseLoops(incident, figures)
      await this.#isolate(incident)
      const left = await this.#bringBack(incident, this.#openedAt)
      await this.#leave(incident, figures, left)
    }
    this.#last = figures
  }

  /** Steps 1 and 2. */
  async #watch(incident: Incident, { due, busy, again, late }: Figures): Promise<void> {
    const grows =
      due > NORMAL_DUE && due >= (this.#last?.due ?? 0) && busy <= (this.#last?.busy ?? 0) + 1
    const signals = [
      grows && ('pending-grows-started-flat' as const),
      again >= 10 && ('failed-pending-loop' as const),
      late >= 20 && ('business-lag' as const),
    ].filter((signal) => signal !== false)
    this.#checksWithSigns = signals.length === 0 ? 0 : this.#checksWithSigns + 1
    if (this.#checksWithSigns < CHECKS) return
    await incident.open(signals)
    this.#openedAt = incident.now
    const { byState, channels } = await incident.operations.queue.shape()
    await incident.notes.baseline({
      byState: Object.fromEntries(byState.map(({ state, jobs }) => [state, jobs])),
      pendingByChannel: Object.fromEntries(
        channels.slice(0, 10).map(({ channel, pending }) => [channel, pending]),
      ),
    })
    for (const { id, channel, exception } of await incident.operations.queue.blockers()) {
      console.log(id, channel, exception)
    }
  }

  async #pauseLoops(
    { operations: { automations }, notes }: Incident,
    { again }: Figures,
  ): Promise<void> {
    if (again < 10) return
    for (const { name, description, paused } of await automations.list()) {
      if (paused) continue
      await automations.pause(name)
      await notes.decision(`Paused ${name}`, `failed jobs go round: ${description}`)
    }
  }

  /** Step 3: what does not answer is kept apart, also what comes anew; what answers is tried, then released. */
  async #isolate(incident: Incident): Promise<void> {
    const { now, database, operations, catalogue, notes } = incident
    const integrations = new Set(
      Object.values(catalogue).flatMap((entry) => entry.integration ?? []),
    )
    for (const integration of [...integrations].sort()) {
      const functions = functionsOf(incident, integration)
      const { healthy, answer } = await operations.target.probe(integration)
      const canaries = this.#isolated.get(integration)
      if (!healthy) {
        if (canaries === undefined) await notes.decision(`Isolate ${integration}`, answer)
        this.#isolated.set(integration, [])
        this.#hit.add(integration)
        await database.query(
          `update queue_job set eta = $1
            where state = 'pending' and ${FUNCTION} = any ($2) and (eta is null or eta < $3)`,
          [after(now, POSTPONE_MS), functions, after(now, 10 * MINUTE)],
        )
      } else if (canaries !== undefined) {
        await this.#tryAgain(incident, integration, canaries)
      }
    }
  }

  /** An answer to a probe proves little: a few jobs first. */
  async #tryAgain(
    incident: Incident,
    integration: string,
    canaries: readonly number[],
  ): Promise<void> {
    const functions = functionsOf(incident, integration)
    const sent = canaries.length === 0 ? await this.#sendCanaries(incident, functions) : canaries
    if (canaries.length === 0 && sent.length > 0) this.#isolated.set(integration, sent)
    else if (!(await areDone(incident, sent))) this.#isolated.set(integration, [])
    else {
      for (const jobFunction of functions) await incident.operations.queue.release({ jobFunction })
      await incident.notes.decision(
        `Released ${integration}`,
        `${sent.length} canaries went through`,
      )
      this.#isolated.delete(integration)
    }
  }

  async #sendCanaries({ operations }: Incident, functions: readonly string[]): Promise<number[]> {
    const sent: number[] = []
    for (const jobFunction of functions) {
      sent.push(...(await operations.queue.release({ jobFunction, limit: CANARIES })).released)
    }
    return sent
  }

  /** Returns how many wait for a later check. */
  async #bringBack(incident: Incident, openedAt: Date): Promise<number> {
    const { now, database, operations, catalogue } = incident
    const hit = [...this.#hit].filter((integration) => !this.#isolated.has(integration))
    const stopped = await stoppedJobs(incident, hit, after(openedAt, -60 * MINUTE))
    const found = stopped.filter(({ id, state }) => state === 'failed' || this.#dead.has(id))
    this.#dead = new Set(stopped.flatMap(({ id, state }) => (state === 'started' ? id : [])))
    const again: number[] = []
    const happened: number[] = []
    const unknown: number[] = []
    let later = 0
    for (const { id, fn, startedAt, superseded } of found.filter(({ id }) => !this.#left.has(id))) {
      const entry = catalogue[fn]
      const age = now.getTime() - startedAt.getTime()
      const kept = entry?.safety.kind === 'keyed' && age < entry.safety.retentionMs / 2
      if (entry?.carriesValue === true && superseded) happened.push(id)
      else if (kept || entry?.safety.kind === 'idempotent') again.push(id)
      else {
        const answer = entry === undefined ? 'unknown' : await operations.target.lookup(id)
        if (answer === 'happened') happened.push(id)
        else if (answer === 'unknown') unknown.push(id)
        else if (age >= ABSENT_AFTER_MS) again.push(id)
        else later += 1
      }
    }
    if (happened.length > 0)
      await database.query(SETTLE, [happened, now, 'It has happened, or a newer job replaces it'])
    if (unknown.length > 0) await database.query(FREE, [unknown])
    for (const id of unknown) this.#left.add(id)
    const batches = Array.from({ length: BATCHES_PER_CHECK }, (_, index) => index * BATCH)
    for (const from of batches) {
      const ids = again.slice(from, from + BATCH)
      if (ids.length > 0) await database.query(REQUEUE, [ids])
    }
    return again.length + later
  }

  /** Step 5. Step 4 is left out: workers help no queue that a dead target holds. */
  async #leave(incident: Incident, { due }: Figures, waiting: number): Promise<void> {
    const last = this.#last?.due ?? Infinity
    const isGood = this.#isolated.size === 0 && waiting === 0 && (due < last || due <= NORMAL_DUE)
    this.#goodChecks = isGood ? this.#goodChecks + 1 : 0
    if (this.#goodChecks < CHECKS) return
    if (this.#left.size > 0) {
      await incident.notes.trackedFix({
        subject: { jobs: [...this.#left].sort((left, right) => left - right) },
        owner: 'the team of the integration',
        reason: 'nobody can tell whether these happened: check each with the partner',
        isolatedBy: 'they stay failed; nothing brings them back by itself',
      })
    }
    await incident.close(`${due} due, targets answer, ${this.#left.size} jobs left to people`)
    this.#openedAt = null
    this.#checksWithSigns = 0
  }
}

async function look({ now, database, catalogue }: Incident): Promise<Figures> {
  const critical = Object.values(catalogue).filter(({ slaMs }) => slaMs !== null)
  const { rows } = await database.query<Figures>(
    `select count(*) filter (where due)::int as due,
            count(*) filter (where state in ('enqueued', 'started'))::int as busy,
            count(*) filter (where state = 'failed' and date_started > $1::timestamp - interval '10 minutes'
              and date_created < date_started - interval '10 minutes')::int as again,
            count(*) filter (where ${FUNCTION} = any ($2)
              and (due and coalesce(eta, date_created) < $1::timestamp - interval '15 minutes'
                or state = 'failed' and date_started > $1::timestamp - interval '15 minutes'))::int as late
       from queue_job, lateral (select state = 'pending' and coalesce(eta <= $1, true) as due) as derived
      where state in ('pending', 'enqueued', 'started', 'failed')`,
    [now, critical.map(({ jobFunction }) => jobFunction)],
  )
  return rows[0]!
}

/** Failed jobs of these integrations and of this incident, and started ones without a worker. */
async function stoppedJobs(
  incident: Incident,
  integrations: readonly string[],
  since: Date,
): Promise<readonly Job[]> {
  const { pids } = await incident.operations.workers.show()
  const { rows } = await incident.database.query<Job>(
    `select id, ${FUNCTION} as fn, state, date_started as "startedAt",
            exists (select from queue_job as newer
                     where newer.model_name = job.model_name and newer.method_name = job.method_name
                       and newer.records = job.records and newer.id > job.id) as superseded
       from queue_job as job
      where state = 'failed' and date_created >= $1 and ${FUNCTION} = any ($2)
         or state = 'started' and worker_pid <> all ($3)
      order by date_started, id`,
    [since, integrations.flatMap((integration) => functionsOf(incident, integration)), pids],
  )
  return rows
}

async function areDone({ database }: Incident, ids: readonly number[]): Promise<boolean> {
  const { rows } = await database.query<{ open: number }>(
    `select count(*)::int as open from queue_job where id = any ($1) and state <> 'done'`,
    [ids],
  )
  return rows[0]!.open === 0
}

function functionsOf({ catalogue }: Incident, integration: string): readonly string[] {
  return Object.values(catalogue)
    .filter((entry) => entry.integration === integration)
    .map(({ jobFunction }) => jobFunction)
}

function after(moment: Date, ms: number): Date {
  return new Date(moment.getTime() + ms)
}

export default () => new Runbook()
