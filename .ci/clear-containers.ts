/** Removes the containers of harnesses that are gone: tests that were ended by force leave theirs to the next start. */
import { clearContainers } from '../src/sandbox/container/containers.ts'
import { askDocker } from '../src/sandbox/container/docker.ts'

const docker = await askDocker()
if (docker.answers) {
  const cleared = await clearContainers(docker.client)
  if (cleared.length > 0) console.log(`containers of dead harnesses removed: ${cleared.length}`)
}
process.exit(0)
