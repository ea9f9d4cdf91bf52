/**
 * The only place where the world meets PostgreSQL. One transaction: lock the table, take the audit, apply it to the
 * world, write the net change set-based (DESIGN section 3). Nobody can observe a state that the table does not show.
 */
import { type Client, DatabaseError } from 'pg'
import type { JobRow } from '../queue-job/job.ts'
import { takeAudit, takeSleeps } from '../sandbox/audit.ts'
import { type RunningClock, runClock, setClock } from '../sandbox/clock.ts'
import type { AuditedStatement } from '../sandbox/sandbox.ts'
import { findTampering, type Installed, recordInstalled } from '../sandbox/tampering.ts'
import { applyEngineWrites } from './engine-writes.ts'
import { JobTable } from './table.ts'
import type { World } from './world.ts'

export interface SyncResult {
  /** What the engine wrote since the last sync, in order. */
  readonly statements: readonly AuditedStatement[]
  /** Calls of `pg_sleep*`. */
  readonly sleeps: number
  /** Ground rules of the sandbox that were bent, one sentence each; put back where possible. */
  readonly tampering: readonly string[]
}

/** Keeps everybody else from writing; who only reads is not disturbed. */
const LOCK = 'lock table queue_job in exclusive mode'

/** A sync while the clock runs and people work: live mode. */
export interface LiveSync {
  /** Asked under the lock: only who sent a statement can have bent the ground rules of the sandbox. */
  readonly compareRules: () => boolean
  /** Wall ms that an open transaction of somebody else is waited for. */
  readonly lockTimeoutMs: number
  /** The world knows what was written: it goes on, before the table is shown where it has come to. */
  readonly goOn: (result: SyncResult) => void
  /** Of the moment at which it is asked. */
  readonly clock: () => RunningClock
}

/** PostgreSQL: lock_not_available. */
const LOCK_NOT_AVAILABLE = '55P03'

export class Sync {
  readonly #world: World
  readonly #client: Client
  readonly #installed: Installed
  readonly #table: JobTable
  #writes = 0
  #check = 0

  private constructor(world: World, client: Client, installed: Installed, table: JobTable) {
    this.#world = world
    this.#client = client
    this.#installed = installed
    this.#table = table
  }

  /** `client`: the world's connection to a clone that no engine has seen yet. */
  static async begin(world: World, client: Client): Promise<Sync> {
    const table = new JobTable(await columnTypes(client))
    return new Sync(world, client, await recordInstalled(client), table)
  }

  /** Number of the check that writes found from now on belong to. */
  set check(check: number) {
    this.#check = check
  }

  /** `afterEngine`: also compares the ground rules of the sandbox, which nobody else could have bent. */
  async run(afterEngine: boolean): Promise<SyncResult> {
    return this.#transaction(async () => {
      await this.#client.query(LOCK)
      const result = await this.#take(afterEngine)
      await setClock(this.#client, this.#world.now)
      await this.#writeNetChange()
      return result
    })
  }

  /**
   * In live mode the world goes on between what was taken and what is written, under one lock, so that nobody writes to
   * a row that the world has moved already. Null = an open transaction holds the table, and nothing happened.
   */
  async runLive(options: LiveSync): Promise<SyncResult | null> {
    return this.#transaction(async () => {
      const client = this.#client
      await client.query(`set local lock_timeout = ${Math.ceil(options.lockTimeoutMs)}`)
      if (!(await this.#lock())) return null
      const result = await this.#take(options.compareRules())
      options.goOn(result)
      await this.#writeNetChange()
      await runClock(client, options.clock())
      return result
    })
  }

  async #transaction<T>(work: () => Promise<T>): Promise<T> {
    const client = this.#client
    await client.query('begin')
    try {
      const result = await work()
      await client.query('commit')
      return result
    } catch (error) {
      // A connection that is gone cannot roll back, and need not: the server has.
      if (error instanceof DatabaseError) await client.query('rollback')
      throw error
    }
  }

  /** False = it was not to be had in time; the transaction can only be ended then. */
  async #lock(): Promise<boolean> {
    try {
      await this.#client.query(LOCK)
      return true
    } catch (error) {
      if ((error as DatabaseError).code === LOCK_NOT_AVAILABLE) return false
      throw error
    }
  }

  async #take(compareRules: boolean): Promise<SyncResult> {
    const client = this.#client
    const statements = await takeAudit(client)
    const sleeps = await takeSleeps(client)
    const tampering = compareRules ? await findTampering(client, this.#installed) : []
    if (statements.length > 0) await this.#apply(statements)
    return { statements, sleeps, tampering }
  }

  async #apply(statements: readonly AuditedStatement[]): Promise<void> {
    const world = this.#world
    const ids = [...new Set(statements.flatMap(({ rows }) => rows.map(({ id }) => id)))]
    const found = await this.#client.query<Record<string, unknown>>(this.#table.select, [ids])
    const current = new Map<number, JobRow>()
    for (const row of found.rows) current.set(row['id'] as number, this.#table.toJobRow(row))
    const numbers = statements.map(() => ++this.#writes)
    for (const [index, { op, viaOperation, rows }] of statements.entries()) {
      world.core.record({
        at: world.now,
        type: 'write',
        write: numbers[index]!,
        check: this.#check,
        op,
        via: viaOperation ? 'operation' : 'sql',
        rows,
      })
    }
    applyEngineWrites(world, this.#table, statements, numbers, current)
  }

  async #writeNetChange(): Promise<void> {
    const { created, changed } = this.#world.jobs.takeNetChange()
    if (created.length > 0) {
      await this.#client.query(this.#table.insert, this.#table.insertParameters(created))
      await this.#client.query(`select setval('queue_job_id_seq', $1::int8)`, [
        this.#world.jobs.nextId - 1,
      ])
    }
    if (changed.length > 0) {
      await this.#client.query(this.#table.update, this.#table.updateParameters(changed))
    }
  }
}

/** Column → type of the table at hand, which differ from series to series. */
async function columnTypes(client: Client): Promise<Record<string, string>> {
  const found = await client.query<{ name: string; type: string }>(
    `select attname as name, format_type(atttypid, atttypmod) as type
       from pg_attribute
      where attrelid = 'queue_job'::regclass and attnum > 0 and not attisdropped`,
  )
  return Object.fromEntries(found.rows.map(({ name, type }) => [name, type]))
}
