/**
 * A harness that the tests kill while it loads a snapshot (second argument) in several streams into a server (first
 * argument). Its mark is the first line on stdout; `loading` comes when the first part file is in, `loaded` at the end.
 */
import { ownerMark } from '../../src/foundation/owner.ts'
import { openServer } from '../../src/sandbox/server.ts'
import { loadSnapshot } from '../../src/snapshot/load.ts'
import { openSnapshot } from '../../src/snapshot/open.ts'

const say = (line: string) => process.stdout.write(`${line}\n`)

say(ownerMark())
const snapshot = await openSnapshot(process.argv[3]!)
const server = await openServer(process.argv[2]!)
let begun = false
await server.template((client, connect) =>
  loadSnapshot(snapshot, client, {
    connect,
    unlogged: true,
    onProgress: () => {
      if (!begun) say('loading')
      begun = true
    },
  }),
)
say('loaded')
// Long enough for every test; a process that nobody kills must not stay for ever.
setTimeout(() => process.exit(1), 120_000)
