/**
 * Seeded randomness with named sub-streams: `random(seed, 'arrivals', name)` gives the same numbers whatever else
 * was drawn before, so that two runs of one seed differ only where their worlds differ. Never `Math.random`.
 * Hash: FNV-1a with a final mix, twice with different bases; generator: sfc32 (public-domain designs, own code).
 */

/** A stream of numbers. Not shared between components: each takes its own by name. */
export interface Random {
  /** Uniform in [0, 1), 32 bits. */
  next(): number
  /** Uniform whole number in [min, max], both ends included. */
  int(min: number, max: number): number
  /** True with probability `share` (0..1). */
  chance(share: number): boolean
  /** Exponentially distributed with the given mean (> 0). */
  exponential(mean: number): number
  /** One of the items, all equally likely; the list must not be empty. */
  pick<T>(items: readonly T[]): T
  /** Index drawn in proportion to the weights (≥ 0, sum > 0). */
  weighted(weights: readonly number[]): number
}

/** Opens the sub-stream with this name. Names may be numbers (ids, attempts). */
export function random(seed: string | number, ...names: readonly (string | number)[]): Random {
  const text = [seed, ...names].join('\u0000')
  return sfc32(hash32(text, 0x811c9dc5), hash32(text, 0x9e3779b9), hash32(text, 0x85ebca6b))
}

/** 32-bit hash of a text; equal on every platform. */
export function hash32(text: string, basis = 0x811c9dc5): number {
  let hash = basis
  for (let index = 0; index < text.length; index++) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193)
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x7feb352d)
  hash = Math.imul(hash ^ (hash >>> 15), 0x846ca68b)
  return (hash ^ (hash >>> 16)) >>> 0
}

function sfc32(a: number, b: number, c: number): Random {
  let counter = 1
  const draw = (): number => {
    const sum = (a + b + counter) | 0
    counter = (counter + 1) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = ((c << 21) | (c >>> 11)) + sum
    return sum >>> 0
  }
  for (let round = 0; round < 12; round++) draw()
  const next = () => draw() / 0x1_0000_0000
  return {
    next,
    int: (min, max) => min + Math.floor(next() * (max - min + 1)),
    chance: (share) => next() < share,
    exponential: (mean) => -Math.log(1 - next()) * mean,
    pick: (items) => items[Math.floor(next() * items.length)]!,
    weighted: (weights) => {
      let sum = 0
      for (let index = 0; index < weights.length; index++) sum += weights[index]!
      let rest = next() * sum
      for (let index = 0; index < weights.length; index++) {
        rest -= weights[index]!
        if (rest < 0) return index
      }
      return 0
    },
  }
}
