/**
 * A job before it becomes a row: its function, its life so far, and nothing that only a row needs. Times are whole
 * microseconds since the epoch, because Odoo writes microseconds.
 */
import type { JobState } from '../../queue-job/job.ts'
import type { WorkloadFailure } from '../../queue-job/workload.ts'
import type { Random } from '../../foundation/random.ts'
import type { JobFunction } from './job-function.ts'

export const MICROSECONDS = 1000

export interface JobDraft {
  readonly fn: JobFunction
  readonly state: JobState
  readonly createdUs: number
  readonly retry: number
  readonly etaUs?: number
  /** Cut to seconds in the row, as the runner does. */
  readonly enqueuedUs?: number
  readonly startedUs?: number
  readonly doneUs?: number
  readonly cancelledUs?: number
  readonly failure?: WorkloadFailure
  readonly result?: string
  /** Set where other rows refer to it. */
  readonly uuid?: string
  readonly graph?: {
    readonly uuid: string
    readonly dependsOn: readonly string[]
    readonly reverseDependsOn: readonly string[]
  }
}

/** 122 random bits in the form of a version 4 UUID. */
export function uuidFrom(random: Random): string {
  const hex = (digits: number): string =>
    Math.floor(random.next() * 16 ** digits)
      .toString(16)
      .padStart(digits, '0')
  const variant = '89ab'[Math.floor(random.next() * 4)]!
  return `${hex(8)}-${hex(4)}-4${hex(3)}-${variant}${hex(3)}-${hex(6)}${hex(6)}`
}
