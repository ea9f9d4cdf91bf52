/**
 * Puts a new snapshot into a directory, whole or not at all: it is written beside it under `….incomplete` and moved in
 * when it is finished, the manifest last. A directory that is no snapshot is never touched.
 */
import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, rename, rm } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { DrillError } from '../foundation/errors.ts'
import { MANIFEST_FILE, parseManifest, tablesOf } from './format.ts'

/** Throws DrillError `input` if the directory holds something else, or a snapshot and `overwrite` is false. */
export async function replaceDirectory<T>(
  directory: string,
  overwrite: boolean,
  write: (directory: string) => Promise<T>,
): Promise<T> {
  const target = resolve(directory)
  await refuseForeign(target, overwrite)
  const incomplete = `${target}.incomplete`
  // A killed run may have left it.
  await rm(incomplete, { recursive: true, force: true })
  await mkdir(incomplete, { recursive: true })
  try {
    const written = await write(incomplete)
    // In one step wherever nothing is replaced: whoever is killed in between leaves all of it or none.
    if (await moveWhole(incomplete, target)) return written
    await removeOld(target)
    const names = (await readdir(incomplete)).sort()
    for (const name of [...names.filter((each) => each !== MANIFEST_FILE), MANIFEST_FILE]) {
      await rename(join(incomplete, name), join(target, name))
    }
    return written
  } finally {
    await rm(incomplete, { recursive: true, force: true })
  }
}

/** False where the target holds something. */
async function moveWhole(incomplete: string, target: string): Promise<boolean> {
  try {
    await rename(incomplete, target)
    return true
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOTEMPTY' || code === 'EEXIST') return false
    throw error
  }
}

/** For work that takes long before anything is written. Throws what `replaceDirectory` would. */
export async function refuseForeign(directory: string, overwrite: boolean): Promise<void> {
  const target = resolve(directory)
  if (!existsSync(target)) return
  if (existsSync(join(target, MANIFEST_FILE))) {
    if (overwrite) return
    throw new DrillError('input', `${target} is a snapshot already: add --force to replace it`)
  }
  const [first] = await readdir(target)
  if (first === undefined) return
  throw new DrillError(
    'input',
    `${target} is neither empty nor a snapshot (it holds ${first}): give another directory`,
  )
}

/** The old manifest first: from here on the directory is no snapshot until the new one is in. */
async function removeOld(target: string): Promise<void> {
  const path = join(target, MANIFEST_FILE)
  if (!existsSync(path)) return
  const text = await readFile(path, 'utf8')
  await rm(path)
  for (const { files } of tablesOf(parseManifest(path, text))) {
    for (const { name } of files) await rm(join(target, name), { force: true })
  }
}
