/** Fields of one fixed form: a look at each byte tells whether there is anything to be masked. */
import { NEWLINE, TAB } from './field-bytes.ts'
import type { ColumnMask } from './field-bytes.ts'
import type { Digits } from './digits.ts'
import type { Output } from './output.ts'

const ZERO = 0x30
const MINUS = 0x2d
const POINT = 0x2e
const INTEGER_DIGITS_MAX = 10
const REAL_DIGITS_MAX = 15

/** Where a value of the form that begins at `at` ends, if a field may end there; -1 = it is none. */
type Form = (bytes: Uint8Array, at: number) => number

/** Stays if it has the form, else `other` masks it. */
export class KeptField implements ColumnMask {
  readonly #form: Form
  readonly #other: ColumnMask

  constructor(form: Form, other: ColumnMask) {
    this.#form = form
    this.#other = other
  }

  mask(source: Buffer, at: number, out: Output): number {
    const end = this.#form(source, at)
    if (end === -1 || !isEnd(source, end)) return this.#other.mask(source, at, out)
    return end
  }
}

/** The id of something: another number of as many digits. What is no such number, `other` masks. */
export class NumberField implements ColumnMask {
  readonly #digits: Digits
  readonly #other: ColumnMask

  constructor(digits: Digits, other: ColumnMask) {
    this.#digits = digits
    this.#other = other
  }

  mask(source: Buffer, at: number, out: Output): number {
    const end = integer(source, at)
    const isId = end !== -1 && isEnd(source, end) && source[at] !== MINUS && source[at] !== ZERO
    if (!isId) return this.#other.mask(source, at, out)
    out.replace(at, end - at)
    this.#digits.runOfBytes(source, at, end, out.bytes, out.length)
    out.length += end - at
    out.resume(end)
    return end
  }
}

/** `-?\d{1,10}` */
export function integer(bytes: Uint8Array, at: number): number {
  const start = bytes[at] === MINUS ? at + 1 : at
  const end = endOfDigits(bytes, start)
  return end === start || end - start > INTEGER_DIGITS_MAX ? -1 : end
}

/** `-?\d{1,15}(\.\d{1,15})?` */
export function real(bytes: Uint8Array, at: number): number {
  const start = bytes[at] === MINUS ? at + 1 : at
  const end = endOfDigits(bytes, start)
  if (end === start || end - start > REAL_DIGITS_MAX) return -1
  if (bytes[end] !== POINT) return end
  const last = endOfDigits(bytes, end + 1)
  return last === end + 1 || last - end > REAL_DIGITS_MAX ? -1 : last
}

/** `2026-08-14 09:30:59`, with or without up to six digits behind a point. */
export function moment(bytes: Uint8Array, at: number): number {
  for (let index = 0; index < MOMENT.length; index++) {
    const code = bytes[at + index]!
    const wanted = MOMENT[index]!
    if (wanted === ZERO ? code < ZERO || code > ZERO + 9 : code !== wanted) return -1
  }
  const end = at + MOMENT.length
  if (bytes[end] !== POINT) return end
  const last = endOfDigits(bytes, end + 1)
  return last === end + 1 || last > end + 7 ? -1 : last
}

const MOMENT = Uint8Array.from('0000-00-00 00:00:00', (character) => character.charCodeAt(0))

function endOfDigits(bytes: Uint8Array, at: number): number {
  let end = at
  while (bytes[end]! >= ZERO && bytes[end]! <= ZERO + 9) end += 1
  return end
}

function isEnd(bytes: Uint8Array, at: number): boolean {
  return bytes[at] === TAB || bytes[at] === NEWLINE
}
