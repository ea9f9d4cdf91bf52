/**
 * What is wrong with a command line, in one tone for all our commands: yargs' sentences in our words, the nearest flag
 * or command for an unknown one, and where help is.
 */
import { DrillError } from './errors.ts'
import { didYouMean, nearest } from './suggest.ts'

/** What yargs knows at the level of the command that failed; its types leave these methods out. */
export interface CommandLineState {
  getOptions(): {
    readonly key: Readonly<Record<string, unknown>>
    readonly narg: Readonly<Record<string, number>>
  }
  getInternalMethods(): {
    getContext(): { readonly commands: readonly string[] }
    getCommandInstance(): { getCommands(): readonly string[] }
    getUsageInstance(): { cacheHelpMessage: () => void }
  }
}

/** `program`: how the command is called. */
export function explainUsage(
  message: string,
  args: readonly string[],
  state: CommandLineState,
  program = 'queue-drill',
): string {
  const internal = state.getInternalMethods()
  const subcommands = internal.getCommandInstance().getCommands()
  const flags = Object.keys(state.getOptions().key).filter((name) => name.length > 1)
  const nameUnknown = (word: string): string => {
    if (!args.includes(word)) {
      const suggestion = nearest(word, flags)
      const meant = suggestion === null ? '' : ` (did you mean --${suggestion}?)`
      return `unknown flag ${word.length > 1 ? '--' : '-'}${word}${meant}`
    }
    return subcommands.length > 0
      ? `unknown command "${word}"${didYouMean(word, subcommands)}`
      : `unexpected argument "${word}"`
  }
  const [, words] = /^Unknown (?:argument|command)s?: (.+)$/.exec(message) ?? []
  const [, missing] = /^Missing required arguments?: (.+)$/.exec(message) ?? []
  const [, valueless] = /^Not enough arguments following: (.+)$/.exec(message) ?? []
  let lines =
    words === undefined ? [message] : unknownWords(words, args, subcommands).map(nameUnknown)
  if (missing !== undefined) {
    // A mistyped flag is the likely cause.
    const mistyped = args
      .flatMap((arg) => /^--(?:no-)?([^=\s]+)/.exec(arg)?.[1] ?? [])
      .filter((name) => !flags.includes(name))
    lines = [`missing: --${missing.split(', ').join(', --')}`, ...mistyped.map(nameUnknown)]
  }
  if (valueless !== undefined) {
    // NaN for one that wants a single value.
    const count = state.getOptions().narg[valueless] ?? 1
    lines = [`--${valueless} wants ${count >= 2 ? `${count} values` : 'a value'}`]
  }
  if (message.startsWith('Not enough non-option arguments')) lines = ['an argument is missing']
  const help = [program, ...internal.getContext().commands, '--help'].join(' ')
  return [...new Set(lines), `see: ${help}`].join('\n')
}

/** What follows an unknown command belongs to it, and is no mistake of its own. */
function unknownWords(
  words: string,
  args: readonly string[],
  subcommands: readonly string[],
): readonly string[] {
  const all = words.split(', ')
  if (subcommands.length === 0) return all
  const command = all.find((word) => args.includes(word))
  return all.filter((word) => word === command || !args.includes(word))
}

/**
 * A check for yargs, which turns `--seed 1 --seed 2` into a list: only what is declared as a list may have one. Throws
 * DrillError `input`.
 */
export function givenOnceExcept(
  repeatable: readonly string[],
): (argv: Readonly<Record<string, unknown>>) => true {
  return (argv) => {
    for (const [name, value] of Object.entries(argv)) {
      if (Array.isArray(value) && name !== '_' && !repeatable.includes(name)) {
        throw new DrillError('input', `--${name} is given ${value.length} times; give it once`)
      }
    }
    return true
  }
}
