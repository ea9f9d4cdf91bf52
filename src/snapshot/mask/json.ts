/**
 * Masks JSON without taking it apart: structure, blanks, key order and the types of all values stay byte for byte, only
 * what stands inside strings and numbers changes. Numbers never become JavaScript numbers, so large ones stay exact. A
 * string that is a document itself (18.0 encodes twice) is masked as one.
 */
import { NESTING_MAX, mayBeDocument } from '../leaks/json-texts.ts'
import { findLeak } from '../leaks/scan.ts'
import type { Digits } from './digits.ts'
import type { PathRules } from './policy.ts'

const KEYS_CACHED_MAX = 5000
/** Deeper than this it is masked as text, which keeps its structure as well; the stack would not hold more. */
const LEVELS_MAX = 500
const SPECIAL_TYPES: ReadonlySet<string> = new Set([
  'odoo_recordset',
  'datetime_isoformat',
  'date_isoformat',
  'etree_element',
])
/** Names of parameters and fields; not `john_4711` and not `4711`. */
const IDENTIFIER = /^(?=.{1,40}$)[a-z_]+(?:\d{1,3}(?:[a-z_]+|$))*$/
const MODEL = /^[a-z_][a-z0-9_]*(?:\.[a-z0-9_]+)*$/
const RECORDSET = '{"_type": "odoo_recordset"'

export interface JsonParts {
  readonly digits: Digits
  /** Masks a string that is no document. */
  text(value: string): string
}

export class JsonMasker {
  readonly #parts: JsonParts
  readonly #keys = new Map<string, string>()

  constructor(parts: JsonParts) {
    this.#parts = parts
  }

  /**
   * null if `text` is no JSON array, object or string. `rules` are those of the policy at this place; `kept` names
   * keys whose values stay if they are identifiers.
   */
  mask(
    text: string,
    rules: PathRules | null,
    kept: readonly string[] = [],
    depth = 0,
  ): string | null {
    if (depth >= NESTING_MAX || !mayBeDocument(text) || !isPlain(text)) return null
    const walk = new Walk(this, this.#parts, text, kept, depth)
    return walk.run(rules)
  }

  /** A key as it stands between its quotes, without escapes. */
  key(key: string): string {
    const known = this.#keys.get(key)
    if (known !== undefined) return known
    const isKept = IDENTIFIER.test(key) && findLeak(key) === null
    const masked = isKept ? key : this.#parts.text(key)
    if (this.#keys.size >= KEYS_CACHED_MAX) this.#keys.clear()
    this.#keys.set(key, masked)
    return masked
  }
}

/** Control characters make JSON invalid inside strings and are blanks outside: rare enough to ask the real parser. */
function isPlain(text: string): boolean {
  // oxlint-disable-next-line no-control-regex -- these are what JSON forbids
  if (!/[\u0000-\u001f]/.test(text)) return true
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

/** What a value's surroundings say about it. */
type Role = 'value' | 'type' | 'model' | 'kept'

class Walk {
  readonly #masker: JsonMasker
  readonly #parts: JsonParts
  readonly #text: string
  readonly #kept: readonly string[]
  readonly #depth: number
  #at = 0
  #copied = 0
  #out = ''
  #level = 0

  constructor(
    masker: JsonMasker,
    parts: JsonParts,
    text: string,
    kept: readonly string[],
    depth: number,
  ) {
    this.#masker = masker
    this.#parts = parts
    this.#text = text
    this.#kept = kept
    this.#depth = depth
  }

  run(rules: PathRules | null): string | null {
    if (!this.#value('value', rules)) return null
    this.#blanks()
    return this.#at === this.#text.length ? this.#out + this.#text.slice(this.#copied) : null
  }

  /** false = no JSON. */
  #value(role: Role, rules: PathRules | null): boolean {
    if (this.#level > LEVELS_MAX) return false
    this.#blanks()
    const start = this.#at
    switch (this.#text.charCodeAt(start)) {
      case 0x7b:
      case 0x5b: {
        this.#level += 1
        const isWhole = this.#text[start] === '{' ? this.#object(rules) : this.#array(rules)
        this.#level -= 1
        return isWhole
      }
      case 0x22:
        return this.#string(role, rules)
      case 0x74:
        return this.#literal('true')
      case 0x66:
        return this.#literal('false')
      case 0x6e:
        return this.#literal('null')
      default:
        return this.#number(rules)
    }
  }

  #object(rules: PathRules | null): boolean {
    const isRecordset = this.#text.startsWith(RECORDSET, this.#at) || this.#isRecordset()
    this.#at += 1
    this.#blanks()
    if (this.#take(0x7d)) return true
    do {
      this.#blanks()
      const key = this.#key()
      if (key === null) return false
      this.#blanks()
      if (!this.#take(0x3a)) return false
      if (!this.#value(this.#roleOf(key, isRecordset), rules === null ? null : rules.at(key)))
        return false
      this.#blanks()
    } while (this.#take(0x2c))
    return this.#take(0x7d)
  }

  #roleOf(key: string, isRecordset: boolean): Role {
    if (key === '_type') return 'type'
    if (isRecordset && key === 'model') return 'model'
    return this.#kept.length > 0 && this.#kept.includes(key) ? 'kept' : 'value'
  }

  #array(rules: PathRules | null): boolean {
    this.#at += 1
    this.#blanks()
    if (this.#take(0x5d)) return true
    let index = 0
    do {
      if (!this.#value('value', rules === null ? null : rules.at(String(index)))) return false
      index += 1
      this.#blanks()
    } while (this.#take(0x2c))
    return this.#take(0x5d)
  }

  /** The key's text; masked on the way. */
  #key(): string | null {
    const start = this.#at
    const key = this.#readString()
    if (key === null) return null
    const masked = this.#masker.key(key)
    if (masked !== key) this.#replace(start, quoted(masked, this.#text.slice(start, this.#at)))
    return key
  }

  #string(role: Role, rules: PathRules | null): boolean {
    const start = this.#at
    const value = this.#readString()
    if (value === null) return false
    if (value === '' || isLeftAlone(role, value)) return true
    if (rules !== null && rules.isKept && findLeak(value) === null) return true
    const masked =
      this.#masker.mask(value, rules, this.#kept, this.#depth + 1) ?? this.#parts.text(value)
    if (masked !== value) this.#replace(start, quoted(masked, this.#text.slice(start, this.#at)))
    return true
  }

  #readString(): string | null {
    const text = this.#text
    const start = this.#at
    if (text.charCodeAt(start) !== 0x22) return null
    let end = text.indexOf('"', start + 1)
    if (end === -1) return null
    const first = text.indexOf('\\', start + 1)
    if (first === -1 || first > end) {
      this.#at = end + 1
      return text.slice(start + 1, end)
    }
    for (end = first; text.charCodeAt(end) !== 0x22; end += text.charCodeAt(end) === 0x5c ? 2 : 1) {
      if (end >= text.length) return null
    }
    this.#at = end + 1
    try {
      return JSON.parse(text.slice(start, end + 1)) as string
    } catch {
      return null
    }
  }

  #number(rules: PathRules | null): boolean {
    const text = this.#text
    if (text.charCodeAt(this.#at) === 0x2d) this.#at += 1
    const start = this.#at
    const end = this.#digits()
    if (end === start || (text.charCodeAt(start) === 0x30 && end > start + 1)) return false
    let fractionEnd = end
    if (text.charCodeAt(end) === 0x2e) {
      this.#at = end + 1
      fractionEnd = this.#digits()
      if (fractionEnd === end + 1) return false
    }
    const hasExponent = (text.charCodeAt(fractionEnd) | 0x20) === 0x65
    if (hasExponent) {
      this.#at = fractionEnd + 1
      const sign = text.charCodeAt(this.#at)
      if (sign === 0x2b || sign === 0x2d) this.#at += 1
      const from = this.#at
      if (this.#digits() === from) return false
    }
    const after = this.#at
    const isKept = rules !== null && rules.isKept && findLeak(text.slice(start, after)) === null
    if (isKept) return true
    const { digits } = this.#parts
    let masked = digits.run(text.slice(start, end))
    if (fractionEnd > end) masked += `.${digits.fraction(text.slice(end + 1, fractionEnd))}`
    this.#replace(start, masked + text.slice(fractionEnd, after))
    return true
  }

  #digits(): number {
    const text = this.#text
    while (text.charCodeAt(this.#at) >= 0x30 && text.charCodeAt(this.#at) <= 0x39) this.#at += 1
    return this.#at
  }

  #literal(word: string): boolean {
    if (!this.#text.startsWith(word, this.#at)) return false
    this.#at += word.length
    return true
  }

  #take(code: number): boolean {
    if (this.#text.charCodeAt(this.#at) !== code) return false
    this.#at += 1
    return true
  }

  #blanks(): void {
    for (;;) {
      const code = this.#text.charCodeAt(this.#at)
      if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return
      this.#at += 1
    }
  }

  /** What stands from `start` to here. */
  #replace(start: number, masked: string): void {
    this.#out += this.#text.slice(this.#copied, start) + masked
    this.#copied = this.#at
  }

  /** jsonb sorts its keys: `_type` may come after what it explains. */
  #isRecordset(): boolean {
    const text = this.#text
    if (!text.includes('odoo_recordset', this.#at)) return false
    let depth = 0
    for (const token of text.slice(this.#at).matchAll(/"(?:[^"\\]|\\.)*"|[[\]{}]/g)) {
      const first = token[0]
      if (first === '{' || first === '[') depth += 1
      else if (first === '}' || first === ']') depth -= 1
      else if (depth === 1 && first === '"_type"') {
        return /^"_type"\s*:\s*"odoo_recordset"/.test(text.slice(this.#at + token.index))
      }
      if (depth === 0) return false
    }
    return false
  }
}

function isLeftAlone(role: Role, value: string): boolean {
  switch (role) {
    case 'value':
      return false
    case 'type':
      return SPECIAL_TYPES.has(value)
    case 'model':
      return MODEL.test(value) && findLeak(value) === null
    case 'kept':
      return /^[a-z_]\w*$/i.test(value) && findLeak(value) === null
  }
}

/** As a JSON string in the manner of the one it replaces: Python escapes what is beyond ASCII, PostgreSQL does not. */
function quoted(value: string, like: string): string {
  // oxlint-disable-next-line no-control-regex -- ASCII
  const isAscii = /^[\u0000-\u007f]*$/
  if (!like.includes('\\') && !/["\\]/.test(value)) return `"${value}"`
  const text = JSON.stringify(value)
  if (isAscii.test(text) || !isAscii.test(like)) return text
  return text.replaceAll(
    /[\u0080-\uffff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}
