/** What a program may use, and for how long. All of it is generous: who reaches it is in a loop. */
import { MINUTE } from '../../foundation/time.ts'

/** Wall time from one sleep to the next. */
export const TURN_TIMEOUT_MS = MINUTE
/** Wall time of all turns of a drill together: a program that sleeps a second at a time would take for ever. */
export const TOTAL_TIMEOUT_MS = 10 * MINUTE
/** Processes at a time, the program's own with it. */
export const PROCESSES_MAX = 256
/** Resident memory of all its processes together. */
export const MEMORY_MAX_MB = 4096
/** What it may print, stdout and stderr together. */
export const OUTPUT_MAX_BYTES = 256 * 1024 * 1024
/** How often number and memory of its processes are looked at, wall time. */
export const LOOK_EVERY_MS = 200
/** What it started and left is given so long to end by itself (`| tee`), wall time. */
export const CHILDREN_GRACE_MS = 500
/** Its output is read for so long after all of it has ended, wall time. */
export const OUTPUT_AFTER_EXIT_MS = 500
