/**
 * A PostgreSQL of our own on this machine, without installation: made in about a second, gone with the harness. It
 * listens on a Unix socket in its own directory, which nobody else can enter; where the path is too long for a socket,
 * on a free port of the loopback address.
 */
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { DrillError } from '../../foundation/errors.ts'
import type { Backend } from '../backend.ts'
import { noteOpen } from '../cleanup.ts'
import type { Address } from '../connect.ts'
import { randomPassword, scramVerifier } from '../names.ts'
import { once } from '../once.ts'
import { serverArguments } from '../settings.ts'
import { untilReady } from '../until-ready.ts'
import type { Binaries } from './binaries.ts'
import { findBinaries } from './binaries.ts'
import { type Cluster, initdbArguments, openCluster, SUPERUSER } from './cluster.ts'
import {
  clearLeftOvers,
  makeDirectory,
  placesForDirectories,
  removeDirectory,
} from './directory.ts'
import { endOrphan } from './orphan.ts'
import type { RunAs } from './run-as.ts'
import { chooseRunAs } from './run-as.ts'
import type { Watchdog } from './watchdog.ts'
import { startWatchdog } from './watchdog.ts'

export interface EmbeddedOptions {
  /** Directories in which the server's own directory may be made; default: memory where there is room, else temporary. */
  readonly places?: readonly string[]
  /** Default: the npm package of the platform, else what is installed (`binaries.ts`). */
  readonly binaries?: Binaries
  /** Where a cluster is kept for the next start, the first that can be used; default: `cache-directory.ts`. */
  readonly cacheDirectories?: readonly string[]
}

/** Bytes of `sun_path` with its end mark: 108 on Linux, 104 on macOS. */
const SOCKET_PATH_BYTES = process.platform === 'darwin' ? 104 : 108
const PORT_OF_SOCKET = 5432
const PORT_TRIES = 5

/** Clears what dead harnesses left, then makes and starts a server. Throws `harness`. */
export async function startEmbedded(options: EmbeddedOptions = {}): Promise<Backend> {
  const places = options.places ?? placesForDirectories()
  const runAs = chooseRunAs()
  clearLeftOvers(runAs, places)
  const binaries = options.binaries ?? (await findBinaries(runAs))
  for (let tries = 1; ; tries++) {
    const cluster = openCluster(binaries, initdbArguments(binaries), options.cacheDirectories)
    const attempt = await startIn(makeDirectory(runAs, places), binaries, cluster, runAs)
    if (!(attempt instanceof Error)) return attempt
    // Between finding a free port and listening on it somebody else may take it.
    if (tries === PORT_TRIES || !/Address already in use/i.test(attempt.message)) throw attempt
  }
}

async function startIn(
  directory: string,
  binaries: Binaries,
  cluster: Cluster,
  runAs: RunAs | null,
): Promise<Backend | DrillError> {
  const address = await addressIn(directory)
  const socket = address.host.startsWith('/')
  const login = { user: SUPERUSER, password: randomPassword(), database: 'postgres' }
  const watchdog = startWatchdog({
    directory,
    binaries: binaries.directory,
    user: login.user,
    verifier: scramVerifier(login.password),
    cluster,
    initdbArguments: initdbArguments(binaries),
    serverArguments: serverArguments({
      listen_addresses: socket ? '' : address.host,
      port: String(address.port),
      unix_socket_directories: socket ? address.host : '',
    }),
    runAs,
  })
  const closeNow = (): void => {
    watchdog.process.stdin?.destroy()
    cluster.close()
  }
  const dispose = once(async () => {
    try {
      await stop(watchdog, directory)
    } finally {
      cluster.close()
      forget()
    }
  })
  // From the first moment on: Ctrl-C may come while the server starts.
  const forget = noteOpen({ closeNow, [Symbol.asyncDispose]: dispose })
  const failure = await untilReady(address, login, () => watchdog.ended())
  if (failure !== null) {
    await dispose()
    return startError(failure, watchdog)
  }
  return {
    kind: 'embedded',
    version: binaries.version,
    ownServer: true,
    address,
    gatewayAddress: address,
    login,
    lost: (detail) => lostError(binaries.version, watchdog, detail),
    closeNow,
    [Symbol.asyncDispose]: dispose,
  }
}

async function addressIn(directory: string): Promise<Address> {
  const socketPath = join(directory, `.s.PGSQL.${PORT_OF_SOCKET}`)
  if (Buffer.byteLength(socketPath) < SOCKET_PATH_BYTES) {
    return { host: directory, port: PORT_OF_SOCKET, ssl: false }
  }
  return { host: '127.0.0.1', port: await freePort(), ssl: false }
}

async function freePort(): Promise<number> {
  const probe = createServer()
  await new Promise<void>((resolve, reject) => {
    probe.once('error', reject).listen(0, '127.0.0.1', resolve)
  })
  const { port } = probe.address() as AddressInfo
  await new Promise((resolve) => probe.close(resolve))
  return port
}

function startError(detail: string, watchdog: Watchdog): DrillError {
  const log = watchdog.log()
  return new DrillError(
    'harness',
    `the embedded PostgreSQL did not start: ${detail}${log === '' ? '' : `\n${log}`}`,
  )
}

function lostError(version: string, watchdog: Watchdog, detail: string): DrillError {
  const ended = watchdog.ended()
  return new DrillError(
    'harness',
    `the embedded PostgreSQL ${version} went away while it was in use (${ended ?? detail}): nothing of it is left, ` +
      'run the command again',
  )
}

async function stop(watchdog: Watchdog, directory: string): Promise<void> {
  const inTime = await watchdog.stop()
  if (!inTime && watchdog.process.pid !== undefined) {
    // Its session: the script, its watcher and the server's postmaster.
    process.kill(-watchdog.process.pid, 'SIGKILL')
    await watchdog.stop()
  }
  // Usually gone already; the script may have been killed.
  clearAway(directory)
}

function clearAway(directory: string): void {
  endOrphan(directory)
  removeDirectory(directory)
}
