/**
 * Which columns `queue_job` has at hand: 13.0 knows neither graphs nor cancelling, run times, and the parts of a failure
 * (reference 1.1). Statements leave out what is not there.
 */
import type { ClientBase } from 'pg'

/** Names of the columns. */
export type JobColumns = ReadonlySet<string>

const COLUMNS = `
  select array_agg(attname::text order by attnum) as names
    from pg_catalog.pg_attribute
   where attrelid = 'queue_job'::regclass and attnum > 0 and not attisdropped`

const known = new WeakMap<ClientBase, JobColumns>()

/** Asked once a connection. */
export async function columnsOf(database: ClientBase): Promise<JobColumns> {
  const found = known.get(database)
  if (found !== undefined) return found
  const { rows } = await database.query<{ names: string[] }>(COLUMNS)
  const columns = new Set(rows[0]!.names)
  known.set(database, columns)
  return columns
}

/** `name = value` for each column that is there, for the `set` of an update. */
export function assignments(columns: JobColumns, values: Readonly<Record<string, string>>): string {
  return Object.entries(values)
    .filter(([name]) => columns.has(name))
    .map(([name, value]) => `${name} = ${value}`)
    .join(', ')
}
