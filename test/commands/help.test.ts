import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { queueDrill } from './process.ts'

const COMMANDS = [
  [],
  ['run'],
  ['scenarios'],
  ['scenarios', 'list'],
  ['scenarios', 'show'],
  ['scenarios', 'check'],
  ['scenarios', 'schema'],
  ['engines'],
  ['engines', 'list'],
  ['score'],
  ['doctor'],
]

describe.each(COMMANDS.map((words) => ({ words, name: words.join(' ') || '(none)' })))(
  'the help of $name',
  ({ words }) => {
    test('goes to stdout, with examples, and exit status 0', async () => {
      const { status, stdout, stderr } = await queueDrill([...words, '--help'])
      expect(stdout).toMatch(new RegExp(`^${['queue-drill', ...words].join(' ')}`))
      expect(stdout).toContain('Examples:')
      expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    })
  },
)

test.each([[[]], [['run']], [['score']]])(
  'the help of %j tells the exit statuses',
  async (words) => {
    const { stdout } = await queueDrill([...words, '--help'])
    expect(stdout).toMatch(/Exit status:\n {2}0 every drill passed/)
  },
)

test('the help is the same in every language of the machine', async () => {
  const plain = await queueDrill(['--help'])
  const french = await queueDrill(['--help'], {
    env: { LANG: 'fr_FR.UTF-8', LC_ALL: 'fr_FR.UTF-8' },
  })
  expect(french.stdout).toBe(plain.stdout)
})

test('--version is that of the package', async () => {
  const file = readFileSync(new URL('../../package.json', import.meta.url), 'utf8')
  const { version } = JSON.parse(file) as { version: string }
  expect(await queueDrill(['--version'])).toEqual({ status: 0, stdout: `${version}\n`, stderr: '' })
})

describe('what is wrong on the command line is one message on stderr with exit status 2:', () => {
  test.each([
    ['nothing at all', [], 'say what to do'],
    ['an unknown command', ['scnarios'], 'unknown command "scnarios" (did you mean "scenarios"?)'],
    ['an unknown second word', ['engines', 'lst'], 'unknown command "lst" (did you mean "list"?)'],
    ['no second word', ['scenarios'], 'say which: list, show, check or schema'],
    ['an unknown flag', ['run', '--sed', '3'], 'unknown flag --sed (did you mean --seed?)'],
    ['an unknown short flag', ['run', '-x'], 'unknown flag -x'],
    ['a flag without its value', ['run', '--seed'], '--seed wants a value'],
    ['one value of two', ['run', '--every', '5m'], '--every wants 2 values'],
    [
      'a scenario that is none behind two values',
      ['run', '--every', '5m', './check.sh', 'dead-webhok'],
      '"dead-webhok" is no scenario',
    ],
    ['a flag given twice', ['run', '--seed', '1', '--seed', '2'], '--seed is given 2 times'],
    ['one word too many', ['engines', 'list', 'all'], 'unexpected argument "all"'],
    ['one word too few', ['score'], 'an argument is missing'],
    ['a seed that is no number', ['run', '--seed', 'x'], '--seed must be a whole number'],
    ['a seed below zero', ['run', '--seed=-1'], '--seed must be a whole number'],
    ['a limit above 100', ['run', '--fail-under', '101'], '--fail-under must be'],
    ['a reporter that is none', ['run', '--reporter', 'jnit'], 'jnit" (did you mean "junit"?)'],
    ['an engine that is none', ['run', '--engine', 'runbok'], 'runbok" (did you mean "runbook"?)'],
    [
      'a place that is none',
      ['run', '--postgres', 'embeded'],
      'embeded" (did you mean "embedded"?)',
    ],
    ['a duration without unit', ['run', '--duration', '30'], '"30" is not a duration'],
    [
      'an unknown scenario',
      ['run', 'dead-webhok'],
      'dead-webhok" is no scenario (did you mean "dead-',
    ],
  ])('%s', async (_what, args, message) => {
    const { status, stdout, stderr } = await queueDrill(args)
    expect(stderr).toMatch(/^queue-drill: /)
    expect(stderr).toContain(message)
    expect(stderr).not.toMatch(/\n\s+at /)
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' })
  })
})
