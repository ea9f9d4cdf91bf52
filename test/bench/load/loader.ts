/** A process of its own that loads a snapshot once: what it measures of itself is the loader's alone. */
import { performance } from 'node:perf_hooks'
import { DrillError } from '../../../src/foundation/errors.ts'
import type { Address, Login } from '../../../src/sandbox/connect.ts'
import { connect } from '../../../src/sandbox/connect.ts'
import { loadSnapshot } from '../../../src/snapshot/load.ts'
import { openSnapshot } from '../../../src/snapshot/open.ts'

/** Its only argument, as JSON. */
export interface LoaderTask {
  readonly directory: string
  readonly address: Address
  readonly login: Login
  readonly streams: number
}

/** Its only line on stdout, as JSON. Seconds from the first statement on; `rowsSeconds`: until the last row was in. */
export interface LoaderResult {
  readonly seconds: number
  readonly rowsSeconds: number
  readonly peakRssMb: number
}

const { directory, address, login, streams } = JSON.parse(process.argv[2]!) as LoaderTask
const open = () => connect(address, login, (detail) => new DrillError('harness', detail))
const snapshot = await openSnapshot(directory)
const client = await open()
const started = performance.now()
const seconds = () => (performance.now() - started) / 1000
let rowsSeconds = 0
await loadSnapshot(snapshot, client, {
  connect: open,
  streams,
  unlogged: true,
  onProgress: (rows, ofRows) => {
    if (rows === ofRows) rowsSeconds = seconds()
  },
})
const result: LoaderResult = {
  seconds: seconds(),
  rowsSeconds,
  peakRssMb: process.resourceUsage().maxRSS / 1024,
}
console.log(JSON.stringify(result))
await client.end()
