/**
 * Masks what mixes letters and digits. A reference such as SO00042 goes piece by piece, so its number is that of the
 * record; a hexadecimal number stays one; everything else is masked as a whole, its letters by what a signature sees of
 * it (the token without its digits) and its digits one to one, so that signatures and keys group as before.
 */
import {
  CHECKED_LETTERS_MIN,
  HEX_CHECKED_MIN,
  HEX_PREFIX,
  LETTER_CHECK_LENGTH,
  hexCheck,
  letterCheck,
} from '../leaks/masked-form.ts'
import { isRunOfOneToken } from '../leaks/kinds.ts'
import { isHexToken, isRandomToken } from '../leaks/randomness.ts'
import type { Digits } from './digits.ts'
import type { Derivation } from './key.ts'
import { permutation } from './permutation.ts'
import type { Permutation } from './permutation.ts'
import { lettersFrom, withCase } from './words.ts'
import type { Words } from './words.ts'

const CACHED_MAX = 20_000
/** A reference has at most so many pieces: INV2026W, not a1B2c3. */
const REFERENCE_PIECES_MAX = 3
/** Digits in a row from here on are a number of their own, masked like the same number elsewhere. */
const NUMBER_DIGITS_MIN = 5
const EXACT_DIGITS_MAX = 10
/** Each try meets its conditions with a chance of 1 in 26 at worst, or 1 in 676 for a date in the last letters. */
const TRIES_MAX = 20_000

/** Names of software: they say nothing about anybody. */
const TECHNICAL = new Set(
  'urllib3 psycopg2 psycopg3 python2 python3 utf8 utf16 latin1 cp1252 iso8859 sha1 sha256 md5 base64 int4 int8 h11 http2 oauth2 x509 s3 tlsv1'.split(
    ' ',
  ),
)

/** What a signature replaces by `<n>`. */
const NUMBER = /\d+(?:[.,:/T-]\d+)*/g

export class Tokens {
  readonly #keys: Derivation
  readonly #words: Words
  readonly #digits: Digits
  readonly #permutations: (Permutation | undefined)[] = []
  readonly #cache = new Map<string, string>()

  constructor(keys: Derivation, words: Words, digits: Digits) {
    this.#keys = keys
    this.#words = words
    this.#digits = digits
  }

  /** A run of ASCII letters and digits. `isBounded`: no `_` stands beside it, so a signature may see a `<hex>`. */
  mask(run: string, isBounded: boolean): string {
    const cacheKey = isBounded ? run : `${run}_`
    const known = this.#cache.get(cacheKey)
    if (known !== undefined) return known
    const masked = this.#compute(run, isBounded)
    if (this.#cache.size >= CACHED_MAX) this.#cache.clear()
    this.#cache.set(cacheKey, masked)
    return masked
  }

  #compute(run: string, isBounded: boolean): string {
    if (isBounded && isHexToken(run)) return this.hex(run)
    if (isBounded && /^0x[0-9a-f]+$/i.test(run)) return run.slice(0, 2) + this.hex(run.slice(2))
    if (TECHNICAL.has(run.toLowerCase())) return run
    const pieces = run.match(/[A-Za-z]+|\d+/g)!
    if (pieces.length > REFERENCE_PIECES_MAX || isRandomToken(run)) {
      return this.whole(run, isBounded)
    }
    const masked = pieces
      .map((piece) =>
        isDigit(piece.charCodeAt(0)) ? this.#digits.run(piece) : this.#words.mask(piece),
      )
      .join('')
    return isBounded && isHexToken(masked) ? this.whole(run) : masked
  }

  /** Keys and everything else that must not keep one readable word: runs of letters, digits and `+/=_-`. */
  secret(text: string): string {
    return text.replaceAll(/[A-Za-z0-9+/=_-]+/g, (run) =>
      isRunOfOneToken(run)
        ? this.whole(run)
        : run.replaceAll(/[A-Za-z0-9]+/g, (piece, at: number) =>
            this.whole(piece, run[at - 1] !== '_' && run[at + piece.length] !== '_'),
          ),
    )
  }

  /**
   * As one token: letters, digits and case where they were, recognisable by its letters if it has eight of them.
   * `isBounded` as for `mask`.
   */
  whole(text: string, isBounded = true): string {
    if (isBounded && isHexToken(text)) return this.hex(text)
    const digits = this.#digitsOf(text)
    for (let attempt = 0; attempt < TRIES_MAX; attempt++) {
      const masked = fill(text, this.#lettersOf(text, attempt), digits)
      if (masked !== null && !hasNewMeaning(masked, text)) return masked
    }
    // Only a token of nothing but times comes here; what is left of it are its `T`.
    return fill(text, text.replaceAll(/[^A-Za-z]/g, '').toLowerCase(), digits) ?? ''
  }

  /** Of any length; from 16 digits on with the checksum, from 12 on with letter and digit. */
  hex(text: string, length = text.length): string {
    const drawn = this.#keys.bytes('hex', text.toLowerCase(), length).toString('hex')
    let masked = drawn.slice(0, length)
    if (length >= 12) masked = HEX_PREFIX + drawn.slice(0, length - HEX_PREFIX.length)
    if (length >= HEX_CHECKED_MIN) {
      const body = masked.slice(0, length - hexCheck('').length)
      masked = body + hexCheck(body)
    }
    return /[A-F]/.test(text) && !/[a-f]/.test(text) ? masked.toUpperCase() : masked
  }

  /** The letters (lower case) that stand for those of the text, apart from the `T` of times. */
  #lettersOf(text: string, attempt: number): string {
    const skeleton = text.replaceAll(NUMBER, (number) => `0${number.replaceAll(/[^T]/g, '')}`)
    const { length } = text.replaceAll(/[^A-Za-z]/g, '')
    return lettersFrom(this.#keys.bytes(`token ${attempt}`, skeleton, length * 2), length)
  }

  #digitsOf(text: string): string {
    const runs = text.match(/\d+/g) ?? []
    const short = runs.filter((run) => run.length < NUMBER_DIGITS_MIN).join('')
    const masked = short === '' ? '' : this.#shortDigits(short, text)
    let at = 0
    return runs
      .map((run) => {
        if (run.length >= NUMBER_DIGITS_MIN) return this.#digits.run(run)
        at += run.length
        return masked.slice(at - run.length, at)
      })
      .join('')
  }

  /** One to one among the tokens that differ in nothing but their digits. */
  #shortDigits(digits: string, text: string): string {
    const { length } = digits
    const shape = text.replaceAll(/\d/g, '0')
    if (length > EXACT_DIGITS_MAX) {
      const bytes = this.#keys.bytes('token digits', text, length * 2)
      let masked = ''
      for (let index = 0; index < length; index++)
        masked += String(bytes.readUInt16LE(index * 2) % 10)
      return masked
    }
    const size = 10 ** length
    const permute = (this.#permutations[length] ??= permutation(
      this.#keys,
      `token digits ${length}`,
      10 ** (length - (length >> 1)),
      10 ** (length >> 1),
    ))
    const shift = this.#keys.bytes('token shift', shape)
    const inner = permute((Number(digits) + shift.readUInt32LE(0)) % size)
    return String((inner + shift.readUInt32LE(4)) % size).padStart(length, '0')
  }
}

/** Puts letters and digits into the pattern of the text; null if the checksum cannot stand where a `T` has to. */
function fill(text: string, drawn: string, digits: string): string | null {
  const letters = drawn.split('')
  let letter = 0
  for (const match of text.matchAll(/[A-Za-z]/g)) {
    if (isTimeMark(text, match.index)) letters[letter] = 't'
    letter += 1
  }
  if (letters.length >= CHECKED_LETTERS_MIN) {
    const body = letters.length - LETTER_CHECK_LENGTH
    const check = letterCheck(letters.slice(0, body).join(''))
    letter = 0
    for (const match of text.matchAll(/[A-Za-z]/g)) {
      if (letter >= body) {
        if (isTimeMark(text, match.index) && check[letter - body] !== 't') return null
        letters[letter] = check[letter - body]!
      }
      letter += 1
    }
  }
  letter = 0
  let digit = 0
  return text.replaceAll(/[A-Za-z0-9]/g, (character) =>
    isDigit(character.charCodeAt(0)) ? digits[digit++]! : withCase(letters[letter++]!, character),
  )
}

/** Whether a signature would read the masked token differently: as a hexadecimal number, or a time where there is none. */
function hasNewMeaning(masked: string, text: string): boolean {
  if (masked.split(/\W+/).some(isHexToken)) return true
  for (let index = 1; index < masked.length - 1; index++) {
    if (isTimeMark(masked, index) && !isTimeMark(text, index)) return true
  }
  return false
}

function isTimeMark(text: string, at: number): boolean {
  return text[at] === 'T' && isDigit(text.charCodeAt(at - 1)) && isDigit(text.charCodeAt(at + 1))
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39
}
