/**
 * Ends a server whose harness and watchdog were both killed, and frees the System V segment that a killed server
 * leaves (PostgreSQL keeps one of a few bytes as a lock, apart from its directory). Both are named in `postmaster.pid`.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'
import { isRunning } from '../../foundation/owner.ts'

/** `directory` is a server directory of a dead harness. Waits up to 10 s for its server to be gone. */
export function endOrphan(directory: string): void {
  const data = join(directory, 'data')
  const lines = linesOf(join(data, 'postmaster.pid'))
  if (lines === null) return
  const pid = Number(lines[0])
  if (Number.isInteger(pid) && pid > 1 && runsIn(pid, data)) {
    // Immediate shutdown; whatever is left after five seconds PostgreSQL kills itself.
    process.kill(pid, 'SIGQUIT')
    for (let tries = 0; tries < 100 && runsIn(pid, data); tries++) spawnSync('sleep', ['0.1'])
  }
  const segment = /^\s*\d+\s+(\d+)\s*$/.exec(lines[6] ?? '')?.[1]
  if (segment !== undefined && isUnusedSegment(segment)) spawnSync('ipcrm', ['-m', segment])
}

function linesOf(path: string): string[] | null {
  return existsSync(path) ? readFileSync(path, 'utf8').split('\n') : null
}

/** A server's working directory is its data directory; another process that got the pid later has another one. */
function runsIn(pid: number, data: string): boolean {
  if (!isRunning(pid)) return false
  if (process.platform === 'linux') {
    try {
      return readlinkSync(`/proc/${pid}/cwd`) === data
    } catch {
      // Gone meanwhile, or of a user whose processes we may not see and so not signal either.
      return false
    }
  }
  const command = spawnSync('ps', ['-o', 'command=', '-p', String(pid)], { encoding: 'utf8' })
  return command.stdout.includes(data)
}

/** Segment ids are used again: only one that nobody is attached to is freed (Linux; elsewhere it is left). */
function isUnusedSegment(id: string): boolean {
  const table = linesOf('/proc/sysvipc/shm') ?? []
  const [header = '', ...rows] = table.map((line) => line.trim())
  const columns = header.split(/\s+/)
  const row = rows
    .map((line) => line.split(/\s+/))
    .find((cells) => cells[columns.indexOf('shmid')] === id)
  return row !== undefined && row[columns.indexOf('nattch')] === '0'
}
