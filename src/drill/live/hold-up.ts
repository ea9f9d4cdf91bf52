/**
 * The world of a live drill waits while somebody's open transaction holds `queue_job`, as the job runner of a real Odoo
 * would for the rows. The facilitator is told, and after a bound of wall time the transaction is ended: nobody can stop
 * a drill by going for a coffee after `begin`.
 */
import type { ClientBase } from 'pg'
import { formatDuration, SECOND } from '../../foundation/time.ts'
import type { DrillDatabase } from '../../sandbox/sandbox.ts'

/** Wall ms: held for so long the facilitator is told; held for so long it is ended. */
const TOLD_AFTER_MS = 5 * SECOND
const HELD_MS_MAX = 30 * SECOND

interface Holder {
  /** Of the server's process. */
  readonly pid: number
  /** What the session calls itself: `psql`. */
  readonly name: string
}

/** Locks that conflict with EXCLUSIVE, the sync's own: all but that of plain reading. */
const HOLDERS = `
  select distinct l.pid, coalesce(nullif(a.application_name, ''), 'a session') as name
    from pg_locks as l join pg_stat_activity as a on a.pid = l.pid
   where l.locktype = 'relation' and l.relation = 'public.queue_job'::regclass and l.granted
     and l.database = (select oid from pg_database where datname = current_database())
     and l.mode <> 'AccessShareLock' and l.pid <> pg_backend_pid()
   order by l.pid`

export class HoldUp {
  readonly #database: DrillDatabase
  readonly #onNotice: (sentence: string) => void
  readonly #onEnded: (detail: string) => void
  /** Server process → since when it holds the world, wall ms, and whether that was told. */
  readonly #since = new Map<number, { readonly wall: number; told: boolean }>()

  /** `onNotice`: a sentence for the facilitator. `onEnded`: what the journal says of an ended one. */
  constructor(
    database: DrillDatabase,
    onNotice: (sentence: string) => void,
    onEnded: (detail: string) => void,
  ) {
    this.#database = database
    this.#onNotice = onNotice
    this.#onEnded = onEnded
  }

  /** The world went on. */
  over(): void {
    this.#since.clear()
  }

  /** Wall ms; null = the world does not wait for anybody. */
  lastsFor(wall: number): number | null {
    const since = [...this.#since.values()].map((held) => wall - held.wall)
    return since.length === 0 ? null : Math.max(...since)
  }

  /** The table could not be locked at this moment, wall ms. */
  async look(wall: number): Promise<void> {
    const holders = await holdersOf(this.#database.world)
    const pids = new Set(holders.map(({ pid }) => pid))
    for (const pid of this.#since.keys()) if (!pids.has(pid)) this.#since.delete(pid)
    for (const { pid, name } of holders) {
      const held = this.#since.get(pid) ?? { wall, told: false }
      this.#since.set(pid, held)
      if (held.told || wall - held.wall < TOLD_AFTER_MS) continue
      held.told = true
      this.#onNotice(
        `${name} (process ${pid}) holds queue_job in an open transaction: the world waits for it, at most ${formatDuration(HELD_MS_MAX)}`,
      )
    }
    await this.#end(holders.filter(({ pid }) => wall - this.#since.get(pid)!.wall >= HELD_MS_MAX))
  }

  async #end(holders: readonly Holder[]): Promise<void> {
    if (holders.length === 0) return
    const pids = new Set(holders.map(({ pid }) => pid))
    const ended = await this.#database.gateway.endOpenTransactions(pids)
    if (ended === 0) return
    const detail = `${ended} held queue_job for ${formatDuration(HELD_MS_MAX)}: rolled back`
    this.#onEnded(detail)
    this.#onNotice(`open transaction: ${detail}`)
  }
}

/** Right now; none = the last has just let go. */
async function holdersOf(client: ClientBase): Promise<readonly Holder[]> {
  const { rows } = await client.query<Holder>(HOLDERS)
  return rows
}
