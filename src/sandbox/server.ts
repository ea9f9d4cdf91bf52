/**
 * Opens the PostgreSQL of a run, wherever it is to be. `auto` takes a container if Docker answers and the image is
 * there, else the embedded server, and says why.
 */
import { DrillError } from '../foundation/errors.ts'
import { askDocker, DEFAULT_IMAGE, hasImage } from './container/docker.ts'
import { openSandbox } from './databases.ts'
import { type EmbeddedOptions, startEmbedded } from './embedded/embedded-server.ts'
import type { Server } from './sandbox.ts'
import { openGivenServer } from './url/given-server.ts'

export interface ServerOptions {
  /** Of the container; default `postgres:15`. */
  readonly image?: string
  readonly embedded?: EmbeddedOptions
  /** One line now and then, for people who wait. */
  readonly onProgress?: (line: string) => void
}

/** `auto` asks no longer than this: whoever has no Docker should not notice. */
const AUTO_ANSWER_MS = 3_000

/**
 * `choice`: `auto`, `embedded`, `container`, or the `postgresql://` URL of a given server. What dead harnesses left in
 * the same place is cleared first. Throws DrillError: `input` for a choice or URL that cannot be used, `harness` where
 * no server can be had.
 */
export async function openServer(choice: string, options: ServerOptions = {}): Promise<Server> {
  if (choice === 'embedded') return openEmbedded('--postgres embedded', options)
  if (choice === 'container') return openContainer(options)
  if (choice === 'auto') return openAuto(options)
  if (/^postgres(ql)?:\/\//.test(choice)) return openGivenServer(choice, options.onProgress)
  throw new DrillError(
    'input',
    `"${choice}" is no place for PostgreSQL: auto, embedded, container, or a URL postgresql://user@host/database`,
  )
}

async function openAuto(options: ServerOptions): Promise<Server> {
  const image = options.image ?? DEFAULT_IMAGE
  const docker = await askDocker(AUTO_ANSWER_MS)
  if (!docker.answers) return openEmbedded(docker.why, options)
  if (!(await hasImage(docker.client, image))) {
    return openEmbedded(`Docker answers, but the image ${image} is not there`, options)
  }
  const reason = `Docker ${docker.version} answers and ${image} is there`
  const { startContainer } = await import('./container/container-server.ts')
  options.onProgress?.(`PostgreSQL in a container: ${reason}`)
  return openSandbox(await startContainer(docker.client, { image }), reason)
}

async function openContainer(options: ServerOptions): Promise<Server> {
  const docker = await askDocker()
  if (!docker.answers) {
    throw new DrillError(
      'harness',
      `--postgres container: ${docker.why}; start Docker, or use --postgres embedded`,
    )
  }
  const { startContainer } = await import('./container/container-server.ts')
  const image = options.image ?? DEFAULT_IMAGE
  options.onProgress?.(`PostgreSQL in a container of ${image}`)
  return openSandbox(await startContainer(docker.client, { image }), '--postgres container')
}

async function openEmbedded(reason: string, options: ServerOptions): Promise<Server> {
  options.onProgress?.(`embedded PostgreSQL: ${reason}`)
  return openSandbox(await startEmbedded(options.embedded), reason)
}
