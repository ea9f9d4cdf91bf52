/**
 * A chunk while it is masked: fields that stay are not touched one by one, everything between two that are replaced is
 * copied at once.
 */

/** Shorter pieces are copied byte by byte: a call of the copying function costs as much as so many bytes (measured). */
const LOOP_MAX = 48

export class Output {
  bytes: Buffer
  length = 0
  readonly sourceView: DataView
  readonly #source: Buffer
  #view: DataView
  /** Up to here the source is written, in one form or the other. */
  #done = 0

  /** Written into `into` as long as that has the room. */
  constructor(source: Buffer, into: Buffer) {
    this.#source = source
    this.sourceView = viewOf(source)
    this.bytes = into
    this.#view = viewOf(this.bytes)
  }

  /** Something else will stand for the source from `at` on, in at most `room` bytes. */
  replace(at: number, room: number): void {
    this.reserve(at - this.#done + room)
    this.copy(this.#source, this.#done, at)
  }

  /** The replacement is written, and stands for the source up to `end`. */
  resume(end: number): void {
    this.#done = end
  }

  /** Room for so many bytes more. */
  reserve(more: number): void {
    const needed = this.length + more
    if (needed <= this.bytes.length) return
    const larger = Buffer.allocUnsafeSlow(Math.max(needed, this.bytes.length * 2))
    this.bytes.copy(larger, 0, 0, this.length)
    this.bytes = larger
    this.#view = viewOf(larger)
  }

  /** `length` bytes, four in each word; into room for all the words. */
  words(words: Int32Array, length: number): void {
    const view = this.#view
    const from = this.length
    for (let index = 0; index < words.length; index++) {
      view.setInt32(from + 4 * index, words[index]!, true)
    }
    this.length = from + length
  }

  /** Into room that is reserved. */
  copy(source: Buffer, from: number, to: number): void {
    const { bytes, length } = this
    const count = to - from
    if (count > LOOP_MAX) source.copy(bytes, length, from, to)
    else for (let index = 0; index < count; index++) bytes[length + index] = source[from + index]!
    this.length = length + count
  }

  /** As it stands; makes room. */
  text(text: string, encoding: 'latin1' | 'utf8'): void {
    // A UTF-16 unit is at most three bytes of UTF-8.
    this.reserve(encoding === 'utf8' ? text.length * 3 : text.length)
    this.length += this.bytes.write(text, this.length, encoding)
  }

  /** All of it; nothing may be written afterwards. */
  end(): Buffer {
    this.replace(this.#source.length, 0)
    return this.bytes.subarray(0, this.length)
  }
}

function viewOf({ buffer, byteOffset, length }: Buffer): DataView {
  return new DataView(buffer, byteOffset, length)
}
