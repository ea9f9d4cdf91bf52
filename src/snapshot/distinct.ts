/**
 * Finds out whether a value comes a second time, in eight bytes a value: a set of millions of strings would take a
 * hundred times that. Kept are fingerprints of 64 bits; that two different of 5 million values share one has a chance of
 * one in a million.
 */

/** Filled slots at most: above it, searches grow long. */
const LOAD_MAX = 0.7
const SLOTS_MIN = 1024

export class DistinctValues {
  readonly #slots: Uint32Array
  readonly #mask: number

  /** `count` = values that will come, at most. */
  constructor(count: number) {
    let slots = SLOTS_MIN
    while (slots * LOAD_MAX < count) slots *= 2
    this.#slots = new Uint32Array(slots * 2)
    this.#mask = slots - 1
  }

  /** false if the value was there already. */
  add(value: string): boolean {
    const low = hash(value, 0x9747b28c)
    // 0 marks an empty slot.
    const high = hash(value, 0x3c6ef372) || 1
    for (let slot = low & this.#mask; ; slot = (slot + 1) & this.#mask) {
      const at = slot * 2
      if (this.#slots[at + 1] === 0) {
        this.#slots[at] = low
        this.#slots[at + 1] = high
        return true
      }
      if (this.#slots[at] === low && this.#slots[at + 1] === high) return false
    }
  }
}

/** Murmur3's steps, a character at a time. */
function hash(text: string, seed: number): number {
  let value = seed
  for (let index = 0; index < text.length; index++) {
    let part = Math.imul(text.charCodeAt(index), 0xcc9e2d51)
    part = (part << 15) | (part >>> 17)
    value ^= Math.imul(part, 0x1b873593)
    value = (value << 13) | (value >>> 19)
    value = Math.imul(value, 5) + 0xe6546b64
  }
  value ^= text.length
  value = Math.imul(value ^ (value >>> 16), 0x85ebca6b)
  value = Math.imul(value ^ (value >>> 13), 0xc2b2ae35)
  return (value ^ (value >>> 16)) >>> 0
}
