/**
 * Masks free text: words, numbers and tokens one by one, everything between them stays. One pass over the characters
 * decides most texts; where it meets the beginnings of something that is recognised as a whole (an address, a URL, a
 * telephone number) it gives up, and the slow way looks for those first. Both ways give the same for what both know.
 */
import { findPlainLeak } from '../leaks/scan.ts'
import { isRandomToken, RANDOM_LENGTH_MIN } from '../leaks/randomness.ts'
import { spansOf } from '../leaks/spans.ts'
import { DIGIT, JOINER, LETTER, MARK, OTHER, WIDE, classOf } from './characters.ts'
import { TemporalText } from './temporal-text.ts'
import type { Parts } from './parts.ts'
import { Recognised } from './recognised.ts'
import { isTold } from './told-numbers.ts'
import { UUID } from './uuids.ts'

/** A telephone number has eight digits or more. */
const CLUSTER_DIGITS = 8
const CLUSTER_GAP = /^[ .()/+-]{0,3}$/
/** A run of letters, digits and joiners from here on may be a key. */
const RUN_LENGTH = 20
const IBAN_LENGTH_MIN = 15
const UUID_LENGTH = 36
/** What replacing one leak makes of its surroundings is looked at again, so many times. */
const PASSES_MAX = 4

const ADDRESS = /(?:\d{1,3}\.){3}\d{1,3}(?!\.?\w)/y

export class TextMasker {
  readonly #parts: Parts
  readonly #recognised: Recognised
  readonly #temporal: TemporalText

  constructor(parts: Parts) {
    this.#parts = parts
    this.#recognised = new Recognised(parts, (text) => this.mask(text))
    this.#temporal = new TemporalText(parts)
  }

  mask(text: string): string {
    return this.#pass(text, 0, text.length, true) ?? this.#slow(text)
  }

  #slow(text: string): string {
    let masked = this.#replaceSpans(text, false)
    for (let pass = 1; pass < PASSES_MAX && findPlainLeak(masked) !== null; pass++) {
      masked = this.#replaceSpans(masked, true)
    }
    return masked
  }

  /** `isSecond`: the text is masked but for what still looks real. */
  #replaceSpans(text: string, isSecond: boolean): string {
    let masked = ''
    let at = 0
    const rest = (end: number): string =>
      isSecond ? text.slice(at, end) : this.#pass(text, at, end, false)!
    for (const { kind, start, end } of spansOf(text)) {
      const match = text.slice(start, end)
      if (isSecond && !kind.isReal(match)) continue
      masked += rest(start) + this.#recognised.mask(kind.treatment, match)
      at = end
    }
    return masked + rest(text.length)
  }

  /** null = something between these places wants the slow way; never without `mayGiveUp`. */
  #pass(text: string, from: number, to: number, mayGiveUp: boolean): string | null {
    let masked = ''
    let copied = from
    let at = from
    // Of the run of letters, digits and joiners that we are in.
    let runStart = -1
    let runJoined = false
    let runDigits = false
    // Of the digits that may be one telephone number.
    let clusterEnd = -10
    let clusterDigits = 0
    while (at < to) {
      const kind = classOf(text.charCodeAt(at))
      if (kind === OTHER || kind === JOINER || kind === MARK) {
        if (kind === JOINER) {
          if (runStart === -1) runStart = at
          runJoined = true
        } else {
          if (kind === MARK && mayGiveUp && opensRecognised(text, at)) return null
          runStart = -1
          runJoined = false
          runDigits = false
        }
        at += 1
        continue
      }
      let end = at + 1
      let kinds = 1 << kind
      for (; end < to; end++) {
        const next = classOf(text.charCodeAt(end))
        if (next !== LETTER && next !== DIGIT && next !== WIDE) break
        kinds |= 1 << next
      }
      if (runStart === -1) runStart = at
      if ((kinds & (1 << DIGIT)) !== 0) runDigits = true
      let replacement: string | null = null
      if ((kinds & (1 << DIGIT)) !== 0) {
        const dated = this.#temporal.mask(text, at, end, to)
        if (dated !== null) {
          // A date is no part of a telephone number or a key.
          masked += text.slice(copied, at) + dated.masked
          at = dated.end
          copied = at
          clusterEnd = -10
          runStart = -1
          runJoined = false
          runDigits = false
          continue
        }
        if (isUuidAt(text, at, end, to)) {
          replacement = this.#parts.uuids.mask(text.slice(at, at + UUID_LENGTH))
          end = at + UUID_LENGTH
        } else if (mayGiveUp) {
          const isNear =
            at - clusterEnd <= 3 && CLUSTER_GAP.test(text.slice(Math.max(clusterEnd, from), at))
          clusterDigits = (isNear ? clusterDigits : 0) + (end - at)
          if (wantsSlowWay(text, at, end, isNear, clusterDigits)) return null
          clusterEnd = end
        }
      } else if (mayGiveUp && opensSecret(text, at, end)) return null
      if (mayGiveUp && runJoined && runDigits && end - runStart >= RUN_LENGTH) return null
      replacement ??= this.#run(text, at, end, kinds)
      masked += text.slice(copied, at) + replacement
      at = end
      copied = end
    }
    return copied === from ? text.slice(from, to) : masked + text.slice(copied, to)
  }

  /** A run of letters and digits, of which `kinds` tells the kinds. */
  #run(text: string, at: number, end: number, kinds: number): string {
    const run = text.slice(at, end)
    if (kinds === 1 << DIGIT) return this.#number(text, at, run)
    if (kinds === 1 << LETTER) {
      return run.length >= RANDOM_LENGTH_MIN && isRandomToken(run)
        ? this.#parts.tokens.whole(run)
        : this.#parts.words.mask(run)
    }
    const isBounded = text[at - 1] !== '_' && text[end] !== '_'
    if ((kinds & (1 << WIDE)) === 0) return this.#parts.tokens.mask(run, isBounded)
    // A signature sees the edges of words where ASCII ends, so the parts are masked as it sees them.
    return run.replaceAll(/[A-Za-z0-9]*\d[A-Za-z0-9]*|[^\d]+/g, (part) => {
      if (/^\d+$/.test(part)) return this.#parts.digits.run(part)
      return /\d/.test(part)
        ? this.#parts.tokens.mask(part, isBounded)
        : this.#parts.words.mask(part)
    })
  }

  #number(text: string, at: number, run: string): string {
    if (isTold(text, at, run)) return run
    const isFraction = text[at - 1] === '.' && classOf(text.charCodeAt(at - 2)) === DIGIT
    return isFraction ? this.#parts.digits.fraction(run) : this.#parts.digits.run(run)
  }
}

function opensRecognised(text: string, at: number): boolean {
  return text[at] === '@' || text.startsWith('://', at)
}

function opensSecret(text: string, at: number, end: number): boolean {
  if (text.startsWith('BEGIN', at) && text[at - 1] === '-') return true
  return end - at > 8 && text[end] === '.' && text.startsWith('eyJ', at)
}

/** For a run with digits that is neither date nor uuid. */
function wantsSlowWay(
  text: string,
  at: number,
  end: number,
  isNear: boolean,
  clusterDigits: number,
): boolean {
  const length = end - at
  if (clusterDigits >= CLUSTER_DIGITS) {
    if (isNear || text[at - 1] === '+' || text[at - 1] === '(') return true
    if (length > CLUSTER_DIGITS && text[at] === '0') return true
  }
  if (text[end] === '.' && length <= 3) {
    ADDRESS.lastIndex = at
    if (ADDRESS.test(text)) return true
  }
  if (text.startsWith('eyJ', at) && text[end] === '.') return true
  const isIbanLike = length >= IBAN_LENGTH_MIN || (length === 4 && text[end] === ' ')
  return isIbanLike && /^[A-Z]{2}\d\d/.test(text.slice(at, at + 4))
}

function isUuidAt(text: string, at: number, end: number, to: number): boolean {
  return (
    end - at === 8 &&
    text[end] === '-' &&
    at + UUID_LENGTH <= to &&
    text[at + 13] === '-' &&
    UUID.test(text.slice(at, at + UUID_LENGTH)) &&
    !/\w/.test(text[at + UUID_LENGTH] ?? '')
  )
}
