/**
 * What `JSON.parse` cannot tell of the JSON in a job's columns: how deep it is nested, so that whoever walks through it
 * needs no more stack than there is, and integers that it would round. One pass, without a regular expression over
 * strings: jobs carry files of many megabytes in their arguments.
 */

/** The addon and people nest a few levels. */
export const NESTING_MAX = 500

/** A value that JSON.parse would round: an integer of 16 digits or more, kept as its text. */
export const BIG_INTEGER_KEY = '_queue_drill_integer'

/** Whether arrays and objects stand in each other more than NESTING_MAX deep. */
export function isTooDeep(text: string): boolean {
  // Each level needs two brackets.
  if (text.length < 2 * NESTING_MAX) return false
  let depth = 0
  for (const { piece, isString } of pieces(text)) {
    if (isString) continue
    for (let at = 0; at < piece.length; at++) {
      const character = piece[at]
      if (character === '[' || character === '{') depth += 1
      else if (character === ']' || character === '}') depth -= 1
      if (depth > NESTING_MAX) return true
    }
  }
  return false
}

/** The same JSON with big integers as objects of one key, BIG_INTEGER_KEY. */
export function keepBigIntegers(text: string): string {
  if (!/\d{16}/.test(text)) return text
  let kept = ''
  for (const { piece, isString } of pieces(text)) {
    kept += isString
      ? piece
      : piece.replace(
          /(?<![\d.eE+-])-?\d{16,}(?![\d.eE])/g,
          (digits) => `{"${BIG_INTEGER_KEY}":"${digits}"}`,
        )
  }
  return kept
}

/** The text in its order: what stands between strings, and the strings with their quotes. */
function* pieces(text: string): Generator<{ piece: string; isString: boolean }> {
  let at = 0
  while (at < text.length) {
    const quote = text.indexOf('"', at)
    if (quote === -1) break
    if (quote > at) yield { piece: text.slice(at, quote), isString: false }
    at = endOfString(text, quote)
    yield { piece: text.slice(quote, at), isString: true }
  }
  if (at < text.length) yield { piece: text.slice(at), isString: false }
}

/** Behind the closing quote; the end of the text where there is none. */
function endOfString(text: string, quote: number): number {
  for (let end = text.indexOf('"', quote + 1); end !== -1; end = text.indexOf('"', end + 1)) {
    let backslashes = 0
    while (text[end - 1 - backslashes] === '\\') backslashes += 1
    if (backslashes % 2 === 0) return end + 1
  }
  return text.length
}
