/**
 * Puts a new snapshot into a directory, whole or not at all: it is written beside its place and moved in by one rename. One
 * that is replaced is put aside first and goes when the new one is in; whoever is killed in between leaves the one or the
 * other, whole (`unfinished.ts`). A directory that is no snapshot is never touched.
 */
import { existsSync, realpathSync, statSync } from 'node:fs'
import { mkdir, readdir, rename, rm } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { DrillError, messageOf, type ErrorCode } from '../foundation/errors.ts'
import { filesOfSnapshot } from './files.ts'
import { clearUnfinished, settle, unfinishedPath } from './unfinished.ts'

/**
 * Throws DrillError `input` if the directory holds something else, or a snapshot and `overwrite` is false; `harness` where
 * the disk does not take it.
 */
export async function replaceDirectory<T>(
  directory: string,
  overwrite: boolean,
  write: (directory: string) => Promise<T>,
): Promise<T> {
  await refuseForeign(directory, overwrite)
  const target = placeOf(directory)
  const incomplete = unfinishedPath(target, 'incomplete')
  await onDisk(target, async () => {
    await mkdir(dirname(target), { recursive: true })
    await mkdir(incomplete)
  })
  try {
    return await onDisk(target, async () => {
      const written = await write(incomplete)
      if (await moveIn(incomplete, target)) return written
      // Somebody else may have been faster.
      await refuseForeign(target, overwrite)
      await replace(incomplete, target)
      return written
    })
  } finally {
    await rm(incomplete, { recursive: true, force: true })
  }
}

/**
 * For work that takes long before anything is written: clears what killed writers left, then throws what
 * `replaceDirectory` would.
 */
export async function refuseForeign(directory: string, overwrite: boolean): Promise<void> {
  const target = placeOf(directory)
  await onDisk(target, () => refuseForeignPlace(target, overwrite))
}

async function refuseForeignPlace(target: string, overwrite: boolean): Promise<void> {
  await clearUnfinished(dirname(target))
  if (!existsSync(target)) return
  const status = statSync(target)
  if (!status.isDirectory()) {
    throw new DrillError('input', `${target} is no directory: give another one`)
  }
  const [first] = await readdir(target)
  if (first === undefined) return refuseMountPoint(target, status.dev)
  if ((await filesOfSnapshot(target)) === null) {
    throw new DrillError(
      'input',
      `${target} is neither empty nor a snapshot (it holds ${first}): give another directory`,
    )
  }
  if (!overwrite) {
    throw new DrillError('input', `${target} is a snapshot already: add --force to replace it`)
  }
  refuseMountPoint(target, status.dev)
}

/** A link to a directory stays, and leads to the new snapshot. */
function placeOf(directory: string): string {
  const path = resolve(directory)
  return existsSync(path) ? realpathSync(path) : path
}

function refuseMountPoint(target: string, device: number): void {
  if (statSync(dirname(target)).dev === device) return
  throw new DrillError(
    'input',
    `${target} is a disk of its own, nothing can be moved in its place: give a directory in it, ` +
      `such as ${join(target, 'snapshot')}`,
  )
}

/** False where the target holds something. */
async function moveIn(incomplete: string, target: string): Promise<boolean> {
  try {
    await rename(incomplete, target)
    return true
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOTEMPTY' || code === 'EEXIST') return false
    throw error
  }
}

async function replace(incomplete: string, target: string): Promise<void> {
  const replaced = unfinishedPath(target, 'replaced')
  await rename(target, replaced)
  try {
    if (await moveIn(incomplete, target)) return
    throw new DrillError('input', `${target} was written by somebody else meanwhile: run it again`)
  } finally {
    await settle(replaced, target)
  }
}

/** Of the disk: it is full or broken, or the place that was named is not to be written. */
const DISK_ERRORS: Readonly<Record<string, ErrorCode>> = {
  ENOSPC: 'harness',
  EDQUOT: 'harness',
  EIO: 'harness',
  EBUSY: 'harness',
  EROFS: 'input',
  EACCES: 'input',
  EPERM: 'input',
  ENOTDIR: 'input',
  ENAMETOOLONG: 'input',
}

async function onDisk<T>(target: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    const code = DISK_ERRORS[(error as NodeJS.ErrnoException).code ?? '']
    if (error instanceof DrillError || code === undefined) throw error
    throw new DrillError(code, `${target} cannot be written: ${messageOf(error)}`, { cause: error })
  }
}
