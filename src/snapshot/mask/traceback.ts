/**
 * Masks tracebacks line by line. What groups failures stays: frames with the path inside the code base, line number and
 * function, and the class of the exception. What tells of people and machines goes: the beginnings of paths, source
 * lines, messages. Whatever stays is asked first whether it looks like a leak.
 */
import { findLeak } from '../leaks/scan.ts'
import { HEX_LENGTH_MIN } from '../leaks/randomness.ts'

/** Frames and source lines of one release come again and again. */
const CACHED_MAX = 20_000
const FRAME = /^(\s*)File "([^"]*)", line (\d{1,7}), in (.+)$/
/** The folders from which on a path is code: `/home/jdoe/` before them is not. */
const CODE = /^(?:.*addons.*|odoo|openerp|site-packages|dist-packages|python\d(?:\.\d+)?)$/
const NAME = /^[\w.<>-]{1,120}$/
const CLASS = /^([A-Za-z_][\w.]*)(: [^]*)?$/
/** What an exception without a traceback is called; any other word may be a name. */
const EXCEPTION_NAME =
  /^(?:[A-Za-z_]\w*\.)*[A-Z]\w*(?:Error|Exception|Warning|Failure|Timeout|Exit|Interrupt|Disconnected|Dead|Denied|Job)$/
const FIXED: ReadonlySet<string> = new Set([
  'Traceback (most recent call last):',
  'During handling of the above exception, another exception occurred:',
  'The above exception was the direct cause of the following exception:',
])

export class TracebackMasker {
  readonly #text: (value: string) => string
  readonly #cache = new Map<string, string>()

  /** `text` masks free text. */
  constructor(text: (value: string) => string) {
    this.#text = text
  }

  mask(text: string): string {
    if (text.includes('-----BEGIN')) return this.#text(text)
    const hasFrames = text.startsWith('  File "') || text.includes('\n  File "')
    let isInFrames = false
    let isFirst = true
    return text
      .split('\n')
      .map((line) => {
        if (line === '' || FIXED.has(line)) return line
        if (line.startsWith('  File "')) {
          isInFrames = true
          isFirst = false
          return this.#line(line)
        }
        if (isInFrames && line.startsWith(' ')) return this.#line(line)
        const isRaised = isInFrames || (isFirst && !hasFrames)
        isInFrames = false
        isFirst = false
        return isRaised ? this.#raised(line, hasFrames) : this.#text(line)
      })
      .join('\n')
  }

  /** Dotted name of a class, function, model or channel: stays, unless it looks like a leak. */
  name(name: string): string {
    return this.#cached(name, () => (NAME.test(name) && isHarmless(name) ? name : this.#text(name)))
  }

  #line(line: string): string {
    return this.#cached(line, () => {
      const frame = FRAME.exec(line)
      if (frame !== null) {
        const [, indent = '', path = '', number = '', name = ''] = frame
        const shown =
          /^(?:<\w+>|[A-Za-z_]\w*)$/.test(name) && isHarmless(name) ? name : this.#text(name)
        return `${indent}File "${this.#path(path)}", line ${number}, in ${shown}`
      }
      return /^\s*\[Previous line repeated \d+ more times?\]$/.test(line) ? line : this.#text(line)
    })
  }

  #path(path: string): string {
    const parts = path.split('/')
    const code = parts.findIndex((part) => CODE.test(part))
    // Without a known folder only the name of the file is certain to be code.
    const first = code === -1 ? parts.length - 1 : code
    const inside = parts.slice(first).join('/')
    if (/^<[a-z ]+>$/.test(inside)) return path
    if (!/^[\w./@-]{1,250}$/.test(inside) || !isHarmless(inside) || findLeak(path) !== null) {
      return this.#text(path)
    }
    const before = parts.slice(0, first).join('/')
    return first === 0 ? inside : `${this.#text(before)}/${inside}`
  }

  #raised(line: string, isTraceback: boolean): string {
    const [, name, message] = CLASS.exec(line) ?? []
    if (name === undefined || !/[A-Z]/.test(name)) return this.#text(line)
    if (!isTraceback && !EXCEPTION_NAME.test(name)) return this.#text(line)
    if (message === undefined) return this.name(name)
    return `${this.name(name)}: ${this.#text(message.slice(2))}`
  }

  #cached(line: string, make: () => string): string {
    const known = this.#cache.get(line)
    if (known !== undefined) return known
    const masked = make()
    if (this.#cache.size >= CACHED_MAX) this.#cache.clear()
    this.#cache.set(line, masked)
    return masked
  }
}

/** Names hold no long numbers and nothing that can be told as personal or secret. */
function isHarmless(name: string): boolean {
  if (/\d{6}|(?:\d\D*){13}/.test(name) || findLeak(name) !== null) return false
  return !new RegExp(`(?=[0-9a-f]*\\d)[0-9a-f]{${HEX_LENGTH_MIN},}`, 'i').test(name)
}
