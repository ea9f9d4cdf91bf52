/**
 * The signature of a failure: job function, exception class and the first line of its message with everything that
 * varies from job to job taken out, so that one cause gives one signature. It is what "the same exception comes back"
 * (criterion E2) and the ranking of blockers are counted by.
 */
import type { JobRow } from './job.ts'

/** Long lines carry payloads; what tells causes apart stands at the beginning. */
const LINE_LENGTH_MAX = 160
/** Bounds the work on messages of megabytes (a partner's HTML page). */
const SCANNED_LENGTH_MAX = 600

/** What varies, and the word that stands for it; in this order. */
const VARIABLE_PARTS: readonly (readonly [RegExp, string])[] = [
  [/\b[a-z][a-z0-9+.-]*:\/\/[^\s'"<>)\]]+/gi, '<url>'],
  [/[\w.+-]+@[\w-]+(?:\.[\w-]+)+/g, '<email>'],
  [/\b[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}\b/gi, '<uuid>'],
  // Quoted values; an apostrophe inside a word (can't) is no quote.
  [/(?<!\w)'[^'\n]*'(?!\w)|"[^"\n]*"|`[^`\n]*`|«[^»\n]*»|“[^”\n]*”/g, '<value>'],
  [/\b0x[0-9a-f]+\b/gi, '<hex>'],
  // Keys and digests: long, and both letters and digits.
  [/\b(?=[0-9a-f]*\d)(?=[0-9a-f]*[a-f])[0-9a-f]{12,}\b/gi, '<hex>'],
  // Numbers with their separators (amounts, dates, times, addresses), also inside a reference such as SO00042.
  [/\d+(?:[.,:/T-]\d+)*/g, '<n>'],
  // Lists of ids: (<n>, <n>,) is the same cause as (<n>,).
  [/<n>(?:,\s*<n>)+/g, '<n>'],
  [/<n>,(?=[)\]])/g, '<n>'],
  [/\s+/g, ' '],
]

/** The columns that a signature is read from. */
export type FailureColumns = Pick<JobRow, 'excName' | 'excMessage' | 'excInfo' | 'result'>

/**
 * `<job function> | <exception class> | <normalised line>`, or null where the row tells of no failure. Reads exc_name
 * and exc_message; where they are empty (a requeue wipes them) the traceback; where that is empty too (a job that
 * postponed itself) `result`, with `-` for the class. For rows that are failed, pending or waiting: the `result` of a
 * done job is its return value.
 */
export function signatureOf(
  failure: FailureColumns & { readonly jobFunction: string },
): string | null {
  const { excName, excMessage, excInfo, result } = failure
  const raised = readTraceback(excInfo ?? '')
  const name = excName !== null && excName !== '' ? excName : raised.className
  const message = excMessage !== null && excMessage !== '' ? excMessage : raised.message
  if (name !== '' || message !== '') return join(failure.jobFunction, name, message)
  if (result === null || result.trim() === '') return null
  return join(failure.jobFunction, '', result)
}

/** The first line of a message with its variable parts replaced, at most 160 characters. */
export function normaliseMessage(message: string): string {
  let line = firstLine(message.slice(0, SCANNED_LENGTH_MAX))
  for (const [pattern, word] of VARIABLE_PARTS) line = line.replace(pattern, word)
  return line.trim().slice(0, LINE_LENGTH_MAX).trimEnd()
}

function join(jobFunction: string, className: string, message: string): string {
  // A traceback prints built-in exceptions without their module, exc_name has it.
  const name = className.replace(/^builtins\./, '')
  return `${jobFunction} | ${name === '' ? '-' : name} | ${normaliseMessage(message)}`
}

/**
 * Class and message of what a traceback reports: the first line without indentation after the last frame. (Not simply
 * the last line: messages have several lines.) A text without frames is a message.
 */
export function readTraceback(text: string): {
  readonly className: string
  readonly message: string
} {
  const lastFrame = text.lastIndexOf('\n  File "')
  if (lastFrame === -1 && !text.startsWith('  File "')) return splitClass(firstLine(text))
  const end = /\n(?=[^\s])/.exec(text.slice(lastFrame + 1))
  if (end === null) return { className: '', message: '' }
  return splitClass(firstLine(text.slice(lastFrame + 1 + end.index)))
}

function splitClass(line: string): { readonly className: string; readonly message: string } {
  const match = /^([A-Za-z_][\w.]*)(?:: (.*))?$/.exec(line)
  if (match === null || !/[A-Z]/.test(match[1]!)) return { className: '', message: line }
  return { className: match[1]!, message: match[2] ?? '' }
}

function firstLine(text: string): string {
  const start = text.trimStart()
  const end = start.search(/[\r\n]/)
  return end === -1 ? start : start.slice(0, end)
}
