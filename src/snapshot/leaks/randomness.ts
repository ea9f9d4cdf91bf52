/**
 * Which tokens look drawn at random, as keys and passwords are. Decided by the pattern of letters, capitals and digits
 * alone, which masking keeps: so a value trips the scan after masking if and only if it did before, and the masker can
 * give exactly those values a recognisable form.
 */

/** Shorter tokens hold too little to tell a key from an article number. */
export const RANDOM_LENGTH_MIN = 20
const RUN_LENGTH_MIN = 24
const LETTERS_MIN = 8

/** A hexadecimal number with letter and digit, of this length or more: the `<hex>` of signatures. */
export const HEX_LENGTH_MIN = 12

interface Pattern {
  readonly lower: number
  readonly upper: number
  readonly digits: number
  /** Changes between the three kinds per pair of neighbours. */
  readonly changes: number
}

/** One unbroken token of ASCII letters and digits. */
export function isRandomToken(token: string): boolean {
  if (token.length < RANDOM_LENGTH_MIN) return false
  const { lower, upper, digits, changes } = patternOf(token)
  if (lower + upper < LETTERS_MIN) return false
  // Random letters and digits change kind at 0.4 of their places and more, names with a number at 0.1 to 0.2; letters
  // alone must be longer and wilder, because CamelCase changes at 0.3.
  if (digits > 0) return changes >= 0.25
  return lower > 0 && upper > 0 && token.length >= RUN_LENGTH_MIN && changes >= 0.45
}

/** Tokens joined by the other characters of base64: `+`, `/`, `=`, `-`, `_`. */
export function isRandomRun(run: string): boolean {
  if (run.length < RUN_LENGTH_MIN) return false
  const { lower, upper, digits, changes } = patternOf(run)
  return lower > 0 && upper > 0 && digits > 0 && lower + upper >= LETTERS_MIN && changes >= 0.4
}

/** `token` is bounded by what is no word character. */
export function isHexToken(token: string): boolean {
  return (
    token.length >= HEX_LENGTH_MIN &&
    /^[0-9a-f]+$/i.test(token) &&
    /[a-f]/i.test(token) &&
    /\d/.test(token)
  )
}

function patternOf(text: string): Pattern {
  const counts = [0, 0, 0]
  let pairs = 0
  let changes = 0
  let before = -1
  for (let index = 0; index < text.length; index++) {
    const kind = kindOf(text.charCodeAt(index))
    if (kind !== -1) {
      counts[kind]! += 1
      if (before !== -1) {
        pairs += 1
        if (kind !== before) changes += 1
      }
    }
    before = kind
  }
  return {
    lower: counts[0]!,
    upper: counts[1]!,
    digits: counts[2]!,
    changes: pairs === 0 ? 0 : changes / pairs,
  }
}

function kindOf(code: number): -1 | 0 | 1 | 2 {
  if (code >= 0x61 && code <= 0x7a) return 0
  if (code >= 0x41 && code <= 0x5a) return 1
  return code >= 0x30 && code <= 0x39 ? 2 : -1
}
