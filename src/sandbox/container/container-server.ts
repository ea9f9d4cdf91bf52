/**
 * A PostgreSQL in a container of `testcontainers`, with the same settings as the embedded one. The container carries
 * the mark of the harness that made it; a later start removes those of dead harnesses, so that the library's own
 * clean-up container (whose image a machine without a registry cannot have) is not needed.
 */
import { isIPv4 } from 'node:net'
import type { Readable } from 'node:stream'
import { PostgreSqlContainer } from '@testcontainers/postgresql'
import { type ContainerRuntimeClient, Wait } from 'testcontainers'
import { DrillError, messageOf } from '../../foundation/errors.ts'
import type { Backend } from '../backend.ts'
import { noteOpen } from '../cleanup.ts'
import { type Address, connect, type Login } from '../connect.ts'
import { randomPassword } from '../names.ts'
import { once } from '../once.ts'
import { OLDEST_MAJOR, serverArguments } from '../settings.ts'
import { untilReady } from '../until-ready.ts'
import {
  clearContainers,
  newContainerName,
  ownLabels,
  removeContainer,
  removeContainerNow,
} from './containers.ts'
import { hasImage } from './docker.ts'

export interface ContainerOptions {
  readonly image: string
}

/** Apart from the image's own volume, which would lie on the disk. */
const DATA = '/queue-drill/data'
/** Memory of the Docker host from which on the data directory lies in it: it halves the start (1.1 against 2.2 s). */
const MEMORY_FOR_TMPFS_BYTES = 4 * 1024 ** 3
const START_MS = 120_000

/** Clears the containers of dead harnesses, then starts one. Throws `harness`; never downloads an image. */
export async function startContainer(
  client: ContainerRuntimeClient,
  options: ContainerOptions,
): Promise<Backend> {
  const { image } = options
  if (!(await hasImage(client, image))) {
    throw new DrillError(
      'harness',
      `the image ${image} is not on this machine: run "docker pull ${image}", or use --postgres embedded`,
    )
  }
  await clearContainers(client)
  const login = { user: 'queue_drill', password: randomPassword(), database: 'postgres' }
  const name = newContainerName()
  const log = new LogTail()
  const starting = definitionOf(client, image, login)
    .withName(name)
    .withLogConsumer((stream) => log.follow(stream))
    .start()
  const closeNow = (): void => removeContainerNow(client, name)
  // From the first moment on: Ctrl-C may come while the container starts. It is removed as soon as it is there.
  let closing = false
  const dispose = once(async () => {
    closing = true
    try {
      await Promise.allSettled([starting])
      await removeContainer(client, name)
    } finally {
      forget()
    }
  })
  const forget = noteOpen({ closeNow, [Symbol.asyncDispose]: dispose })
  try {
    const container = await starting
    const address = { host: container.getHost(), port: container.getPort(), ssl: false }
    const failure = await untilReady(address, login, () => (closing ? 'its removal' : null))
    if (failure !== null) throw new Error(failure)
    return {
      kind: 'container',
      version: await versionOf(address, login, image),
      ownServer: true,
      address,
      gatewayAddress: address,
      login,
      lost: (detail) => lostError(image, detail),
      closeNow,
      [Symbol.asyncDispose]: dispose,
    }
  } catch (error) {
    await dispose()
    throw error instanceof DrillError ? error : startError(image, error, log.text)
  } finally {
    log.close()
  }
}

function definitionOf(
  client: ContainerRuntimeClient,
  image: string,
  login: { readonly user: string; readonly password: string; readonly database: string },
): PostgreSqlContainer {
  const { host, memory } = client.info.containerRuntime
  const definition = new LoopbackContainer(image, host)
    .withUsername(login.user)
    .withPassword(login.password)
    .withDatabase(login.database)
    .withEnvironment({
      PGDATA: DATA,
      POSTGRES_INITDB_ARGS: '--encoding=UTF8 --locale=C --no-sync --auth-host=scram-sha-256',
    })
    .withCommand(['postgres', ...serverArguments()])
    .withLabels(ownLabels())
    .withAutoCleanup(false)
    // The library's check runs four times a second for as long as the container lives, and one that takes longer than
    // a second can bring the server down. Readiness is found out by connecting.
    .withHealthCheck({ test: ['CMD-SHELL', 'true'], interval: 3_600_000, timeout: 30_000 })
    // The first time it is the image's own start for initialisation, which listens on no port.
    .withWaitStrategy(Wait.forLogMessage(/database system is ready to accept connections/, 2))
    .withStartupTimeout(START_MS)
  return memory < MEMORY_FOR_TMPFS_BYTES
    ? definition
    : definition.withTmpFs({ '/queue-drill': 'rw' })
}

/** The last that a container wrote while it started; afterwards nobody listens, or the process could not end. */
class LogTail {
  text = ''
  #stream: Readable | null = null

  follow(stream: Readable): void {
    this.#stream = stream
    stream.on('data', (chunk: Buffer | string) => {
      this.text = (this.text + chunk.toString()).slice(-2_000)
    })
  }

  close(): void {
    this.#stream?.destroy()
  }
}

/**
 * Binds its port to the address by which it is reached and to no other: that is loopback, or, for a harness that
 * itself runs in a container, the bridge. A daemon on another machine is reached by its name: there it cannot be told.
 */
class LoopbackContainer extends PostgreSqlContainer {
  readonly #address: string | null

  constructor(image: string, host: string) {
    super(image)
    this.#address = host === 'localhost' ? '127.0.0.1' : isIPv4(host) ? host : null
  }

  protected override beforeContainerCreated(): Promise<void> {
    if (this.#address !== null) {
      this.hostConfig.PortBindings = { '5432/tcp': [{ HostIp: this.#address, HostPort: '0' }] }
    }
    return Promise.resolve()
  }
}

async function versionOf(address: Address, login: Login, image: string): Promise<string> {
  const client = await connect(address, login, (detail) => lostError(image, detail))
  try {
    const { rows } = await client.query<{ server_version: string }>('show server_version')
    const version = rows[0]!.server_version.split(' ')[0]!
    if (Number.parseInt(version, 10) >= OLDEST_MAJOR) return version
    throw new DrillError(
      'input',
      `the image ${image} holds PostgreSQL ${version}: a drill needs ${OLDEST_MAJOR} or later`,
    )
  } finally {
    await client.end()
  }
}

function startError(image: string, cause: unknown, log: string): DrillError {
  return new DrillError(
    'harness',
    `the container of ${image} did not start: ${messageOf(cause)}; use --postgres embedded, or another image` +
      (log.trim() === '' ? '' : `\n${log.trim()}`),
    { cause },
  )
}

function lostError(image: string, detail: string): DrillError {
  return new DrillError(
    'harness',
    `the PostgreSQL in the container of ${image} went away while it was in use (${detail}): nothing of it is left, ` +
      'run the command again',
  )
}
