/**
 * What a process that writes a snapshot keeps beside its place, and what becomes of it when the process is killed. The
 * names say what it is and whose: `today.<mark>.incomplete` is being written, `today.<mark>.replaced` was there before.
 * The next writer in the same directory clears what dead ones left, for whatever name; nothing of a living one.
 */
import { existsSync } from 'node:fs'
import { readdir, rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { OWNER_MARK, ownerMark, ownerState } from '../foundation/owner.ts'
import { DAY } from '../foundation/time.ts'
import { filesOfSnapshot } from './files.ts'

export type Unfinished = 'incomplete' | 'replaced'

const NAME = new RegExp(`^(.+)\\.(${OWNER_MARK})\\.(incomplete|replaced)$`)

/** Where this process keeps it. `target`: absolute. */
export function unfinishedPath(target: string, what: Unfinished): string {
  return `${target}.${ownerMark()}.${what}`
}

/** Clears what killed writers left in a directory; a snapshot that was being replaced is there again. */
export async function clearUnfinished(directory: string): Promise<void> {
  for (const { path, name, what, mark } of await unfinishedIn(directory)) {
    if (!(await isAbandoned(path, mark))) continue
    if (what === 'incomplete') await rm(path, { recursive: true, force: true })
    else await settle(path, join(directory, name))
  }
}

/** A snapshot that a killed writer has put aside, where nothing stands under its name; null = there is none. */
export async function putAside(target: string): Promise<string | null> {
  const all = await unfinishedIn(dirname(target))
  const found = all.find(({ name, what }) => what === 'replaced' && name === basename(target))
  return found?.path ?? null
}

/**
 * Ends a replacement. With a new snapshot under the name what is not the old one's own (somebody's notes beside it) moves
 * over, and the old one goes; else the old one is put back.
 */
export async function settle(replaced: string, target: string): Promise<void> {
  try {
    if (!existsSync(target)) {
      await rename(replaced, target)
      return
    }
    const own = await filesOfSnapshot(replaced)
    for (const name of await readdir(replaced)) {
      const moved = join(target, name)
      if (own?.has(name) === false && !existsSync(moved)) await rename(join(replaced, name), moved)
    }
    await rm(replaced, { recursive: true, force: true })
  } catch (error) {
    // Somebody else settles it at the same moment.
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
  }
}

interface Found {
  readonly path: string
  /** Name of the snapshot that it belongs to. */
  readonly name: string
  readonly mark: string
  readonly what: Unfinished
}

async function unfinishedIn(directory: string): Promise<Found[]> {
  if (!existsSync(directory)) return []
  return (await readdir(directory)).sort().flatMap((entry) => {
    const [, name, mark, what] = NAME.exec(entry) ?? []
    if (name === undefined || mark === undefined) return []
    return [{ path: join(directory, entry), name, mark, what: what as Unfinished }]
  })
}

/** Of another boot, machine or container nobody here can tell: there a writer would have made a file within a day. */
async function isAbandoned(path: string, mark: string): Promise<boolean> {
  const state = ownerState(mark)
  if (state === 'alive') return false
  const status = await stat(path).catch(() => null)
  if (status === null || !status.isDirectory() || !isOurs(status.uid)) return false
  return state === 'dead' || Date.now() - status.mtimeMs > DAY
}

function isOurs(uid: number): boolean {
  const own = process.getuid?.()
  return own === undefined || own === 0 || own === uid
}
