/** What docs/control-plane.md shows is true. */
import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ControlClient } from '../../src/control/client.ts'
import { type ControlPlane, startControlPlane } from '../../src/control/control-plane.ts'
import { runOdoocli } from '../../src/control/odoocli/run.ts'
import { isoUtc } from '../../src/foundation/time.ts'
import { START } from '../recovery/queue-database.ts'
import { callRows } from './documented-calls.ts'
import { listedCommands } from './odoocli/help-commands.ts'
import { scriptedPlane } from './scripted-plane.ts'

const guide = await readFile(new URL('../../docs/control-plane.md', import.meta.url), 'utf8')
const [curl, runbook] = [...guide.matchAll(/```sh\n([^]*?)```/g)].map(([, block]) => block!)

/** The rows of the table with that head, without the blanks that align them. */
function rowsBelow(head: string): string[] {
  const lines = guide.split('\n').map((line) => line.replace(/ +\|/g, ' |').replace(/\| +/g, '| '))
  const from = lines.indexOf(head) + 2
  expect(from).toBeGreaterThan(1)
  return lines.slice(from, lines.indexOf('', from))
}

let plane: ControlPlane
let client: ControlClient
const calls: string[] = []

beforeAll(async () => {
  plane = await startControlPlane(scriptedPlane((name) => calls.push(name)).host)
  client = new ControlClient(plane)
})
afterAll(async () => {
  client[Symbol.dispose]()
  await plane[Symbol.asyncDispose]()
})

const odoocli = (...argv: string[]) => runOdoocli(argv, client, { columns: 100 })

it('the table of calls is that of the schemas', () => {
  expect(rowsBelow('| call | takes | what it does |')).toEqual(
    callRows().map((row) => row.replace(/ +\|/g, ' |').replace(/\| +/g, '| ')),
  )
})

it('the table of commands is that of the help texts', async () => {
  const listed = await listedCommands(async (words) => (await odoocli(...words, '--help')).stdout)
  const leaves = listed.filter(
    ({ words }) =>
      !listed.some(
        (each) => each.words.length > 1 && words.length === 1 && each.words[0] === words[0],
      ),
  )
  expect(rowsBelow('| command | what it does |')).toEqual(
    leaves.map(({ synopsis, description }) => `| \`${synopsis}\` | ${description} |`),
  )
})

it('every command of the runbook is understood', async () => {
  calls.length = 0
  for (const line of runbook!.trim().split(/\n| && /)) {
    const [program, ...argv] = line.split(' ')
    expect(program).toBe('odoocli')
    const { status, stderr } = await odoocli(...argv)
    expect({
      line,
      status,
      stderr: stderr.replace(/^odoocli: (this speaks|the baseline).*\n/, ''),
    }).toEqual({
      line,
      status: 0,
      stderr: '',
    })
  }
  expect(calls).toEqual([
    'operations.queue.shape',
    'notes.baseline',
    'operations.queue.blockers',
    'operations.queue.quarantine',
    'operations.queue.retry',
    'operations.doctor',
    'operations.workers.scale',
    'operations.queue.release',
  ])
})

const shell = promisify(execFile)
const hasCurl = await shell('curl', ['--version']).then(
  () => true,
  () => false,
)

describe(`the example with curl${hasCurl ? '' : ' (skipped: no curl on this machine)'}`, () => {
  it.skipIf(!hasCurl)('works', async () => {
    const { stdout, stderr } = await shell('sh', ['-euc', curl!], {
      env: {
        PATH: process.env['PATH'],
        QUEUE_DRILL_URL: plane.url,
        QUEUE_DRILL_TOKEN: plane.token,
      },
    })
    expect(stderr).toBe('')
    expect(stdout.trim().split('\n')).toEqual([
      '{"byState":[],"channels":[]}',
      '{"requeued":[],"refused":[]}',
      `{"now":"${isoUtc(START + 600_000)}"}`,
    ])
  })
})
