/**
 * Whether Docker can be used here, asked in bounded time. `testcontainers` knows the places where a daemon listens; it
 * is loaded only where there may be one, since loading it takes longer than starting an embedded server.
 */
import { accessSync, constants, existsSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import type { ContainerRuntimeClient } from 'testcontainers'
import { messageOf } from '../../foundation/errors.ts'

export const DEFAULT_IMAGE = 'postgres:15'

export type DockerAnswer =
  | { readonly answers: true; readonly version: string; readonly client: ContainerRuntimeClient }
  /** `why`: a clause, such as "no Docker socket on this machine". */
  | { readonly answers: false; readonly why: string }

/** Longest wait for a daemon; one that is there answers within a second, loading the library included. */
const ANSWER_MS = 10_000

export async function askDocker(limitMs = ANSWER_MS): Promise<DockerAnswer> {
  if (!mayHaveDocker()) return { answers: false, why: 'no Docker socket that this user may use' }
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<DockerAnswer>((resolve) => {
    const why = `Docker did not answer within ${limitMs / 1000} s`
    timer = setTimeout(() => resolve({ answers: false, why }), limitMs)
  })
  try {
    return await Promise.race([connectDocker(), late])
  } finally {
    clearTimeout(timer)
  }
}

async function connectDocker(): Promise<DockerAnswer> {
  // Inside a container the library looks for its way to the daemon's host with the help of an image that it downloads.
  // Where the daemon's bridge is an interface of this very machine there is nothing to look for.
  if (existsSync('/.dockerenv') && existsSync('/sys/class/net/docker0')) {
    process.env.TESTCONTAINERS_HOST_OVERRIDE ??= '127.0.0.1'
  }
  try {
    const { getContainerRuntimeClient } = await import('testcontainers')
    const client = await getContainerRuntimeClient()
    return { answers: true, version: String(client.info.containerRuntime.serverVersion), client }
  } catch (error) {
    return { answers: false, why: `Docker does not answer (${messageOf(error)})` }
  }
}

/** The image is on this machine: nothing has to be downloaded. */
export async function hasImage(client: ContainerRuntimeClient, image: string): Promise<boolean> {
  const { ImageName } = await import('testcontainers')
  return client.image.exists(ImageName.fromString(image))
}

/** The places and settings that `testcontainers` looks at; a socket counts if this user may write to it. */
function mayHaveDocker(): boolean {
  const { DOCKER_HOST, XDG_RUNTIME_DIR } = process.env
  if (DOCKER_HOST !== undefined && DOCKER_HOST !== '') return true
  return [
    '/var/run/docker.sock',
    ...(XDG_RUNTIME_DIR === undefined ? [] : [join(XDG_RUNTIME_DIR, 'docker.sock')]),
    join(homedir(), '.docker/run/docker.sock'),
    join(homedir(), '.docker/desktop/docker.sock'),
    `/run/user/${process.getuid?.() ?? 0}/docker.sock`,
    join(homedir(), '.testcontainers.properties'),
  ].some(isWritable)
}

function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK)
    return true
  } catch {
    return false
  }
}
