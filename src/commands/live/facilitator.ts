/** The facilitator's commands: one line in, what is answered out. */
import { INJECTIONS } from '../../drill/live/injection.ts'
import type { LiveDrill } from '../../drill/live/live-drill.ts'
import type { DrillInputs } from '../../drill/inputs.ts'
import { DrillError } from '../../foundation/errors.ts'
import { didYouMean } from '../../foundation/suggest.ts'
import { parseDuration } from '../../foundation/time.ts'
import { faultText } from '../../journal/facilitator.ts'
import { columns } from '../terminal.ts'
import { statusText } from './status-text.ts'

const COMMANDS: readonly (readonly [string, string])[] = [
  ['status', 'virtual time, queue, who is connected, how the incident stands'],
  ['hint', 'gives the next hint'],
  ['inject', 'what can be broken; `inject target-down webhook 15m` breaks it now'],
  ['pause', 'virtual time stands'],
  ['resume', 'it goes on'],
  ['speed N', 'virtual seconds in a second'],
  ['wait 10m', 'takes the next command so much virtual time later'],
  ['end', 'ends the drill: twins, score, report'],
  ['help', 'this list'],
]

const HELP = `${columns(COMMANDS.map(([name, text]) => [`  ${name}`, text]))}
Ctrl-C stops without a verdict: nothing is kept. \`end\` is the way to one.`

/** Performs one line. Returns what is to be printed; throws DrillError `input` for what is not understood. */
export async function facilitate(
  line: string,
  drill: LiveDrill,
  inputs: DrillInputs,
  blind: boolean,
): Promise<string> {
  const [command = '', ...words] = line.trim().split(/\s+/)
  switch (command) {
    case '':
      return ''
    case 'status':
      return statusText(await drill.status(), blind)
    case 'hint':
      return drill.hint() ?? 'there is no hint left'
    case 'inject':
      return words.length === 0 ? injections(inputs) : `injected: ${faultText(drill.inject(words))}`
    case 'pause':
      drill.pause()
      return 'paused'
    case 'resume':
      drill.resume()
      return 'virtual time goes on'
    case 'speed':
      drill.setSpeed(Number(words[0] ?? Number.NaN))
      return `speed ${words[0]}`
    case 'wait':
      await drill.waitFor(parseDuration(words.join(' ')))
      return ''
    case 'end':
      drill.end()
      return ''
    case 'help':
      return HELP
    default: {
      const names = COMMANDS.map(([name]) => name.split(' ')[0]!)
      const meant = didYouMean(command, names)
      throw new DrillError('input', `there is no command "${command}"${meant}; \`help\` lists them`)
    }
  }
}

function injections({ operations }: DrillInputs): string {
  const functions = Object.values(operations.functions)
  const rolesOf = (entries: typeof functions) =>
    [...new Set(entries.map(({ role }) => role))].sort().join(', ') || 'none'
  return [
    columns(Object.entries(INJECTIONS).map(([kind, form]) => [`  inject ${kind}`, form])),
    `Roles that call an integration: ${rolesOf(functions.filter(({ integration }) => integration !== null))}`,
    `Roles for arrivals-burst: ${rolesOf(functions)}`,
    'It begins now, and without a DURATION (15m) lasts to the end.',
  ].join('\n')
}
