/**
 * Everything is retried at once, at every check: what people do under pressure, and what the runbook forbids. It shows
 * which duplicates a drill holds ready for whoever does not look.
 */
import { formatPgTimestamp, MINUTE } from '../../foundation/time.ts'
import type { RecoveryEngine } from '../contract.ts'
import { requeueEverything } from '../sql/requeue.ts'

/** What is started or enqueued for longer counts as stuck, whether it is or not. */
const STUCK_AFTER_MS = 5 * MINUTE

const COUNT_STUCK = `
  select count(*)::int4 as stuck
    from queue_job
   where state = 'failed'
      or (state = 'started' and date_started < $1::timestamp)
      or (state = 'enqueued' and date_enqueued < $1::timestamp)`

export function createRetryAllEngine(): RecoveryEngine {
  let isOpen = false
  return {
    name: 'retry-all',
    async check(incident) {
      const { now, database } = incident
      const stuckBefore = now.getTime() - STUCK_AFTER_MS
      if (!isOpen) {
        const found = await database.query<{ stuck: number }>(COUNT_STUCK, [
          formatPgTimestamp(stuckBefore),
        ])
        if (found.rows[0]!.stuck === 0) return
        isOpen = true
        await incident.open(['business-lag'])
      }
      await requeueEverything(database, stuckBefore)
    },
  }
}
