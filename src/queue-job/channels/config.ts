/**
 * Reads the channel text (`ODOO_QUEUE_JOB_CHANNELS`), such as `root:8,root.payment:1:sequential`, exactly as the addon
 * does: the quirks are part of the behaviour that a drill has to show, because operators meet them.
 */
import { ChannelTextError } from './errors.ts'

/** One entry of the channel text. */
export interface ChannelConfig {
  /** As written; `root.` in front may be missing. */
  readonly name: string
  /** Default 1. 0 = no limit, negative = never runs anything. */
  readonly capacity: number
  /** One at a time, and a failed job blocks the channel. */
  readonly sequential: boolean
  /** Seconds between two starts; 0 = no throttle. */
  readonly throttleSeconds: number
}

/** Entries in the order of the text; a name may come twice, then the last one holds. Throws `ChannelTextError`. */
export function parseChannelText(text: string): ChannelConfig[] {
  return text
    .split(/[,\n]/)
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '')
    .map(parseEntry)
}

/** Whether the addon starts a job runner at all with this text: not if it begins with `root:0`. */
export function startsRunner(text: string): boolean {
  return !text.trim().startsWith('root:0')
}

function parseEntry(entry: string): ChannelConfig {
  const [name = '', capacityText, ...options] = entry.split(':').map((part) => part.trim())
  if (name === '') throw wrong(entry, 'the name is missing', 'write NAME:CAPACITY')
  const capacity = capacityText === undefined ? 1 : parseInteger(capacityText)
  if (capacity === null) {
    const reason = `the capacity "${capacityText}" is not a whole number`
    throw wrong(entry, reason, `write ${name}:1, options follow the capacity`)
  }
  const values = parseOptions(entry, options)
  const sequential = (values.get('sequential') ?? '') !== ''
  if (sequential && capacity !== 1) {
    throw wrong(entry, 'a sequential channel has capacity 1', `write ${name}:1:sequential`)
  }
  const throttle = values.get('throttle') ?? 0
  const throttleSeconds = typeof throttle === 'string' ? parseInteger(throttle) : Number(throttle)
  if (throttleSeconds === null) {
    const reason = `the throttle "${throttle}" is not a whole number of seconds`
    throw wrong(entry, reason, 'write throttle=2')
  }
  return { name, capacity, sequential, throttleSeconds }
}

/** Option → text, or true where there is no value. Unknown keys are kept: the addon ignores them silently. */
function parseOptions(entry: string, options: readonly string[]): Map<string, string | true> {
  const values = new Map<string, string | true>()
  for (const option of options) {
    const [key = '', value = true, ...rest] = option.split('=').map((part) => part.trim())
    if (rest.length > 0) throw wrong(entry, `"${option}" has two equal signs`, 'write KEY=VALUE')
    if (key === 'name' || key === 'capacity' || values.has(key)) {
      throw wrong(entry, `"${key}" is given twice`, 'remove one of the two')
    }
    values.set(key, value)
  }
  return values
}

/** As Python's `int()` reads a text: sign and single underscores between digits allowed; null = not a whole number. */
function parseInteger(text: string): number | null {
  if (!/^[+-]?\d+(_\d+)*$/.test(text)) return null
  // `+ 0` makes -0 an ordinary zero.
  return Number(text.replaceAll('_', '')) + 0
}

function wrong(entry: string, reason: string, remedy: string): ChannelTextError {
  return new ChannelTextError(`channel text, entry "${entry}": ${reason}; ${remedy}`)
}
