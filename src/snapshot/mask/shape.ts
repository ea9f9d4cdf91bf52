/**
 * The shape of a field: its bytes, without the digits of numbers that are certain to be masked each for itself, whatever
 * their digits are. `sale.order(4300,).push_status()` and `sale.order(4301,).push_status()` have one shape. Nearly all
 * fields of a queue have one of a few thousand.
 *
 * The masker of texts reads more than single numbers: dates, telephone and card numbers, addresses, words with digits,
 * and whether these are real depends on their digits. So a number counts as free only where it stands alone: at most
 * eight digits (those kinds have nine and more), nothing beside it that could join it to another number, no letter but
 * a reference before it (`SO00042`). In JSON it must be a number outside strings. All other digits belong to the shape.
 */
import { HASH_PRIME, HASH_SEED } from './templates.ts'

const RUNS_MAX = 64
const TEXT_DIGITS_MAX = 8
const JSON_DIGITS_MAX = 10
/** Shorter ones behind letters may be names of software, such as sha256 (`tokens.ts`). */
const REFERENCE_DIGITS_MIN = 5
/** From twelve on it may be a hexadecimal number. */
const REFERENCE_LENGTH_MAX = 11
/** Digits with so many such characters between them may be one number. */
const GAP_MAX = 3

const OTHER = 0
const LETTER = 1
const DIGIT = 2
/** Beyond ASCII, and `_`. */
const JOINER = 3
/** Between the groups of telephone and card numbers, dates and addresses: ` .()/+-`. */
const NEAR = 4
/** `:` and `,`: join two numbers if they stand alone between them. */
const LINK = 5
const ESCAPE = 6
const END = 7

const KINDS = Uint8Array.from({ length: 256 }, (_, code) => {
  const character = String.fromCharCode(code)
  if (code >= 0x80 || character === '_') return JOINER
  if (/[A-Za-z]/.test(character)) return LETTER
  if (/\d/.test(character)) return DIGIT
  if (/[ .()/+-]/.test(character)) return NEAR
  if (/[:,]/.test(character)) return LINK
  if (character === '\\') return ESCAPE
  return character === '\t' || character === '\n' ? END : OTHER
})

const QUOTE = 0x22
const BACKSLASH = 0x5c
const SLASH = 0x2f
const MINUS = 0x2d
const ZERO = 0x30
/** Two backslashes of COPY text are one of its value. */
const COPY_ESCAPES = new Set('bfnrtv\\'.split('').map((letter) => letter.charCodeAt(0)))
const BEFORE_NUMBER = new Set('[:, '.split('').map((letter) => letter.charCodeAt(0)))
const AFTER_NUMBER = new Set('],} '.split('').map((letter) => letter.charCodeAt(0)))

/** What stands directly before a place. */
const NOTHING = 0
/** Letters, and nothing else that belongs to them. */
const WORD = 1
const JOINED = 2

/** Reads one field after the other; what it found is valid until the next. */
export class ShapeScanner {
  hash = 0
  end = 0
  readonly #places = new Int32Array(2 * RUNS_MAX)
  #count = 0

  /** Begin and end of each free number. */
  get runs(): Int32Array {
    return this.#places.slice(0, this.#count)
  }

  /** The field that begins at `at`. false = it has no shape that can be told; `end` is not known then. */
  scan(bytes: Uint8Array, at: number): boolean {
    this.#count = 0
    const first = bytes[at]
    if (first === 0x5b || first === 0x7b || first === QUOTE) return this.#json(bytes, at)
    return this.#text(bytes, at)
  }

  #text(bytes: Uint8Array, from: number): boolean {
    let hash = HASH_SEED
    let at = from
    let before = NOTHING
    let wordStart = from
    // Characters between the last digits and here that may join; beyond GAP_MAX they do not.
    let gap = GAP_MAX + 1
    // Where the year of a reference ends, such as INV/2026/00042.
    let yearEnd = -1
    for (;;) {
      const code = bytes[at]!
      switch (KINDS[code]) {
        case END:
          this.hash = hash
          this.end = at
          return true
        case DIGIT: {
          const end = endOfDigits(bytes, at)
          const isAlone = gap > GAP_MAX || at === yearEnd + 1
          const isFree =
            before === NOTHING
              ? isAlone && end - at <= TEXT_DIGITS_MAX
              : before === WORD &&
                end - at >= REFERENCE_DIGITS_MIN &&
                end - wordStart <= REFERENCE_LENGTH_MAX
          if (isFree && endsNumber(bytes, end)) {
            if (!this.#add(at, end)) return false
            hash = Math.imul(hash ^ (0x100 + end - at), HASH_PRIME)
          } else {
            for (let index = at; index < end; index++)
              hash = Math.imul(hash ^ bytes[index]!, HASH_PRIME)
            const isYear = end - at === 4 && gap > GAP_MAX && before === NOTHING
            if (isYear && at > from && bytes[at - 1] === SLASH && bytes[end] === SLASH)
              yearEnd = end
          }
          before = JOINED
          gap = 0
          at = end
          continue
        }
        case LETTER:
          if (before === NOTHING) {
            before = WORD
            wordStart = at
          }
          gap = GAP_MAX + 1
          break
        case JOINER:
          before = JOINED
          gap = GAP_MAX + 1
          break
        case NEAR:
          before = NOTHING
          gap += 1
          break
        case LINK:
          before = NOTHING
          gap = gap === 0 && KINDS[bytes[at + 1]!] === DIGIT ? 1 : GAP_MAX + 1
          break
        case ESCAPE:
          if (!COPY_ESCAPES.has(bytes[at + 1]!)) return false
          hash = Math.imul(hash ^ code, HASH_PRIME)
          at += 1
          before = NOTHING
          gap = GAP_MAX + 1
          break
        default:
          before = NOTHING
          gap = GAP_MAX + 1
      }
      hash = Math.imul(hash ^ bytes[at]!, HASH_PRIME)
      at += 1
    }
  }

  /** Also 18.0's JSON in a JSON string, whose inner quotes are written `\\"`. */
  #json(bytes: Uint8Array, from: number): boolean {
    const isWrapped = bytes[from] === QUOTE && (bytes[from + 1]! | 0x20) === 0x7b
    let hash = isWrapped ? Math.imul(HASH_SEED ^ QUOTE, HASH_PRIME) : HASH_SEED
    let at = isWrapped ? from + 1 : from
    let isInside = false
    for (;;) {
      const code = bytes[at]!
      const kind = KINDS[code]
      let next = at + 1
      if (kind === END) break
      if (kind === DIGIT && !isInside) {
        const end = endOfDigits(bytes, at)
        if (isJsonNumber(bytes, at, end)) {
          if (!this.#add(at, end)) return false
          hash = Math.imul(hash ^ (0x100 + end - at), HASH_PRIME)
          at = end
          continue
        }
        next = end
      } else if (code === QUOTE) {
        if (!isWrapped) isInside = !isInside
        else if (KINDS[bytes[next]!] !== END) return false
      } else if (kind === ESCAPE) {
        next = endOfEscape(bytes, at, isInside, isWrapped)
        if (next === -1) return false
        if (isWrapped && next === at + 3 && bytes[at + 2] === QUOTE) isInside = !isInside
      }
      for (; at < next; at++) hash = Math.imul(hash ^ bytes[at]!, HASH_PRIME)
    }
    this.hash = hash
    this.end = at
    return true
  }

  #add(start: number, end: number): boolean {
    if (this.#count === this.#places.length) return false
    this.#places[this.#count] = start
    this.#places[this.#count + 1] = end
    this.#count += 2
    return true
  }
}

function endOfDigits(bytes: Uint8Array, at: number): number {
  let end = at + 1
  while (KINDS[bytes[end]!] === DIGIT) end += 1
  return end
}

/** Whether nothing behind a number of a text may belong to it. */
function endsNumber(bytes: Uint8Array, end: number): boolean {
  const kind = KINDS[bytes[end]!]
  if (kind === LETTER || kind === JOINER) return false
  if (kind === LINK) return KINDS[bytes[end + 1]!] !== DIGIT
  let at = end
  while (at - end < GAP_MAX && KINDS[bytes[at]!] === NEAR) at += 1
  return at === end || KINDS[bytes[at]!] !== DIGIT
}

/** A whole one without exponent; one with zeros before it would make the document none. */
function isJsonNumber(bytes: Uint8Array, at: number, end: number): boolean {
  if (end - at > JSON_DIGITS_MAX || (bytes[at] === ZERO && end - at > 1)) return false
  const before = bytes[at - 1] === MINUS ? bytes[at - 2]! : bytes[at - 1]!
  return BEFORE_NUMBER.has(before) && AFTER_NUMBER.has(bytes[end]!)
}

/** Behind an escape of JSON or COPY text; -1 = none that PostgreSQL writes. */
function endOfEscape(bytes: Uint8Array, at: number, isInside: boolean, isWrapped: boolean): number {
  if (bytes[at + 1] !== BACKSLASH) return COPY_ESCAPES.has(bytes[at + 1]!) ? at + 2 : -1
  const escaped = at + 2
  if (KINDS[bytes[escaped]!] === END) return escaped
  if (bytes[escaped] !== BACKSLASH) return escaped + 1
  // Of a backslash: alone, or of the JSON inside with what it escapes there.
  const end = escaped + 2
  if (!isWrapped || !isInside || KINDS[bytes[end]!] === END) return end
  if (bytes[end] !== BACKSLASH) return end + 1
  return bytes[end + 2] === BACKSLASH ? end + 4 : end + 3
}
