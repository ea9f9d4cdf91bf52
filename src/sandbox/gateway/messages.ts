/**
 * Reads the messages of the PostgreSQL protocol out of a stream of bytes that somebody else forwards: chunks are cut
 * anywhere, a message may be a gigabyte. Only the beginning of the messages that somebody wants is ever kept.
 */

/** Called once a message is complete. `body` is its beginning, at most as long as was asked for. */
export type OnMessage = (type: string, body: Buffer, bodyLength: number) => void

/** How many bytes of a message of this type (its first byte, as a character) are wanted; 0 = none. */
export type BytesKept = (type: string) => number

const HEADER_LENGTH = 5
const NOTHING = Buffer.alloc(0)

/** One direction of one session, after the start-up packet. */
export class MessageReader {
  readonly #bytesKept: BytesKept
  readonly #onMessage: OnMessage
  readonly #header = Buffer.alloc(HEADER_LENGTH)
  #headerFilled = 0
  #type = ''
  #bodyLength = 0
  /** Bytes of the current body that are still to come. */
  #missing = 0
  #kept: Buffer = NOTHING
  #keptFilled = 0
  #lost = false

  constructor(bytesKept: BytesKept, onMessage: OnMessage) {
    this.#bytesKept = bytesKept
    this.#onMessage = onMessage
  }

  /** A length that cannot be was read: from here on nothing is understood, and PostgreSQL ends the session. */
  get lost(): boolean {
    return this.#lost
  }

  /** The last chunk ended where a message ends. */
  get complete(): boolean {
    return this.#headerFilled === 0
  }

  /** The next bytes of the stream. Keeps no reference to the chunk after it returns. */
  read(chunk: Buffer): void {
    let offset = 0
    while (offset < chunk.length && !this.#lost) {
      if (this.#headerFilled < HEADER_LENGTH) {
        offset = this.#readHeader(chunk, offset)
        if (this.#headerFilled < HEADER_LENGTH) return
      } else {
        offset = this.#readBody(chunk, offset)
      }
      if (this.#missing === 0) this.#finish()
    }
  }

  #readHeader(chunk: Buffer, offset: number): number {
    const taken = Math.min(HEADER_LENGTH - this.#headerFilled, chunk.length - offset)
    chunk.copy(this.#header, this.#headerFilled, offset, offset + taken)
    this.#headerFilled += taken
    if (this.#headerFilled < HEADER_LENGTH) return offset + taken
    const length = this.#header.readInt32BE(1)
    this.#lost = length < 4
    this.#type = String.fromCharCode(this.#header[0]!)
    this.#bodyLength = length - 4
    this.#missing = this.#bodyLength
    const wanted = Math.min(this.#bodyLength, this.#bytesKept(this.#type))
    this.#kept = wanted > 0 ? Buffer.allocUnsafe(wanted) : NOTHING
    this.#keptFilled = 0
    return offset + taken
  }

  #readBody(chunk: Buffer, offset: number): number {
    const taken = Math.min(this.#missing, chunk.length - offset)
    if (this.#keptFilled < this.#kept.length) {
      this.#keptFilled += chunk.copy(this.#kept, this.#keptFilled, offset, offset + taken)
    }
    this.#missing -= taken
    return offset + taken
  }

  #finish(): void {
    if (this.#lost) return
    this.#headerFilled = 0
    this.#onMessage(this.#type, this.#kept, this.#bodyLength)
  }
}

/** A zero-terminated text; `end` = where the next field begins, `cut` = the reader kept less than all of it. */
export function zeroTerminated(
  body: Buffer,
  start: number,
): { readonly text: string; readonly end: number; readonly cut: boolean } {
  const zero = body.indexOf(0, start)
  if (zero === -1) return { text: body.toString('utf8', start), end: body.length, cut: true }
  return { text: body.toString('utf8', start, zero), end: zero + 1, cut: false }
}
