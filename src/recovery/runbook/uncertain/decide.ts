/**
 * Jobs that must not simply be repeated, pure: what the partner's answer means for one of them. The table cannot tell
 * whether a timed-out capture happened; only the partner knows.
 */
import type { LookupAnswer } from '../../contract.ts'
import type { Phase } from '../memory.ts'
import type { RunbookPolicy } from '../policy.ts'

/** `reconcile` — it happened, nothing has to run; `repeat` — it surely did not; `wait` — ask again later. */
export type Verdict = 'reconcile' | 'repeat' | 'hand-over' | 'wait'

export interface UncertainJob {
  readonly answer: LookupAnswer
  /** Start of the run whose outcome is unknown, virtual ms. */
  readonly startedAt: number
  /** Of its flow; `clear` where nothing is wrong with it. */
  readonly phase: Phase
}

export function judge(job: UncertainJob, now: number, { uncertain }: RunbookPolicy): Verdict {
  switch (job.answer) {
    case 'happened':
      return 'reconcile'
    case 'absent': {
      // What was sent may still be under way; and into a broken flow nothing is repeated.
      const isFinal = now - job.startedAt >= uncertain.absentAfterMs
      const isWell = job.phase === 'releasing' || job.phase === 'clear'
      return isFinal && isWell ? 'repeat' : 'wait'
    }
    case 'unknown':
      // A partner that is down may answer when it is back.
      return job.phase === 'isolated' ? 'wait' : 'hand-over'
  }
}
