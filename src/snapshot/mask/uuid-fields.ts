/**
 * The uuids of a chunk of rows, from all its columns: their sixteen bytes are collected, go through the cipher in one
 * call, and are put into the places that were left for them. A call of the cipher costs as much as a hundred uuids.
 */
import { NEWLINE, TAB } from './field-bytes.ts'
import type { ColumnMask } from './field-bytes.ts'
import type { Output } from './output.ts'
import type { Uuids } from './uuids.ts'

const UUID_LENGTH = 36
const UUID_BYTES = 16
const DASH = 0x2d
const HEX = Uint8Array.from('0123456789abcdef', (digit) => digit.charCodeAt(0))
/** The value of a hexadecimal digit in lower case; 16 for anything else. */
const VALUES = new Uint8Array(256).fill(16)
HEX.forEach((code, value) => (VALUES[code] = value))

/** Where the two digits of each byte stand. */
const PLACES = [0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34]
const DASHES = [8, 13, 18, 23]

export class UuidFields {
  readonly #uuids: Uuids
  #blocks = Buffer.alloc(UUID_BYTES * 256)
  #places: number[] = []

  constructor(uuids: Uuids) {
    this.#uuids = uuids
  }

  /** What is no uuid in lower case, `other` masks. */
  column(other: ColumnMask): ColumnMask {
    return {
      mask: (source, at, out) =>
        this.#take(source, at, out) ? at + UUID_LENGTH : other.mask(source, at, out),
    }
  }

  /** Fills all places that were left. */
  flush(bytes: Buffer): void {
    const masked = this.#uuids.maskBlocks(
      this.#blocks.subarray(0, this.#places.length * UUID_BYTES),
    )
    for (let index = 0; index < this.#places.length; index++) {
      writeUuid(masked, index * UUID_BYTES, bytes, this.#places[index]!)
    }
    this.#places = []
  }

  #take(source: Buffer, at: number, out: Output): boolean {
    const after = source[at + UUID_LENGTH]
    if (after !== TAB && after !== NEWLINE) return false
    for (const dash of DASHES) if (source[at + dash] !== DASH) return false
    const from = this.#places.length * UUID_BYTES
    if (from === this.#blocks.length) this.#blocks = Buffer.concat([this.#blocks], from * 2)
    for (let byte = 0; byte < UUID_BYTES; byte++) {
      const place = at + PLACES[byte]!
      const high = VALUES[source[place]!]!
      const low = VALUES[source[place + 1]!]!
      if ((high | low) > 15) return false
      this.#blocks[from + byte] = (high << 4) | low
    }
    out.replace(at, UUID_LENGTH)
    this.#places.push(out.length)
    out.length += UUID_LENGTH
    out.resume(at + UUID_LENGTH)
    return true
  }
}

function writeUuid(blocks: Buffer, from: number, bytes: Buffer, at: number): void {
  for (let byte = 0; byte < UUID_BYTES; byte++) {
    const place = at + PLACES[byte]!
    const value = blocks[from + byte]!
    bytes[place] = HEX[value >> 4]!
    bytes[place + 1] = HEX[value & 15]!
  }
  for (const dash of DASHES) bytes[at + dash] = DASH
}
