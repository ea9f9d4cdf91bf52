/** The recovery of a team, as small as can be: it declares an incident when jobs fail in numbers, and notes the figures. */
import type { BaselineFigures, Incident, RecoveryEngine } from 'queue-drill'

const FAILED_MIN = 100

/** One for each drill: it remembers what it has seen. */
export function createRecovery(): RecoveryEngine {
  let failedBefore: number | null = null
  return {
    name: 'team-recovery',
    async check({ database, notes, open }: Incident): Promise<void> {
      const { rows } = await database.query<{ state: string; jobs: number }>(
        'select state, count(*)::int as jobs from queue_job group by state order by state',
      )
      const byState: BaselineFigures['byState'] = Object.fromEntries(
        rows.map(({ state, jobs }) => [state, jobs]),
      )
      const failed = byState.failed ?? 0
      failedBefore ??= failed
      if (failed - failedBefore < FAILED_MIN) return
      await open(['business-lag'])
      await notes.baseline({ byState, pendingByChannel: {} })
    },
  }
}
