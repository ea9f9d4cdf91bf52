/** Buffers that are used again: what a chunk became is packed by another thread, and comes back when that is done. */

/** Those for huge values are not worth keeping. */
const KEPT_BYTES_MAX = 1024 * 1024

export class Buffers {
  readonly #free: Buffer[] = []

  /** With room for so many bytes; what is in it does not matter. */
  take(bytes: number): Buffer {
    const free = this.#free.pop()
    return free !== undefined && free.length >= bytes ? free : Buffer.allocUnsafeSlow(bytes)
  }

  /** `buffer`: any part of one that nobody looks at any more. */
  giveBack(buffer: Buffer): void {
    const { byteLength } = buffer.buffer
    if (byteLength <= KEPT_BYTES_MAX) this.#free.push(Buffer.from(buffer.buffer as ArrayBuffer))
  }
}
