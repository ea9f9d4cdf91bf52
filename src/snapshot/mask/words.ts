/**
 * Masks words letter for letter: as long as before, capitals where they were, the same word always the same. Up to seven
 * letters one to one, so that no two messages become one; longer words by HMAC, where two meet once in 10^11.
 */
import type { Derivation } from './key.ts'
import { permutation } from './permutation.ts'
import type { Permutation } from './permutation.ts'
import { isTechnical } from './vocabulary.ts'

const EXACT_LETTERS_MAX = 7
/** Words of one capture come again and again; 50,000 of them take 8 MB. */
const CACHED_MAX = 50_000
/** Accented words this short are shifted, not hashed: a hash would make `à` and `é` one word too easily. */
const SHIFTED_LETTERS_MAX = 2

const A = 0x61

export class Words {
  readonly #keys: Derivation
  readonly #permutations: (Permutation | undefined)[] = []
  readonly #cache = new Map<string, string>()

  constructor(keys: Derivation) {
    this.#keys = keys
  }

  /** `word` is letters only, of any alphabet. */
  mask(word: string): string {
    const known = this.#cache.get(word)
    if (known !== undefined) return known
    const masked = this.#compute(word)
    if (this.#cache.size >= CACHED_MAX) this.#cache.clear()
    this.#cache.set(word, masked)
    return masked
  }

  /** Masked even if it is a technical word. */
  maskAlways(word: string): string {
    return withCase(this.#letters(word.toLowerCase()), word)
  }

  #compute(word: string): string {
    if (!/^[A-Za-z]+$/.test(word)) return this.#wide(word)
    const lower = word.toLowerCase()
    if (isTechnical(lower)) return word
    let masked = lower
    // From a word that is none of the kept along the cycle to the next that is none: one to one again.
    do masked = this.#letters(masked)
    while (isTechnical(masked))
    return withCase(masked, word)
  }

  #letters(lower: string): string {
    const { length } = lower
    if (length > EXACT_LETTERS_MAX)
      return lettersFrom(this.#keys.bytes('word', lower, length * 2), length)
    const permute = (this.#permutations[length] ??= permutation(
      this.#keys,
      `words of ${length} letters`,
      26 ** (length - (length >> 1)),
      26 ** (length >> 1),
    ))
    let value = 0
    for (let index = 0; index < length; index++) value = value * 26 + lower.charCodeAt(index) - A
    value = permute(value)
    let letters = ''
    for (let index = 0; index < length; index++) {
      letters = String.fromCharCode(A + (value % 26)) + letters
      value = Math.floor(value / 26)
    }
    return letters
  }

  /** Each letter moves inside its own alphabet, by an amount that depends on the word. */
  #wide(word: string): string {
    const shape = word.length > SHIFTED_LETTERS_MAX ? word : `${word.length} letters`
    const bytes = this.#keys.bytes('wide word', shape, word.length * 2)
    let masked = ''
    for (let index = 0; index < word.length; index++) {
      const code = word.charCodeAt(index)
      const [first, size] = alphabetOf(code)
      const place =
        (code - first + (code < first ? size * 8 : 0) + bytes.readUInt16LE(index * 2)) % size
      masked += String.fromCharCode(first + place)
    }
    return masked
  }
}

export function lettersFrom(bytes: Buffer, length: number): string {
  let letters = ''
  for (let index = 0; index < length; index++) {
    letters += String.fromCharCode(A + (bytes.readUInt16LE(index * 2) % 26))
  }
  return letters
}

/** Capitals of `letters` where `like` has them; both ASCII and equally long. */
export function withCase(letters: string, like: string): string {
  if (like === like.toLowerCase()) return letters
  if (like === like.toUpperCase()) return letters.toUpperCase()
  let result = ''
  for (let index = 0; index < letters.length; index++) {
    const code = like.charCodeAt(index)
    result += code >= 0x41 && code <= 0x5a ? letters[index]!.toUpperCase() : letters[index]!
  }
  return result
}

/** First letter and size of a range without gaps: ASCII, Latin, Greek, Cyrillic; else Chinese, where there is room. */
const ALPHABETS: readonly (readonly [number, number])[] = [
  [0x61, 26],
  [0x41, 26],
  [0xf8, 8],
  [0xdf, 24],
  [0xd8, 7],
  [0xc0, 23],
  [0x100, 0x80],
  [0x3b1, 25],
  [0x430, 32],
  [0x410, 32],
]

function alphabetOf(code: number): readonly [number, number] {
  for (const alphabet of ALPHABETS) {
    if (code >= alphabet[0] && code < alphabet[0] + alphabet[1]) return alphabet
  }
  // Far above every code unit of the others, so that they cannot meet; the letter itself is lost.
  return [0x4e00, 0x5000]
}
