/**
 * COPY text as it grows, in bytes: a row has 630 of them, and nothing is put together as a string only to be encoded
 * afterwards. Pieces that many rows share are encoded once (`piece`).
 */
import { encodeText } from '../copy-text.ts'

const TAB = 0x09
const NEWLINE = 0x0a
const QUOTE = 0x22
const BACKSLASH = 0x5c
const ZERO = 0x30
const COLON = 0x3a
const POINT = 0x2e
const DAY_SECONDS = 86_400
/** From here on a call of `set` is faster than a loop (measured). */
const LOOP_BYTES_MAX = 20

/** The digits of 00 to 99. */
const PAIRS = Uint8Array.from({ length: 200 }, (_, at) =>
  at % 2 === 0 ? ZERO + Math.floor(at / 20) : ZERO + (((at - 1) / 2) % 10),
)
const HEX = Uint8Array.from('0123456789abcdef', (digit) => digit.charCodeAt(0))

export type Piece = Uint8Array

/** Bytes of a field, or of a part of it. */
export function piece(text: string): Piece {
  return new Uint8Array(Buffer.from(encodeText(text), 'utf8'))
}

export class ByteText {
  length = 0
  #bytes: Buffer
  /** The day of the last call: rows come in order, so nearly every call asks for the same one. */
  #day = -1
  #dayPiece: Piece = new Uint8Array()

  constructor(capacity: number) {
    this.#bytes = Buffer.allocUnsafe(capacity)
  }

  /** What is written so far; valid until the next `clear`. */
  get content(): Buffer {
    return this.#bytes.subarray(0, this.length)
  }

  clear(): void {
    this.length = 0
  }

  tab(): void {
    this.#byte(TAB)
  }

  newline(): void {
    this.#byte(NEWLINE)
  }

  quote(): void {
    this.#byte(QUOTE)
  }

  piece(bytes: Piece): void {
    this.#reserve(bytes.length)
    if (bytes.length > LOOP_BYTES_MAX) {
      this.#bytes.set(bytes, this.length)
      this.length += bytes.length
      return
    }
    const target = this.#bytes
    let at = this.length
    for (let index = 0; index < bytes.length; index++) target[at++] = bytes[index]!
    this.length = at
  }

  /** Escaped for COPY. */
  text(text: string): void {
    this.#reserve(text.length)
    const target = this.#bytes
    let at = this.length
    for (let index = 0; index < text.length; index++) {
      const code = text.charCodeAt(index)
      if (code < 0x20 || code === BACKSLASH || code > 0x7e) {
        this.length = at
        this.piece(piece(text.slice(index)))
        return
      }
      target[at++] = code
    }
    this.length = at
  }

  /** Whole, from 0 to below 2³¹; with zeros in front up to `width` digits. */
  number(value: number, width = 1): void {
    let digits = width
    for (let power = 10 ** width; power <= value; power *= 10) digits += 1
    this.#reserve(digits)
    const target = this.#bytes
    let rest = value | 0
    for (let at = this.length + digits - 1; at >= this.length; at--) {
      const tenth = (rest / 10) | 0
      target[at] = ZERO + (rest - tenth * 10)
      rest = tenth
    }
    this.length += digits
  }

  /** The lowest `digits` (at most 8) hexadecimal digits of a whole number. */
  hex(value: number, digits: number): void {
    this.#reserve(digits)
    const target = this.#bytes
    const bits = value >>> 0
    let at = this.length
    for (let shift = (digits - 1) * 4; shift >= 0; shift -= 4) {
      target[at++] = HEX[(bits >>> shift) & 15]!
    }
    this.length = at
  }

  /** Whole microseconds as PostgreSQL prints the moment: without the zeros at the end. */
  timestamp(us: number): void {
    const second = Math.floor(us / 1e6)
    const day = Math.floor(second / DAY_SECONDS)
    if (day !== this.#day) {
      this.#day = day
      const date = new Date(day * DAY_SECONDS * 1000).toISOString().slice(0, 10)
      this.#dayPiece = piece(`${date} `)
    }
    this.#reserve(26)
    const target = this.#bytes
    let at = this.length
    for (let index = 0; index < 11; index++) target[at++] = this.#dayPiece[index]!
    const ofDay = second - day * DAY_SECONDS
    const hour = (ofDay / 3600) | 0
    const ofHour = ofDay - hour * 3600
    const minute = (ofHour / 60) | 0
    at = pair(target, at, hour)
    target[at++] = COLON
    at = pair(target, at, minute)
    target[at++] = COLON
    at = pair(target, at, ofHour - minute * 60)
    this.length = at
    this.#fraction(us - second * 1e6)
  }

  /** Whole microseconds as seconds. */
  seconds(us: number): void {
    const second = Math.floor(us / 1e6)
    this.number(second)
    this.#fraction(us - second * 1e6)
  }

  #fraction(us: number): void {
    if (us === 0) return
    this.#reserve(7)
    const target = this.#bytes
    const micros = us | 0
    const high = (micros / 10_000) | 0
    const low = micros - high * 10_000
    const middle = (low / 100) | 0
    let at = this.length
    target[at++] = POINT
    at = pair(target, at, high)
    at = pair(target, at, middle)
    at = pair(target, at, low - middle * 100)
    while (target[at - 1] === ZERO) at -= 1
    this.length = at
  }

  #byte(value: number): void {
    this.#reserve(1)
    this.#bytes[this.length++] = value
  }

  #reserve(bytes: number): void {
    if (this.length + bytes <= this.#bytes.length) return
    const grown = Buffer.allocUnsafe(Math.max(this.#bytes.length * 2, this.length + bytes))
    grown.set(this.content)
    this.#bytes = grown
  }
}

function pair(target: Buffer, at: number, value: number): number {
  target[at] = PAIRS[value * 2]!
  target[at + 1] = PAIRS[value * 2 + 1]!
  return at + 2
}
