/** What a module may use, and how it is seen that it used more. */

/** Wall time of one check. */
export const CHECK_TIMEOUT_MS = 60_000
/** Wall time to load the module and connect. */
export const START_TIMEOUT_MS = 60_000
/** The whole process; V8's heap may take half of it. */
export const MEMORY_MAX_MB = 1024
/** Output is read for so long after the process has ended. */
export const OUTPUT_AFTER_EXIT_MS = 500

/** The watchdog's last words; V8 has its own. */
export const OUT_OF_MEMORY = 'queue-drill: the engine used more memory than it may'
export const HEAP_EXHAUSTED = 'heap out of memory'
