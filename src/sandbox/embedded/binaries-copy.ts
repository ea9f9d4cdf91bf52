/**
 * A copy of the npm package's binaries that everybody may read and run, with the symlinks that its install script
 * would have made. One per version, made beside and moved into place in one step, so that several harnesses that
 * start at once never see half of it. It is the one thing that stays on the machine after a run.
 */
import {
  chmodSync,
  copyFileSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
} from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { OWNER_MARK, ownerMark, ownerState } from '../../foundation/owner.ts'
import type { PlatformPackage } from './binaries.ts'

/** Below these the copy is kept, the first that can be had. Root's must be readable for the user that runs the server. */
function defaultCacheDirectories(): string[] {
  const temporary = join(tmpdir(), `queue-drill-cache-${process.getuid?.() ?? 0}`)
  if (process.getuid?.() === 0) return ['/var/cache/queue-drill', temporary]
  if (process.platform === 'darwin')
    return [join(homedir(), 'Library/Caches/queue-drill'), temporary]
  return [join(homedir(), '.cache/queue-drill'), temporary]
}

/** Directory of the copy (with `bin`, `lib`, `share`); null when none of the cache directories can be used. */
export async function copyOfPackage(
  source: PlatformPackage,
  cacheDirectories: readonly string[] = defaultCacheDirectories(),
): Promise<string | null> {
  const name = `postgres-${source.version}-${process.platform}-${process.arch}`
  for (const cache of cacheDirectories) {
    if (!usable(cache)) continue
    const target = join(cache, name)
    if (existsSync(target)) return target
    clearAbandoned(cache)
    const partial = join(cache, `${name}.${ownerMark()}.partial`)
    rmSync(partial, { recursive: true, force: true })
    copyReadable(source.native, partial)
    makeSymlinks(source.native, partial)
    moveIntoPlace(partial, target)
    return target
  }
  return null
}

/** A directory that is ours and that nobody else can write to: programs are run from it. */
function usable(cache: string): boolean {
  try {
    mkdirSync(dirname(cache), { recursive: true })
    mkdirSync(cache, { mode: 0o755 })
    chmodSync(cache, 0o755)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') return false
  }
  const status = lstatSync(cache)
  return status.isDirectory() && status.uid === process.getuid?.() && (status.mode & 0o022) === 0
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

/** Half-made copies of harnesses that were killed while copying. */
function clearAbandoned(cache: string): void {
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
