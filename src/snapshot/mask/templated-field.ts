/**
 * A field that is masked by its shape: letters and structure were masked once for all values of the shape, the free
 * numbers are masked one by one and put into their places. Gives byte for byte what masking as text gives: a shape is
 * used only after it was tried with other digits, and a property test holds it.
 */
import { decodeRow } from '../copy-text.ts'
import { spansOf } from '../leaks/spans.ts'
import type { Digits } from './digits.ts'
import { writeMasked } from './field-bytes.ts'
import type { ColumnMask } from './field-bytes.ts'
import type { FieldMask } from './fields.ts'
import { Memo } from './memo.ts'
import { Output } from './output.ts'
import { RepeatedField } from './repeated-field.ts'
import { ShapeScanner } from './shape.ts'

/** Stands for a digit of a free number: no field holds a tab. */
const FREE = 0x09
const ZERO = 0x30
/** Other digits that a shape is tried with before it is used. */
const TRIALS = [1, 4]
/** Numbers that stay for what stands beside them. */
const MEANT = /Client Error|Server Error|\[Errno|time-?out/i

interface Template {
  /** The bytes of the field, FREE for the digits of free numbers. */
  readonly shape: Uint8Array
  readonly masked: Uint8Array
  /** Of the free numbers, from the beginning of the field. */
  readonly starts: Int32Array
  readonly ends: Int32Array
}

/** A shape whose fields have to be masked as text. */
const REFUSED: Template = {
  shape: new Uint8Array(),
  masked: new Uint8Array(),
  starts: new Int32Array(),
  ends: new Int32Array(),
}

export class TemplatedField implements ColumnMask {
  readonly #mask: FieldMask
  readonly #digits: Digits
  readonly #repeated: RepeatedField
  readonly #scanner = new ShapeScanner()
  readonly #memo = new Memo<Template>()
  readonly #trial = new Output(1024)
  readonly #predicted = new Output(1024)

  /** `mask` gives all free numbers to `digits`. */
  constructor(mask: FieldMask, digits: Digits) {
    this.#mask = mask
    this.#digits = digits
    this.#repeated = new RepeatedField(mask)
  }

  mask(source: Buffer, at: number, out: Output): number {
    const scanner = this.#scanner
    if (!scanner.scan(source, at)) return this.#repeated.mask(source, at, out)
    const { hash, end } = scanner
    const template = this.#memo.get(hash)
    if (template !== undefined && fits(template.shape, source, at, end)) {
      this.#write(template, source, at, out)
      return end
    }
    const from = out.length
    this.#repeated.mask(source, at, out)
    if (template === undefined && this.#memo.wants(hash, end - at)) {
      const made = this.#template(source.subarray(at, end), out.bytes.subarray(from, out.length))
      this.#memo.keep(hash, made, 2 * made.shape.length)
    }
    return end
  }

  #write(template: Template, source: Buffer, at: number, out: Output): void {
    const { masked, starts, ends } = template
    const to = out.length
    out.copy(masked, 0, masked.length)
    for (let run = 0; run < starts.length; run++) {
      const start = starts[run]!
      this.#digits.runOfBytes(source, at + start, at + ends[run]!, out.bytes, to + start)
    }
  }

  /** Of the field that the scanner has just read. */
  #template(field: Buffer, masked: Buffer): Template {
    const { runs } = this.#scanner
    if (masked.length !== field.length || hasMeaning(field)) return REFUSED
    const from = this.#scanner.end - field.length
    const starts = this.#scanner.starts.slice(0, runs).map((start) => start - from)
    const ends = this.#scanner.ends.slice(0, runs).map((end) => end - from)
    const shape = new Uint8Array(field)
    for (let run = 0; run < runs; run++) shape.fill(FREE, starts[run], ends[run])
    const template = { shape, masked: new Uint8Array(masked), starts, ends }
    const isRight = [0, ...TRIALS].every((shift) => this.#foretells(template, field, shift))
    return isRight ? template : REFUSED
  }

  /** Whether the template gives what masking as text gives for the field with other digits. */
  #foretells(template: Template, field: Buffer, shift: number): boolean {
    const other = shifted(field, template, shift)
    this.#trial.length = 0
    writeMasked(this.#mask, other, 0, other.length, this.#trial)
    this.#predicted.length = 0
    this.#write(template, other, 0, this.#predicted)
    return this.#trial.written().equals(this.#predicted.written())
  }
}

function fits(shape: Uint8Array, source: Buffer, at: number, end: number): boolean {
  if (shape.length !== end - at) return false
  for (let index = 0; index < shape.length; index++) {
    const code = source[at + index]!
    const wanted = shape[index]!
    if (wanted !== code && (wanted !== FREE || code < ZERO || code > ZERO + 9)) return false
  }
  return true
}

/** With other digits in the free numbers, but the zeros at their heads. */
function shifted(field: Buffer, { starts, ends }: Template, shift: number): Buffer {
  const other = Buffer.from(field)
  for (let run = 0; run < starts.length; run++) {
    let at = starts[run]!
    while (at < ends[run]! && other[at] === ZERO) at += 1
    for (let index = at; index < ends[run]!; index++) {
      const digit = other[index]! - ZERO
      other[index] = ZERO + (index === at ? ((digit - 1 + shift) % 9) + 1 : (digit + shift) % 10)
    }
  }
  return other
}

/** Whether something in the field is more than words and numbers, so that its digits are not free. */
function hasMeaning(field: Buffer): boolean {
  const text = field.toString('utf8')
  if (MEANT.test(text) || spansOf(text).length > 0) return true
  const first = text[0]
  if (first !== '{' && first !== '[' && first !== '"') return false
  return !isJson(decodeRow(text)[0]!)
}

/** Also inside a JSON string that is a document itself. */
function isJson(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value !== 'string' || !/^[[{]/.test(value) || isJson(value)
  } catch {
    return false
  }
}
