/** Bytes written one after the other, in room that grows. */

/** Shorter pieces are copied byte by byte: a call of the copying function costs as much as so many bytes. */
const LOOP_MAX = 48

export class Output {
  bytes: Buffer
  length = 0

  constructor(size: number) {
    this.bytes = Buffer.allocUnsafeSlow(size)
  }

  /** Room for so many bytes more. */
  reserve(more: number): void {
    const needed = this.length + more
    if (needed <= this.bytes.length) return
    const larger = Buffer.allocUnsafeSlow(Math.max(needed, this.bytes.length * 2))
    this.bytes.copy(larger, 0, 0, this.length)
    this.bytes = larger
  }

  /** In room that is reserved. */
  byte(code: number): void {
    this.bytes[this.length++] = code
  }

  copy(source: Uint8Array, from: number, to: number): void {
    const count = to - from
    this.reserve(count)
    const { bytes, length } = this
    if (count > LOOP_MAX) bytes.set(source.subarray(from, to), length)
    else for (let index = 0; index < count; index++) bytes[length + index] = source[from + index]!
    this.length = length + count
  }

  text(text: string, encoding: 'latin1' | 'utf8'): void {
    // A UTF-16 unit is at most three bytes of UTF-8.
    this.reserve(encoding === 'utf8' ? text.length * 3 : text.length)
    this.length += this.bytes.write(text, this.length, encoding)
  }

  written(): Buffer {
    return this.bytes.subarray(0, this.length)
  }
}
