/** `queue-drill doctor`: what this machine can do, before somebody wonders why a drill does not start. */
import { once } from 'node:events'
import { createServer } from 'node:net'
import type { CommandModule } from 'yargs'
import { DrillError, EXIT, messageOf } from '../foundation/errors.ts'
import type { Capabilities, Finding } from '../sandbox/capabilities.ts'
import type { CommandContext } from './context.ts'
import { columns, print, printJson } from './terminal.ts'

/** `engines.node` of package.json. */
const NODE_NEEDED = { major: 20, minor: 19 } as const

export function doctorCommand(
  context: CommandContext,
): CommandModule<object, { image: string | undefined; json: boolean }> {
  return {
    command: 'doctor',
    describe: 'Show what this machine can do',
    builder: (yargs) =>
      yargs
        .option('image', {
          type: 'string',
          requiresArg: true,
          describe: 'Image of the container to look for (default: postgres:15)',
        })
        .option('json', { type: 'boolean', default: false, describe: 'Print one JSON document' })
        .example('$0 doctor', 'exit status 3 if no PostgreSQL can be had')
        .example('$0 doctor --image postgres:16', 'is this one here?'),
    handler: async ({ image, json }) => {
      const { findCapabilities } = await import('../sandbox/capabilities.ts')
      const found = await findCapabilities(image)
      const node = nodeFinding()
      const loopback = await loopbackFinding()
      const usable = found.auto !== null && node.available && loopback.available
      if (json) printJson({ node, loopback, ...found })
      else print(columns(lines(node, loopback, found)))
      if (usable) return
      if (json) context.exitStatus = EXIT.harness
      else throw new DrillError('harness', 'no drill can run here: see what is marked with "no"')
    },
  }
}

function lines(node: Finding, loopback: Finding, found: Capabilities): string[][] {
  const { embedded, docker, image, psql, places, auto } = found
  const line = (name: string, { available, detail }: Finding, without = 'no') => [
    name,
    available ? 'yes' : without,
    detail,
  ]
  // One of the two places is enough, and drills never need psql.
  const spare = auto === null ? 'no' : '-'
  return [
    line('node', node),
    line('loopback', loopback),
    line('embedded', embedded, spare),
    line('docker', docker, spare),
    line(image.name, image, spare),
    line('psql', psql, '-'),
    ...places.map(({ path, memory, freeBytes }) => [
      'room',
      'yes',
      `${path}: ${(freeBytes / 1e9).toFixed(1)} GB free${memory ? ', in memory' : ''}`,
    ]),
    ['--postgres auto', auto === null ? 'no' : 'yes', auto ?? 'neither embedded nor container'],
  ]
}

function nodeFinding(): Finding & { readonly version: string } {
  const version = process.versions.node
  const [major = 0, minor = 0] = version.split('.').map(Number)
  const { major: least, minor: leastMinor } = NODE_NEEDED
  const available = major > least || (major === least && minor >= leastMinor)
  const needed = `${least}.${leastMinor} or newer is needed`
  return { available, detail: `Node ${version}${available ? '' : `: ${needed}`}`, version }
}

/** The engine reaches its database through a port of ours. */
async function loopbackFinding(): Promise<Finding> {
  const server = createServer()
  try {
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    return { available: true, detail: 'a port of 127.0.0.1 can be opened' }
  } catch (error) {
    return { available: false, detail: `no port of 127.0.0.1 can be opened: ${messageOf(error)}` }
  } finally {
    server.close()
  }
}
