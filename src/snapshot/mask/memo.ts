/**
 * What was masked before and comes again, by a hash of its bytes. Only what is met a second time is kept, so that values
 * that never repeat cost neither memory nor the room of those that do.
 */

/** Together 1 MB a memo at most, and nothing that would fill it alone. */
const BYTES_MAX = 1_000_000
const ENTRY_BYTES_MAX = 4096
const ENTRIES_MAX = 5000
/** Hashes of what was met once; a power of two. One takes the place of another, which then is met once more. */
const SEEN = 8192

export const HASH_SEED = 0x811c9dc5
export const HASH_PRIME = 0x01000193

export class Memo<Entry> {
  readonly #entries = new Map<number, Entry>()
  readonly #seen = new Int32Array(SEEN)
  #bytes = 0

  /** Of another value, perhaps: whoever asks compares. */
  get(hash: number): Entry | undefined {
    return this.#entries.get(hash)
  }

  /** Whether a value of so many bytes should be kept. */
  wants(hash: number, bytes: number): boolean {
    if (bytes > ENTRY_BYTES_MAX) return false
    const mixed = hash ^ (hash >>> 15)
    const slot = mixed & (SEEN - 1)
    if (this.#seen[slot] === hash) return true
    this.#seen[slot] = hash
    return false
  }

  /** `bytes`: what the entry takes. */
  keep(hash: number, entry: Entry, bytes: number): void {
    if (this.#bytes + bytes > BYTES_MAX || this.#entries.size >= ENTRIES_MAX) {
      this.#entries.clear()
      this.#bytes = 0
    }
    this.#entries.set(hash, entry)
    this.#bytes += bytes
  }
}

/** Whether `known` stands in `source` from `at` to `end`. */
export function isSame(known: Uint8Array, source: Uint8Array, at: number, end: number): boolean {
  if (known.length !== end - at) return false
  for (let index = 0; index < known.length; index++) {
    if (known[index] !== source[at + index]) return false
  }
  return true
}
