/**
 * A copy of the npm package's binaries that everybody may read and run, with the symlinks that its install script
 * would have made. One per version, made beside and moved into place in one step, so that several harnesses that
 * start at once never see half of it.
 */
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
} from 'node:fs'
import { basename, join } from 'node:path'
import type { PlatformPackage } from './binaries.ts'
import { cacheDirectories, clearAbandoned, partialName, usable } from './cache-directory.ts'

/** Directory of the copy (with `bin`, `lib`, `share`); null when none of the cache directories can be used. */
export async function copyOfPackage(
  source: PlatformPackage,
  directories: readonly string[] = cacheDirectories(),
): Promise<string | null> {
  const name = `postgres-${source.version}-${process.platform}-${process.arch}`
  for (const cache of directories) {
    if (!usable(cache)) continue
    const target = join(cache, name)
    if (existsSync(target)) return target
    clearAbandoned(cache)
    const partial = join(cache, partialName(name))
    copyReadable(source.native, partial)
    makeSymlinks(source.native, partial)
    moveIntoPlace(partial, target)
    return target
  }
  return null
}

/** Modes are set outright, since the umask would take them away again. Static libraries are of no use here. */
function copyReadable(from: string, to: string): void {
  mkdirSync(to)
  chmodSync(to, 0o755)
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    const source = join(from, entry.name)
    const target = join(to, entry.name)
    if (entry.isDirectory()) {
      copyReadable(source, target)
    } else if (entry.isSymbolicLink()) {
      symlinkSync(readlinkSync(source), target)
    } else if (!entry.name.endsWith('.a')) {
      copyFileSync(source, target)
      chmodSync(target, basename(from) === 'bin' || /\.so|\.dylib/.test(entry.name) ? 0o755 : 0o644)
    }
  }
}

/** `pg-symlinks.json`: pairs of paths that begin with `native/`; source and target lie in one directory. */
function makeSymlinks(native: string, root: string): void {
  const list = join(native, 'pg-symlinks.json')
  if (!existsSync(list)) return
  const links = JSON.parse(readFileSync(list, 'utf8')) as { source: string; target: string }[]
  for (const { source, target } of links) {
    const path = join(root, target.replace(/^native\//, ''))
    if (!existsSync(path)) symlinkSync(basename(source), path)
  }
}

function moveIntoPlace(partial: string, target: string): void {
  try {
    renameSync(partial, target)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    // Another harness was faster; its copy is as good.
    if (code !== 'ENOTEMPTY' && code !== 'EEXIST') throw error
    rmSync(partial, { recursive: true, force: true })
  }
}
