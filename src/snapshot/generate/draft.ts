/**
 * A job before it becomes a row: its function, its life so far, and nothing that only a row needs. Times are whole
 * microseconds since the epoch, because Odoo writes microseconds.
 */
import type { JobState } from '../../queue-job/job.ts'
import type { WorkloadFailure } from '../../queue-job/workload.ts'
import type { Random } from '../../foundation/random.ts'
import { ByteText, piece } from './byte-text.ts'
import type { JobFunction } from './job-function.ts'

export const MICROSECONDS = 1000

/** Absent and undefined mean the same: drafts that are made by the million have all their fields, for speed. */
export interface JobDraft {
  readonly fn: JobFunction
  readonly state: JobState
  readonly createdUs: number
  readonly retry: number
  readonly etaUs?: number | undefined
  /** Cut to seconds in the row, as the runner does. */
  readonly enqueuedUs?: number | undefined
  readonly startedUs?: number | undefined
  readonly doneUs?: number | undefined
  readonly cancelledUs?: number | undefined
  readonly failure?: WorkloadFailure | undefined
  readonly result?: string | undefined
  /** Set where other rows refer to it. */
  readonly uuid?: string | undefined
  readonly graph?:
    | {
        readonly uuid: string
        readonly dependsOn: readonly string[]
        readonly reverseDependsOn: readonly string[]
      }
    | undefined
}

const DASH = piece('-')
const VERSION = piece('-4')

/** 122 random bits in the form of a version 4 UUID. */
export function writeUuid(out: ByteText, random: Random): void {
  const variant = 8 + Math.floor(random.next() * 4)
  out.hex(random.next() * 2 ** 32, 8)
  out.piece(DASH)
  out.hex(random.next() * 2 ** 16, 4)
  out.piece(VERSION)
  out.hex(random.next() * 2 ** 12, 3)
  out.piece(DASH)
  out.hex(variant, 1)
  out.hex(random.next() * 2 ** 12, 3)
  out.piece(DASH)
  out.hex(random.next() * 2 ** 24, 6)
  out.hex(random.next() * 2 ** 24, 6)
}

/** The same as text. */
export function uuidFrom(random: Random): string {
  const out = new ByteText(36)
  writeUuid(out, random)
  return out.content.toString('latin1')
}
