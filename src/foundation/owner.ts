/**
 * Who made a thing that outlives its maker? A directory or a container carries the mark of the process that made it:
 * boot, pid namespace, pid, start time. A later start reads the mark and clears what belongs to a process that is
 * surely gone. The start time tells a process from a later one with the same pid. The mark is part of the *name*, so
 * that there is no moment at which a thing exists without it.
 */
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readFileSync, readlinkSync } from 'node:fs'

/**
 * `alive`; `dead` — surely gone; `earlier-boot` — made before this boot of the machine, or on another machine (only a
 * thing that cannot come from elsewhere may be cleared); `unseen` — of another pid namespace, nobody here can tell.
 */
export type OwnerState = 'alive' | 'dead' | 'earlier-boot' | 'unseen'

/** Text form of a mark, lower-case letters, digits and dashes only; at most 40 characters. */
export const OWNER_MARK = '[0-9a-f]{8}-[0-9a-z]+-[0-9a-z]+-[0-9a-z]+'

interface Mark {
  readonly boot: string
  readonly namespace: string
  readonly pid: number
  readonly startedAt: string
}

let own: string | undefined

/** The mark of this process. */
export function ownerMark(): string {
  own ??= [bootId(), pidNamespace(), process.pid.toString(36), startTime(process.pid) ?? '0'].join(
    '-',
  )
  return own
}

/** Whether the process behind a mark (as `ownerMark` made it) still lives. */
export function ownerState(text: string): OwnerState {
  const mark = parse(text)
  if (mark.boot !== bootId()) return 'earlier-boot'
  if (mark.namespace !== pidNamespace()) return 'unseen'
  if (!isRunning(mark.pid)) return 'dead'
  const startedAt = startTime(mark.pid)
  // A process that exists but shows no start time (hidden /proc) may be the owner: leave its things alone.
  return startedAt === null || startedAt === mark.startedAt ? 'alive' : 'dead'
}

function parse(text: string): Mark {
  const [boot = '', namespace = '', pid = '', startedAt = ''] = text.split('-')
  return { boot, namespace, pid: Number.parseInt(pid, 36), startedAt }
}

/**
 * True also for processes of other users, which may not be signalled; false for a process that has ended and that its
 * parent has not noticed yet (a zombie, which stays for ever where nobody collects orphans).
 */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
  return process.platform !== 'linux' || !/^[ZX]$/.test(statFields(pid)?.[0] ?? '')
}

/** Eight hexadecimal digits that differ from boot to boot. */
function bootId(): string {
  const source =
    process.platform === 'linux'
      ? readFileSync('/proc/sys/kernel/random/boot_id', 'utf8')
      : execFileSync('sysctl', ['-n', 'kern.boottime'], { encoding: 'utf8' })
  return createHash('sha256').update(source.trim()).digest('hex').slice(0, 8)
}

/** Inode of the pid namespace; systems without namespaces have only one. */
function pidNamespace(): string {
  if (process.platform !== 'linux') return '0'
  const inode = /\d+/.exec(readlinkSync('/proc/self/ns/pid'))?.[0] ?? '0'
  return Number(inode).toString(36)
}

/** When a process started, as a text that only equality is asked of; null = not to be seen. */
function startTime(pid: number): string | null {
  if (process.platform === 'linux') {
    const ticks = statFields(pid)?.[19]
    return ticks === undefined ? null : Number(ticks).toString(36)
  }
  try {
    const text = execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' })
    return Math.floor(Date.parse(text.trim()) / 1000).toString(36)
  } catch {
    // `ps` exits 1 where it shows no such process.
    return null
  }
}

/**
 * `/proc/<pid>/stat` from its third field on: [0] state, [19] start time in clock ticks since boot. The second field
 * is the command in parentheses, which may hold spaces and parentheses itself.
 */
function statFields(pid: number): string[] | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  } catch {
    return null
  }
}
