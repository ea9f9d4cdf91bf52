/**
 * Keyed permutations of 0 … n-1: distinct values stay distinct, and nobody without the key can tell which is which.
 * Small ranges are one shuffled table (a uniform permutation). Large ones are a Feistel network over two unequal
 * halves, whose round functions are tables of random numbers, because a block cipher call for each number would take
 * longer than all the rest of a row.
 */
import type { Derivation } from './key.ts'

export type Permutation = (value: number) => number

/** A shuffled table up to this size: 4 MB, 15 ms. */
const SHUFFLED_MAX = 1_000_000
/** Four are the least that hold against chosen values (Luby and Rackoff); each costs one look-up. */
const ROUNDS = 8
/** Numbers below this take two bytes: the table of words of seven letters is 4 MB then instead of 7. */
const SHORT_MAX = 0x1_0000

/** Of `high` × `low` values. `purpose` names the range: each has tables of its own. */
export function permutation(
  keys: Derivation,
  purpose: string,
  high: number,
  low: number,
): Permutation {
  return high * low <= SHUFFLED_MAX
    ? shuffled(keys.numbers(purpose, high * low), high * low)
    : feistel(keys, purpose, high, low)
}

function shuffled(draws: Uint32Array, size: number): Permutation {
  const table = new Uint32Array(size)
  for (let index = 0; index < size; index++) {
    const other = Math.floor((draws[index]! / 0x1_0000_0000) * (index + 1))
    table[index] = table[other]!
    table[other] = index
  }
  return (value) => table[value]!
}

function feistel(keys: Derivation, purpose: string, high: number, low: number): Permutation {
  const rounds = Array.from({ length: ROUNDS }, (_, round) => {
    const [from, to] = round % 2 === 0 ? [low, high] : [high, low]
    const table = keys.numbers(`${purpose} round ${round}`, from)
    for (let index = 0; index < from; index++) table[index]! %= to
    return to <= SHORT_MAX ? new Uint16Array(table) : table
  })
  return (value) => {
    let left = Math.floor(value / low)
    let right = value - left * low
    for (let round = 0; round < ROUNDS; round += 2) {
      left += rounds[round]![right]!
      if (left >= high) left -= high
      right += rounds[round + 1]![left]!
      if (right >= low) right -= low
    }
    return left * low + right
  }
}
