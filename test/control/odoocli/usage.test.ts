/** What is wrong on odoocli's command line is told before anything is called, and its help is in good order. */
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest'
import { ControlClient } from '../../../src/control/client.ts'
import { type ControlPlane, startControlPlane } from '../../../src/control/control-plane.ts'
import { runOdoocli } from '../../../src/control/odoocli/run.ts'
import { scriptedPlane } from '../scripted-plane.ts'
import { listedCommands } from './help-commands.ts'

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

const run = (argv: readonly string[], columns = 100) => runOdoocli(argv, client, { columns })

/** A word in quotes is one parameter. */
const words = (line: string) =>
  [...line.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain!)

describe('what is wrong is one message on stderr with status 2, and nothing is called:', () => {
  it.each([
    ['', 'say what to do; `odoocli --help` lists the commands'],
    ['queue', 'say which: shape, blockers, quarantine, release or retry'],
    ['qeue shape', 'unknown command "qeue" (did you mean "queue"?)\nsee: odoocli --help'],
    ['queue shpe', 'unknown command "shpe" (did you mean "shape"?)\nsee: odoocli queue --help'],
    ['queue shape --basline', 'unknown flag --basline (did you mean --baseline?)'],
    ['queue shape all', 'unexpected argument "all"'],
    ['now -x', 'unknown flag -x'],
    [
      'queue retry --channel root.stock_sync --older-than 20m',
      'queue retry: say --limit: without one everything that failed would run at once',
    ],
    [
      'queue retry --channel c --older-than 20m --limit 0',
      'queue retry: --limit must be a whole number of at least 1, not "0"',
    ],
    [
      'queue retry --channel c --older-than 20m --limit 1e3',
      'queue retry: --limit must be a whole number of at least 1, not "1e3"',
    ],
    [
      'queue retry --channel c --older-than 20 --limit 1',
      '--older-than: "20" is not a duration: write a number and a unit',
    ],
    [
      'queue retry --chanel c --older-than 2m --limit 1',
      'missing: --channel\nunknown flag --chanel (did you mean --channel?)',
    ],
    ['queue retry --limit 1', 'missing: --channel, --older-than'],
    ['queue retry --channel --limit 1', '--channel wants a value'],
    [
      'queue retry --channel "" --older-than 2m --limit 1',
      'channel is empty: is a variable of the script not set?',
    ],
    [
      'queue retry --channel a --channel b --older-than 2m --limit 1',
      '--channel is given 2 times; give it once',
    ],
    ['queue quarantine --for 30m', 'queue quarantine: say either --channel or --function'],
    [
      'queue quarantine --channel a --function b --for 30m',
      'queue quarantine: say either --channel or --function',
    ],
    ['queue release', 'queue release: say either --channel or --function'],
    ['queue blockers --limit all', '--limit must be a whole number of at least 1, not "all"'],
    ['workers scale', 'an argument is missing\nsee: odoocli workers scale --help'],
    ['workers scale queue', 'missing: --count'],
    ['workers scale web --count 2', 'there is no pool "web"; there is only queue'],
    ['workers scale queu --count 2', 'no pool "queu" (did you mean "queue"?)'],
    ['workers scale queue --count +0', '--count is +2 for two more, -2 for two fewer, or 6 to'],
    ['workers scale queue --count -0', 'and not "-0"'],
    ['workers scale queue --count 0', 'and not "0"'],
    ['workers scale queue --count +2.5', 'and not "+2.5"'],
    ['workers scale queue --count two', 'and not "two"'],
    ['target lookup x12', 'the id of a job must be a whole number of at least 1, not "x12"'],
    ['target lookup', 'an argument is missing'],
    ['incident open', 'missing: --signal'],
    [
      'incident open --signal buisness-lag',
      'there is no signal "buisness-lag" (did you mean "business-lag"?); there are pending-grows',
    ],
    ['incident note "two more"', 'missing: --why'],
    ['incident note "" --why because', 'what is empty'],
    [
      'incident fix --owner o --reason r --isolated-by i',
      'say one of --channel, --function, --signature and --jobs',
    ],
    [
      'incident fix --channel c --jobs 1 --owner o --reason r --isolated-by i',
      'say one of --channel, --function, --signature and --jobs',
    ],
    [
      'incident fix --jobs 1,x --owner o --reason r --isolated-by i',
      'the id of a job must be a whole number of at least 1, not "x"',
    ],
    ['incident fix --jobs 1', 'missing: --owner, --reason, --isolated-by'],
  ])('odoocli %s', async (line, message) => {
    const { stdout, stderr, status } = await run(words(line))
    expect(stderr).toMatch(/^odoocli: /)
    expect(stderr).toContain(message)
    expect({ stdout, status, calls }).toEqual({ stdout: '', status: 2, calls: [] })
  })
})

it('what the control plane finds wrong with a request has status 2, too', async () => {
  const { stderr, status } = await run(['queue', 'blockers', '--limit', '1001'])
  expect(stderr).toBe(
    'odoocli: operations.queue.blockers: limit: Too big: expected number to be <=1000\n',
  )
  expect({ status, calls }).toEqual({ status: 2, calls: [] })
})

describe('a drill that cannot be reached is status 3:', () => {
  it('nobody listens there', async () => {
    const gone = await startControlPlane(scriptedPlane().host)
    await gone[Symbol.asyncDispose]()
    using nobody = new ControlClient(gone)
    const { stdout, stderr, status } = await runOdoocli(['now'], nobody, { columns: 80 })
    expect(stderr).toMatch(/^odoocli: the drill does not answer at http:\/\/127\.0\.0\.1:\d+: /)
    expect({ stdout, status }).toEqual({ stdout: '', status: 3 })
  })

  it('another drill answers', async () => {
    using stranger = new ControlClient({ url: plane.url, token: 'not-the-token' })
    expect(await runOdoocli(['queue', 'shape'], stranger, { columns: 80 })).toEqual({
      stdout: '',
      stderr: 'odoocli: say "Authorization: Bearer" and the token in QUEUE_DRILL_TOKEN\n',
      status: 3,
    })
    expect(calls).toEqual([])
  })
})

const LEVELS = [
  [],
  ['doctor'],
  ['workers'],
  ['workers', 'scale'],
  ['workers', 'show'],
  ['queue'],
  ['queue', 'shape'],
  ['queue', 'blockers'],
  ['queue', 'quarantine'],
  ['queue', 'release'],
  ['queue', 'retry'],
  ['target'],
  ['target', 'probe'],
  ['target', 'lookup'],
  ['automations'],
  ['automations', 'list'],
  ['automations', 'pause'],
  ['automations', 'resume'],
  ['catalogue'],
  ['incident'],
  ['incident', 'open'],
  ['incident', 'note'],
  ['incident', 'fix'],
  ['incident', 'close'],
  ['incident', 'hand-over'],
  ['now'],
]

describe.each(LEVELS.map((level) => ({ level, name: level.join(' ') || '(none)' })))(
  'the help of $name',
  ({ level }) => {
    test('goes to stdout, with examples, and status 0', async () => {
      const { stdout, stderr, status } = await run([...level, '--help'])
      expect(stdout).toMatch(new RegExp(`^${['odoocli', ...level].join(' ')}\\b`))
      expect(stdout).toContain('Examples:')
      expect(stdout).toContain('--json')
      expect({ stderr, status }).toEqual({ stderr: '', status: 0 })
    })

    test('keeps within the width that it is given, as far as words allow', async () => {
      const { stdout } = await run([...level, '--help'], 80)
      const lines = stdout.split('\n').filter((line) => !line.includes('odoocli '))
      expect(lines.filter((line) => line.length > 80)).toEqual([])
    })
  },
)

it('the help lists every command there is', async () => {
  const listed = await listedCommands(async (level) => (await run([...level, '--help'])).stdout)
  expect([[], ...listed.map(({ words: each }) => each)]).toEqual(LEVELS)
})

it('the help names the exit statuses', async () => {
  const { stdout } = await run(['--help'])
  expect(stdout).toMatch(/Exit status:\n {2}0 done\n {2}1 .*\n {2}2 .*\n {2}3 .*\n$/)
})

it('tells what it is', async () => {
  expect((await run(['--version'])).stdout).toBe('odoocli of a queue-drill\n')
})

it('reads and writes nothing of the process around it', async () => {
  const before = [...process.argv]
  process.argv.push('--no-such-flag')
  try {
    const results = await Promise.all([run(['now']), run(['nwo']), run(['--help'])])
    expect(results.map(({ status }) => status)).toEqual([0, 2, 0])
    expect(process.exitCode).toBeUndefined()
  } finally {
    process.argv = before
  }
})
