/**
 * Masks numbers digit run by digit run: as many digits as before, leading zeros kept, and up to ten digits one to one,
 * so that distinct records stay distinct and one record is the same number in records, arguments, names and messages.
 */
import { passesLuhn } from '../leaks/masked-form.ts'
import type { Derivation } from './key.ts'
import { permutation } from './permutation.ts'
import type { Permutation } from './permutation.ts'

/** Longer numbers than this are no keys of records: their digits come from the HMAC. */
const EXACT_DIGITS_MAX = 10
const ZERO = 0x30
const INT4_MAX = 2_147_483_647
const INT8_DIGITS = 19
const TENS = Array.from({ length: EXACT_DIGITS_MAX + 1 }, (_, power) => 10 ** power)

export class Digits {
  readonly #keys: Derivation
  readonly #permutations: (Permutation | undefined)[] = []

  constructor(keys: Derivation) {
    this.#keys = keys
  }

  /** A positive number below 10^10, without leading zeros; `length` = its digits. Ids of int4 stay ids of int4. */
  number(value: number, length: number): number {
    const first = TENS[length - 1]!
    const permute = (this.#permutations[length] ??= this.#permutationOf(length))
    let masked = first + permute(value - first)
    if (length === EXACT_DIGITS_MAX) {
      // Walking along the cycle of a permutation until it is back on the same side is a permutation of each side.
      while (masked > INT4_MAX !== value > INT4_MAX) masked = first + permute(masked - first)
    }
    return masked
  }

  /** A run of ASCII digits. Zeros at its head stay, so `000042` and 42 stay the same number. */
  run(run: string): string {
    let zeros = 0
    while (zeros < run.length && run.charCodeAt(zeros) === 0x30) zeros += 1
    const length = run.length - zeros
    if (length === 0) return run
    const digits = zeros === 0 ? run : run.slice(zeros)
    const masked =
      length <= EXACT_DIGITS_MAX ? String(this.number(Number(digits), length)) : this.#long(digits)
    return zeros === 0 ? masked : run.slice(0, zeros) + masked
  }

  /** The run from `from` to `to`, of at most ten digits, into `target` from `at` on. */
  runOfBytes(source: Uint8Array, from: number, to: number, target: Uint8Array, at: number): void {
    let first = from
    while (first < to && source[first] === ZERO) first += 1
    let value = 0
    for (let index = first; index < to; index++) value = value * 10 + source[index]! - ZERO
    let rest = first === to ? 0 : this.number(value, to - first)
    for (let index = to - 1; index >= from; index--) {
      const tens = Math.floor(rest / 10)
      target[at + index - from] = ZERO + rest - tens * 10
      rest = tens
    }
  }

  /** The digits behind a decimal point: zeros at their end stay, and only there, so 0.5 and 0.50 do not meet. */
  fraction(run: string): string {
    return run.length === 1 ? this.run(run) : reversed(this.run(reversed(run)))
  }

  /** The digits of a number that is written in groups (phone, card), masked as one and put back into the groups. */
  grouped(text: string): string {
    const masked = this.run(text.replaceAll(/\D+/g, ''))
    let at = 0
    return text.replaceAll(/\d/g, () => masked[at++]!)
  }

  #permutationOf(length: number): Permutation {
    const lowLength = length >> 1
    return permutation(
      this.#keys,
      `numbers of ${length} digits`,
      9 * TENS[length - lowLength - 1]!,
      TENS[lowLength]!,
    )
  }

  /** Never a card number. */
  #long(digits: string): string {
    const bytes = this.#keys.bytes('digits', digits, digits.length * 2)
    // No number of 19 digits that fits into an int8 stops to do so.
    let masked = String(1 + (bytes.readUInt16LE(0) % (digits.length === INT8_DIGITS ? 8 : 9)))
    for (let index = 1; index < digits.length; index++) {
      masked += String(bytes.readUInt16LE(index * 2) % 10)
    }
    if (!passesLuhn(masked)) return masked
    return masked.slice(0, -1) + String((Number(masked.at(-1)) + 1) % 10)
  }
}

function reversed(text: string): string {
  let result = ''
  for (let index = text.length - 1; index >= 0; index--) result += text[index]!
  return result
}
