/** Flags and values as the commands of odoocli read them; what is wrong is a DrillError `input` with a sentence. */
import { DrillError } from '../../foundation/errors.ts'
import { parseDuration } from '../../foundation/time.ts'

/** A flag with a text behind it. */
export function textFlag(describe: string) {
  return { type: 'string', requiresArg: true, describe } as const
}

export function durationOf(flag: string, text: string): number {
  try {
    return parseDuration(text)
  } catch (error) {
    throw new DrillError('input', `--${flag}: ${(error as Error).message}`, { cause: error })
  }
}

/** At least 1. */
export function wholeNumberOf(what: string, text: string): number {
  const value = /^\d+$/.test(text) ? Number(text) : 0
  if (value >= 1 && Number.isSafeInteger(value)) return value
  throw new DrillError('input', `${what} must be a whole number of at least 1, not "${text}"`)
}

/** `--channel` or `--function`, exactly one. */
export interface Selection {
  readonly channel: string | undefined
  readonly function: string | undefined
}

export const SELECTION_FLAGS = {
  channel: textFlag('The jobs of this channel, not of those below it'),
  function: textFlag('The jobs of this job function: model.method'),
} as const

export function selectionOf(
  command: string,
  argv: Selection,
): { readonly channel: string } | { readonly jobFunction: string } {
  const { channel, function: jobFunction } = argv
  if (channel !== undefined && jobFunction === undefined) return { channel }
  if (jobFunction !== undefined && channel === undefined) return { jobFunction }
  throw new DrillError('input', `${command}: say either --channel or --function`)
}

/** For sentences: the channel or the job function. */
export function nameOf(
  selection: { readonly channel: string } | { readonly jobFunction: string },
): string {
  return 'channel' in selection ? selection.channel : selection.jobFunction
}
