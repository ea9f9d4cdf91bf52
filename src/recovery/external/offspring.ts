/**
 * Ends what an engine started and let go of: a child in a session of its own is in no group that could be killed, but
 * it has inherited the engine's environment, and with it a mark that no other process has. Linux only; elsewhere the
 * environment of a process is not to be seen, and such a child stays.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs'

/** Environment variable; its value is random. */
export const OFFSPRING_VARIABLE = 'QUEUE_DRILL_ENGINE'

/** A process that starts another one while it is being killed is met in the next round. */
const ROUNDS_MAX = 20

export function endOffspring(mark: string): void {
  if (!existsSync('/proc/self/environ')) return
  for (let round = 0; round < ROUNDS_MAX; round++) {
    const found = processesWith(`${OFFSPRING_VARIABLE}=${mark}`)
    if (found.length === 0) return
    for (const pid of found) endProcess(pid)
  }
}

function processesWith(setting: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => pid !== process.pid && environmentOf(pid).includes(setting))
}

/** Empty for a process that is gone or a zombie, or of a user whom we may not look at. */
function environmentOf(pid: number): readonly string[] {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'latin1').split('\0')
  } catch {
    return []
  }
}

function endProcess(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}
