/** The containers of all harnesses on a Docker host: whose they are, and the removal of those of dead ones. */
import { spawnSync } from 'node:child_process'
import type { ContainerRuntimeClient } from 'testcontainers'
import { randomLetters } from '../names.ts'
import { ownerMark, ownerState } from '../../foundation/owner.ts'

/** Its value is the mark of the harness (`owner.ts`). */
const OWNER_LABEL = 'queue-drill.owner'

export function ownLabels(): Record<string, string> {
  return { [OWNER_LABEL]: ownerMark() }
}

/** Known before the container is: it can be removed by its name at any moment of its start. */
export function newContainerName(): string {
  return `queue-drill-${ownerMark()}-${randomLetters(6)}`
}

/**
 * Removes what dead harnesses left; returns the ids. The daemon may serve several machines, so a container of another
 * boot is one of a machine that was started anew only if it does not run: Docker stops them all on the way down.
 */
export async function clearContainers(client: ContainerRuntimeClient): Promise<string[]> {
  const { dockerode } = client.container
  const containers = await dockerode.listContainers({
    all: true,
    filters: { label: [OWNER_LABEL] },
  })
  const cleared: string[] = []
  for (const container of containers) {
    const state = ownerState(container.Labels[OWNER_LABEL] ?? '')
    if (state === 'dead' || (state === 'earlier-boot' && container.State !== 'running')) {
      await removeContainer(client, container.Id)
      cleared.push(container.Id)
    }
  }
  return cleared
}

/** Ends and removes a container, by id or name, with its volumes; one that is gone, or being removed by somebody else, is fine. */
export async function removeContainer(client: ContainerRuntimeClient, name: string): Promise<void> {
  try {
    await client.container.dockerode.getContainer(name).remove({ force: true, v: true })
  } catch (error) {
    const { statusCode } = error as { statusCode?: number }
    // 404: no such container; 409: its removal is in progress.
    if (statusCode !== 404 && statusCode !== 409) throw error
  }
}

/**
 * The same while the process exits: a process of its own asks the daemon, since nothing asynchronous runs here any
 * more. Only where the daemon listens on a socket of this machine; elsewhere the next start removes the container.
 */
export function removeContainerNow(client: ContainerRuntimeClient, name: string): void {
  const { socketPath } = client.container.dockerode.modem as { socketPath?: string }
  if (socketPath === undefined) return
  const request = { socketPath, method: 'DELETE', path: `/containers/${name}?force=true&v=true` }
  const program = `require('node:http').request(${JSON.stringify(request)}).end()`
  spawnSync(process.execPath, ['-e', program], { timeout: 10_000 })
}
