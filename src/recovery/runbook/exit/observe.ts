/** What failed in the incident outside the broken flows, and nobody has dealt with: few, but a hand-over names them. */
import type { ClientBase } from 'pg'
import { formatPgTimestamp } from '../../../foundation/time.ts'
import type { IncidentMemory } from '../memory.ts'
import { FUNCTION_NAME } from '../signals/observe.ts'

const LEFT_FAILED = `
  select coalesce(array_agg(job.id order by job.id), '{}') as ids
    from queue_job as job
   where job.state = 'failed'
     and ${FUNCTION_NAME} <> all ($1::text[])
     and job.date_started >= $2::timestamp
     and job.date_created >= $3::timestamp
     and job.id <> all ($4::int4[])`

export async function readLeftFailed(
  database: ClientBase,
  except: readonly string[],
  memory: IncidentMemory,
): Promise<readonly number[]> {
  const found = await database.query<{ ids: number[] }>(LEFT_FAILED, [
    except,
    formatPgTimestamp(memory.from),
    formatPgTimestamp(memory.createdFrom),
    [...memory.notOurs, ...memory.handledJobs],
  ])
  return found.rows[0]!.ids
}
