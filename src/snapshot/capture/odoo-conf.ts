/** Reads an `odoo.conf`: what it says of workers, limits and channels. Everything else in it is not looked at. */
import { DrillError, messageOf } from '../../foundation/errors.ts'
import { parseChannelText } from '../../queue-job/channels/config.ts'
import type { Manifest } from '../format.ts'

export type HostFacts = NonNullable<Manifest['host']>

const NUMBERS = [
  'workers',
  'limit_time_real',
  'limit_time_cpu',
  'limit_memory_soft',
  'limit_memory_hard',
] as const

/** `path` is named in errors. Throws DrillError `input` for a value that Odoo could not use either. */
export function parseOdooConf(text: string, path: string): HostFacts {
  const options = sectionsOf(text, path)
  const facts: HostFacts = {}
  for (const key of NUMBERS) {
    const value = options.get(`options.${key}`)
    // Odoo writes what is not set as None or False.
    if (value === undefined || ['', 'None', 'False'].includes(value)) continue
    if (!/^\d+$/.test(value)) {
      throw new DrillError('input', `${path}: ${key} is "${value}", not a whole number`)
    }
    facts[key] = Number(value)
  }
  const channels = options.get('queue_job.channels')
  if (channels !== undefined)
    facts.channels = channelText(channels, `${path}, [queue_job] channels`)
  return facts
}

/** The text in one line, if the addon can read it. Throws DrillError `input` else; `where` is named. */
export function channelText(text: string, where: string): string {
  try {
    parseChannelText(text)
  } catch (error) {
    throw new DrillError('input', `${where}: ${messageOf(error)}`, { cause: error })
  }
  return text
    .split(/[,\n]/)
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '')
    .join(',')
}

/** `section.key` → value, as Python's configparser reads it: a line that begins with a blank goes on with the one above. */
function sectionsOf(text: string, path: string): Map<string, string> {
  const values = new Map<string, string>()
  let section: string | null = null
  let key: string | null = null
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    if (line.trim() === '' || /^\s*[#;]/.test(line)) continue
    const head = /^\[([^\]]+)\]/.exec(line)
    const pair = /^([^\s=:][^=:]*?)\s*[=:]\s*(.*)$/.exec(line)
    if (/^\s/.test(line) && key !== null) {
      values.set(key, `${values.get(key)!}\n${line.trim()}`)
    } else if (head !== null) {
      section = head[1]!
      key = null
    } else if (pair !== null && section !== null) {
      key = `${section}.${pair[1]!.toLowerCase()}`
      values.set(key, pair[2]!.trim())
    } else {
      throw new DrillError(
        'input',
        `${path}:${index + 1}: "${line.trim().slice(0, 40)}" is neither [section] nor key = value: is this an odoo.conf?`,
      )
    }
  }
  return values
}
