/**
 * The data directory that a new server begins with. Making one costs initdb nine tenths of a start (measured: 0.43 s
 * of CPU against 0.03 s for unpacking it), so the first is kept as an archive in the cache directory and every later
 * server of the same binaries gets a copy of its own. The archive knows no password and lets nobody in; both come with
 * the server (`watchdog.ts`).
 */
import { createHash } from 'node:crypto'
import {
  closeSync,
  constants,
  fstatSync,
  fsync,
  futimesSync,
  openSync,
  readdirSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Binaries } from './binaries.ts'
import {
  cacheDirectories,
  clearAbandoned,
  isTrusted,
  partialName,
  usable,
} from './cache-directory.ts'

/**
 * `cached` — unpack it; `wanted` — make one and pack it for the next; `none` — make one. What the script of
 * `watchdog.ts` does by it.
 */
export interface Cluster {
  readonly kind: 'cached' | 'wanted' | 'none'
  /** Of the archive, to be read or written. */
  readonly descriptor: number | null
  /** The archive is whole: gives it its name. Where that fails there is none. */
  keep(): Promise<void>
  /** The archive is of no use: removes it. */
  discard(): void
  /** Closes the descriptor and removes what is not whole; again and again, if need be. */
  close(): void
}

/** Of every embedded server. */
export const SUPERUSER = 'queue_drill'

/** Raised when the layout of the archive changes. */
const FORMAT = 1

/** An archive takes 40 MB. One for each version that somebody uses, and for some directories with clones of ours. */
const KEPT_MAX = 8

const ARCHIVE = /^cluster-.*\.tar$/

/** Arguments of `initdb`, words without spaces. Nobody may log in to what it makes, before a server says who. */
export function initdbArguments({ version }: Binaries): string[] {
  const major = Number.parseInt(version, 10)
  return [
    `--username=${SUPERUSER}`,
    '--auth=reject',
    '--encoding=UTF8',
    '--locale=C',
    '--no-sync',
    // Else shared memory of an initdb that is killed stays in /dev/shm: of 12 killed at random moments, 4 left some.
    ...(major >= 16 ? ['--set=dynamic_shared_memory_type=mmap'] : []),
    ...(major >= 18 ? ['--no-data-checksums'] : []),
  ]
}

/** For binaries and arguments of `initdb`; without a usable directory it is `none`. */
export function openCluster(
  binaries: Binaries,
  words: readonly string[],
  directories: readonly string[] = cacheDirectories(),
): Cluster {
  const name = archiveName(binaries, words)
  for (const cache of directories) {
    try {
      if (!usable(cache)) continue
      clearAbandoned(cache)
      return cached(join(cache, name)) ?? wanted(cache, name)
    } catch {
      // Full, read-only, not ours after all: a server can be made without it.
    }
  }
  return {
    kind: 'none',
    descriptor: null,
    keep: async () => undefined,
    discard: () => undefined,
    close: () => undefined,
  }
}

/** Path of the archive that a start would use; null = there is none yet. Writes nothing. */
export function findArchive(
  binaries: Binaries,
  words: readonly string[],
  directories: readonly string[] = cacheDirectories(),
): string | null {
  const name = archiveName(binaries, words)
  for (const cache of directories) {
    const descriptor = isTrusted(cache) ? openTrusted(join(cache, name)) : null
    if (descriptor === null) continue
    closeSync(descriptor)
    return join(cache, name)
  }
  return null
}

/** Another build of the same version at the same place is told by size and time of its files. */
function archiveName({ directory, version }: Binaries, words: readonly string[]): string {
  const files = ['initdb', 'postgres'].map((program) => {
    const { size, mtimeMs } = statSync(join(directory, program))
    return [size, mtimeMs]
  })
  const { platform, arch } = process
  const key = [FORMAT, platform, arch, realpathSync(directory), version, files, words]
  const hash = createHash('sha256').update(JSON.stringify(key)).digest('hex')
  return `cluster-${version}-${hash.slice(0, 16)}.tar`
}

function cached(path: string): Cluster | null {
  const descriptor = openTrusted(path)
  if (descriptor === null) return null
  let open = true
  const now = new Date()
  try {
    futimesSync(descriptor, now, now)
  } catch {
    // Of a read-only disk: nobody will want to know which one was used last.
  }
  return {
    kind: 'cached',
    descriptor,
    keep: async () => undefined,
    discard: () => rmSync(path, { force: true }),
    close: () => {
      if (open) closeSync(descriptor)
      open = false
    },
  }
}

/**
 * The name is given when the content has reached the disk: after a loss of power, too, it is whole or not there. Two
 * that make one at once replace one good archive by another.
 */
function wanted(cache: string, name: string): Cluster {
  const partial = join(cache, partialName(name))
  const descriptor = openSync(partial, 'wx', 0o600)
  let state: 'open' | 'keeping' | 'closed' = 'open'
  const finish = (): void => {
    state = 'closed'
    closeSync(descriptor)
    rmSync(partial, { force: true })
  }
  return {
    kind: 'wanted',
    descriptor,
    keep: async () => {
      if (state !== 'open') return
      state = 'keeping'
      try {
        await promisify(fsync)(descriptor)
        renameSync(partial, join(cache, name))
        forgetOldest(cache)
      } catch {
        // The disk is full, or somebody cleared the cache meanwhile: the next start makes another.
      } finally {
        finish()
      }
    },
    discard: () => undefined,
    close: () => {
      if (state === 'open') finish()
    },
  }
}

/** Binaries come and go with the directories of clones; what has not been used for longest goes first. */
function forgetOldest(cache: string): void {
  const archives = readdirSync(cache)
    .filter((name) => ARCHIVE.test(name))
    .map((name) => ({ path: join(cache, name), usedAt: statSync(join(cache, name)).mtimeMs }))
    .sort((one, other) => other.usedAt - one.usedAt)
  for (const { path } of archives.slice(KEPT_MAX)) rmSync(path, { force: true })
}

/** A file that only we can have written. */
function openTrusted(path: string): number | null {
  let descriptor: number
  try {
    descriptor = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW)
  } catch {
    // None there, or none that we may read: the server is made without.
    return null
  }
  const status = fstatSync(descriptor)
  if (status.isFile() && status.uid === process.getuid?.() && (status.mode & 0o022) === 0) {
    return descriptor
  }
  closeSync(descriptor)
  return null
}
