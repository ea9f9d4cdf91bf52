/**
 * `done` by an operator as transition T11 does it, with a text that says why, and `failed` for jobs whose outcome
 * nobody knows. Setting a job done wakes its children (T3) in the same transaction: nothing looks at them again.
 */
import type { ClientBase } from 'pg'
import { formatPgTimestamp } from '../../foundation/time.ts'
import type { JobState } from '../../queue-job/job.ts'
import { assignments, columnsOf, type JobColumns } from './columns.ts'

const setDone = (columns: JobColumns) => `
  update queue_job as job
     set ${assignments(columns, {
       state: `'done'`,
       date_done: '$3::timestamp',
       exec_time: `case
           when job.date_started is null then job.exec_time
           else extract(epoch from $3::timestamp - job.date_started)
         end`,
       result: 'given.result',
       exc_name: 'null',
       exc_message: 'null',
       exc_info: 'null',
     })}
    from unnest($1::int4[], $2::text[]) as given (id, result)
   where job.id = given.id and job.state = any ($4::text[])
  returning job.id${columns.has('graph_uuid') ? ', job.graph_uuid' : ''}`

/** Children of the settled jobs all of whose parents that still exist are done. */
const WAKE_CHILDREN = `
  update queue_job as child
     set state = 'pending'
    from queue_job as settled
   where settled.id = any ($1::int4[])
     and child.graph_uuid = settled.graph_uuid
     and child.state = 'wait_dependencies'
     and coalesce(nullif(settled.dependencies, ''), '{}')::jsonb -> 'reverse_depends_on' ? child.uuid
     and not exists (
           select from queue_job as parent
            where parent.graph_uuid = child.graph_uuid
              and parent.state <> 'done'
              and coalesce(nullif(child.dependencies, ''), '{}')::jsonb -> 'depends_on' ? parent.uuid
         )`

export interface Settlement {
  readonly id: number
  /** Into `result`: why nothing has to run. */
  readonly result: string
}

/** Sets done what stands in one of the states `from`; returns the ids. `now`: virtual ms. */
export async function settle(
  database: ClientBase,
  settlements: readonly Settlement[],
  from: readonly JobState[],
  now: number,
): Promise<readonly number[]> {
  if (settlements.length === 0) return []
  const statement = setDone(await columnsOf(database))
  await database.query('begin')
  try {
    const { rows } = await database.query<{ id: number; graph_uuid?: string | null }>(statement, [
      settlements.map(({ id }) => id),
      settlements.map(({ result }) => result),
      formatPgTimestamp(now),
      from,
    ])
    const parents = rows.filter(({ graph_uuid = null }) => graph_uuid !== null).map(({ id }) => id)
    if (parents.length > 0) await database.query(WAKE_CHILDREN, [parents])
    await database.query('commit')
    return rows.map(({ id }) => id).sort((left, right) => left - right)
  } catch (error) {
    // The first error tells; a connection that is gone cannot roll back, and need not.
    await database.query('rollback').catch(() => undefined)
    throw error
  }
}

/** Without columns for the parts of a failure its text alone tells. */
const setFailedStatement = (columns: JobColumns) => `
  update queue_job
     set state = 'failed', ${
       columns.has('exc_name')
         ? 'exc_name = $2::text, exc_message = $3::text'
         : `exc_info = $2::text || ': ' || $3::text`
     }
   where id = any ($1::int4[]) and state = any ($4::text[])`

/** For a person to decide: frees the slot and shows why. Dates and worker stay, as in T9. */
export async function setFailed(
  database: ClientBase,
  ids: readonly number[],
  exception: { readonly name: string; readonly message: string },
  from: readonly JobState[],
): Promise<number> {
  if (ids.length === 0) return 0
  const { name, message } = exception
  const { rowCount } = await database.query(setFailedStatement(await columnsOf(database)), [
    ids,
    name,
    message,
    from,
  ])
  return rowCount ?? 0
}
