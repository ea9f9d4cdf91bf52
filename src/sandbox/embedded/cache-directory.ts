/**
 * Where embedded servers keep what is the same for all of them: a copy of the binaries where one is needed, and a
 * cluster that initdb has made. It is the one thing that stays on the machine after a run; it may be deleted at any
 * time, and where there is no place for it everything works without.
 */
import { chmodSync, lstatSync, mkdirSync, readdirSync, rmSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { dirname, isAbsolute, join } from 'node:path'
import { randomLetters } from '../names.ts'
import { OWNER_MARK, ownerMark, ownerState } from '../../foundation/owner.ts'

/**
 * The first of these that can be had is used. `QUEUE_DRILL_CACHE` names the only one; root's must be readable for the
 * user that runs the server, which those of root's own are not.
 */
export function cacheDirectories(): string[] {
  const { QUEUE_DRILL_CACHE: chosen, XDG_CACHE_HOME: home = '' } = process.env
  if (chosen !== undefined && isAbsolute(chosen)) return [chosen]
  const temporary = join(tmpdir(), `queue-drill-cache-${process.getuid?.() ?? 0}`)
  if (process.getuid?.() === 0) return ['/var/cache/queue-drill', temporary]
  if (isAbsolute(home)) return [join(home, 'queue-drill'), temporary]
  if (process.platform === 'darwin')
    return [join(homedir(), 'Library/Caches/queue-drill'), temporary]
  return [join(homedir(), '.cache/queue-drill'), temporary]
}

/** Makes the directory where it is missing. False = it is not to be had, or others may write to it. */
export function usable(cache: string): boolean {
  try {
    mkdirSync(dirname(cache), { recursive: true })
    mkdirSync(cache, { mode: 0o755 })
    chmodSync(cache, 0o755)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') return false
  }
  return isTrusted(cache)
}

/** A directory that is ours and that nobody else can write to: programs are run from it. */
export function isTrusted(cache: string): boolean {
  const status = lstatSync(cache, { throwIfNoEntry: false })
  return (
    status !== undefined &&
    status.isDirectory() &&
    status.uid === process.getuid?.() &&
    (status.mode & 0o022) === 0
  )
}

/** Name under which a thing of the cache is made, until it is whole and gets its own. */
export function partialName(name: string): string {
  return `${name}.${randomLetters(6)}.${ownerMark()}.partial`
}

/** Removes half-made things of harnesses that were killed while making them. */
export function clearAbandoned(cache: string): void {
  const pattern = new RegExp(`\\.(${OWNER_MARK})\\.partial$`)
  for (const name of readdirSync(cache)) {
    const mark = pattern.exec(name)?.[1]
    if (mark === undefined) continue
    const state = ownerState(mark)
    if (state === 'dead' || state === 'earlier-boot') {
      rmSync(join(cache, name), { recursive: true, force: true })
    }
  }
}
