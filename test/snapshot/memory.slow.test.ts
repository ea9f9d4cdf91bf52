/**
 * Memory does not grow with the rows: 120,000 of them, 80 MB of text, are generated, read and loaded by processes that
 * could not hold them.
 */
import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'

const ROWS = 120_000
const HEAP_MB = 64
/** Measured: 119, 109 and 106 MB, nearly all of it modules; whoever held the text would need 80 MB more. */
const RESIDENT_MB = 180

let root: string
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'queue-drill-test-'))
})
afterAll(() => rm(root, { recursive: true, force: true }))

/** Runs lines of code on the built library with a small heap. Returns the peak of resident memory in MB. */
async function peakOf(lines: string): Promise<number> {
  const dist = fileURLToPath(new URL('../../dist/', import.meta.url))
  const { stdout } = await promisify(execFile)(process.execPath, [
    `--max-old-space-size=${HEAP_MB}`,
    '--input-type=module',
    '--eval',
    `const load = (path) => import(${JSON.stringify(dist)} + path)
     const directory = ${JSON.stringify(join(root, 'large'))}
     ${lines}
     console.log(process.resourceUsage().maxRSS)`,
  ])
  return Number(stdout) / 1024
}

test('generating, reading and loading 120,000 rows takes no more memory than a few', async () => {
  const generated = await peakOf(`
    const { generateSnapshot } = await load('snapshot/generate/generate.js')
    await generateSnapshot({ company: 'company-60k', rows: ${ROWS}, directory })`)
  expect(generated).toBeLessThan(RESIDENT_MB)

  const read = await peakOf(`
    const { openSnapshot } = await load('snapshot/open.js')
    const { readJobs } = await load('snapshot/rows.js')
    let rows = 0
    for await (const job of readJobs(await openSnapshot(directory))) rows += 1
    if (rows !== ${ROWS}) throw new Error('read ' + rows)`)
  expect(read).toBeLessThan(RESIDENT_MB)

  const loaded = await peakOf(`
    const { openServer } = await load('sandbox/server.js')
    const { openSnapshot } = await load('snapshot/open.js')
    const { loadSnapshot } = await load('snapshot/load.js')
    const snapshot = await openSnapshot(directory)
    const server = await openServer('embedded')
    try {
      await server.template(async (client) => {
        await loadSnapshot(snapshot, client)
        const { rows } = await client.query('select count(*)::int as rows from queue_job')
        if (rows[0].rows !== ${ROWS}) throw new Error('loaded ' + rows[0].rows)
        throw new Error('enough')
      }).catch((error) => { if (error.message !== 'enough') throw error })
    } finally {
      await server[Symbol.asyncDispose]()
    }`)
  expect(loaded).toBeLessThan(RESIDENT_MB)
}, 120_000)
