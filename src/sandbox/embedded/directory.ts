/**
 * The one directory of an embedded server: data, socket, everything. It lies in memory where there is room, else in
 * the temporary directory; its name carries the mark of the harness that made it, so that a later start finds and
 * clears what a killed one left.
 */
import { spawnSync } from 'node:child_process'
import {
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  rmdirSync,
  statfsSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DrillError } from '../../foundation/errors.ts'
import { randomLetters } from '../names.ts'
import { OWNER_MARK, ownerMark, ownerState } from '../../foundation/owner.ts'
import { endOrphan } from './orphan.ts'
import type { RunAs } from './run-as.ts'
import { identity } from './run-as.ts'

const DIRECTORY_NAME = new RegExp(`^queue-drill-(${OWNER_MARK})-[a-z0-9]{6}$`)

/** A template of a million rows and some clones of it fit into this. */
const MEMORY_NEEDED_BYTES = 2 * 1024 ** 3

/** `statfs` type of tmpfs on Linux. */
const TMPFS = 0x01021994

/** Where server directories are made, the preferred place first; left-overs are looked for in all of them. */
export function placesForDirectories(): readonly string[] {
  return [...new Set(['/dev/shm', tmpdir(), '/tmp'])].filter((path) => existsSync(path))
}

/** Whether a directory is memory, with room for a server. */
export function isRoomyMemory(path: string): boolean {
  if (process.platform !== 'linux') return false
  const status = statfsSync(path)
  // What lies in memory is taken from all processes: the limit of a container counts too.
  const free = Math.min(status.bavail * status.bsize, process.availableMemory())
  return status.type === TMPFS && free >= MEMORY_NEEDED_BYTES
}

/** Makes the directory, mode 0700, owned by the user that runs the server. Throws `harness`. */
export function makeDirectory(runAs: RunAs | null, places = placesForDirectories()): string {
  const failures: string[] = []
  for (const place of places) {
    if (place === '/dev/shm' && !isRoomyMemory(place)) continue
    const path = join(place, `queue-drill-${ownerMark()}-${randomLetters(6)}`)
    try {
      mkdirSync(path, { mode: 0o700 })
    } catch (error) {
      failures.push(String(error))
      continue
    }
    if (runAs !== null) chownSync(path, runAs.uid, runAs.gid)
    if (canEnter(path, runAs)) return path
    failures.push(`${place}: user ${runAs?.name ?? 'of the harness'} cannot enter it`)
    rmdirSync(path)
  }
  throw new DrillError(
    'harness',
    `no place for the data directory of a throw-away PostgreSQL (${failures.join('; ')}): point TMPDIR to a directory ` +
      'that every user may enter',
  )
}

/** A temporary directory below /root cannot be entered by the user that runs the server. */
function canEnter(path: string, runAs: RunAs | null): boolean {
  if (runAs === null) return true
  return spawnSync('test', ['-w', `${path}/.`], { cwd: '/', ...identity(runAs) }).status === 0
}

/**
 * Clears what dead harnesses left: a server that still runs, its shared memory, its directory. Directories of living
 * harnesses, of other users (unless root asks) and those that nobody here can judge stay. Returns the paths cleared.
 */
export function clearLeftOvers(runAs: RunAs | null, places = placesForDirectories()): string[] {
  const cleared: string[] = []
  for (const place of places) {
    for (const name of existsSync(place) ? readdirSync(place) : []) {
      const mark = DIRECTORY_NAME.exec(name)?.[1]
      if (mark === undefined) continue
      const path = join(place, name)
      const state = ownerState(mark)
      if ((state !== 'dead' && state !== 'earlier-boot') || !isOurs(path, runAs)) continue
      endOrphan(path)
      removeDirectory(path)
      cleared.push(path)
    }
  }
  return cleared
}

/** A directory that its own watchdog removes at this moment is gone in between. */
function isOurs(path: string, runAs: RunAs | null): boolean {
  const status = lstatSync(path, { throwIfNoEntry: false })
  if (status === undefined || !status.isDirectory()) return false
  return status.uid === process.getuid?.() || status.uid === runAs?.uid
}

/**
 * Removes a server directory, as the user whom it belongs to: root must not walk through a tree that another user
 * can change under its feet. An `initdb` whose harness was killed may still be filling it: it is tried again for 10 s.
 */
export function removeDirectory(path: string): void {
  const status = lstatSync(path, { throwIfNoEntry: false })
  if (status === undefined) return
  const owner = process.getuid?.() === 0 ? { uid: status.uid, gid: status.gid } : {}
  for (let tries = 1; ; tries++) {
    const result = spawnSync('rm', ['-rf', '--', path], { cwd: '/', encoding: 'utf8', ...owner })
    if (removeEmpty(path)) return
    if (tries === 100) {
      throw new DrillError('harness', `${path} could not be removed: ${result.stderr.trim()}`)
    }
    spawnSync('sleep', ['0.1'])
  }
}

/** Its owner may be able to empty it only, where the directory above it is root's. False = there is something in it. */
function removeEmpty(path: string): boolean {
  try {
    rmdirSync(path)
    return true
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') return true
    if (code === 'ENOTEMPTY' || code === 'EEXIST') return false
    throw error
  }
}
