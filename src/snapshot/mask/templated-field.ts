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
import { glance } from './glance.ts'
import { Output } from './output.ts'
import { RepeatedField } from './repeated-field.ts'
import { ShapeScanner } from './shape.ts'
import { Template, Templates } from './templates.ts'
import { TELLING } from './told-numbers.ts'

const ZERO = 0x30
/** Behind a field that is tried: templates read four bytes at a time. */
const BEHIND = Buffer.from('\n\n\n\n')
/** What is added to each digit to try a template with others. */
const SHIFT = 4

export class TemplatedField implements ColumnMask {
  readonly #mask: FieldMask
  readonly #digits: Digits
  readonly #repeated: RepeatedField
  readonly #templates: Templates
  readonly #scanner = new ShapeScanner()

  /** `mask` gives all free numbers to `digits`. */
  constructor(mask: FieldMask, digits: Digits) {
    this.#mask = mask
    this.#digits = digits
    this.#repeated = new RepeatedField(mask, digits)
    this.#templates = new Templates(digits)
  }

  mask(source: Buffer, at: number, out: Output): number {
    const templates = this.#templates
    const hint = glance(source, at)
    const known = templates.writeByHint(hint, source, at, out)
    if (known !== -1) return known
    const scanner = this.#scanner
    if (!scanner.scan(source, at)) return this.#repeated.mask(source, at, out)
    const { hash, end } = scanner
    if (templates.writeByHash(hash, hint, source, at, out) !== -1) return end
    if (templates.wants(hash, end - at)) {
      const runs = scanner.runs.map((place) => place - at)
      templates.keep(hash, this.#template(source.subarray(at, end), runs))
      if (templates.writeByHash(hash, hint, source, at, out) !== -1) return end
    }
    return this.#repeated.mask(source, at, out)
  }

  /** null = the shape does not tell how its fields are masked. */
  #template(field: Buffer, runs: Int32Array): Template | null {
    if (runs.length > 0 && hasMeaning(field)) return null
    const masked = this.#asText(field)
    if (runs.length > 0 && masked.length !== field.length) return null
    const template = new Template(field, masked, runs)
    return runs.length === 0 || this.#isRight(template, field, runs, masked) ? template : null
  }

  /** Whether it gives what masking as text gives, also for other numbers. */
  #isRight(template: Template, field: Buffer, runs: Int32Array, masked: Buffer): boolean {
    const other = shifted(field, runs)
    return (
      this.#byTemplate(template, field).equals(masked) &&
      this.#byTemplate(template, other).equals(this.#asText(other))
    )
  }

  #byTemplate(template: Template, field: Buffer): Buffer {
    const source = Buffer.concat([field, BEHIND])
    const out = new Output(source, Buffer.allocUnsafe(source.length + BEHIND.length))
    template.write(source, 0, this.#digits, out)
    return out.end().subarray(0, -BEHIND.length)
  }

  #asText(field: Buffer): Buffer {
    const out = new Output(field, Buffer.allocUnsafe(field.length))
    writeMasked(this.#mask, field, 0, field.length, out)
    return out.end()
  }
}

/** With other digits in the free numbers, but for the zeros at their heads. */
function shifted(field: Buffer, runs: Int32Array): Buffer {
  const other = Buffer.from(field)
  for (let run = 0; run < runs.length; run += 2) {
    let at = runs[run]!
    const end = runs[run + 1]!
    while (at < end && other[at] === ZERO) at += 1
    for (let index = at; index < end; index++) {
      const digit = other[index]! - ZERO
      other[index] = ZERO + (index === at ? ((digit - 1 + SHIFT) % 9) + 1 : (digit + SHIFT) % 10)
    }
  }
  return other
}

/** Whether something in the field is more than words and numbers, so that its digits are not free. */
function hasMeaning(field: Buffer): boolean {
  const text = field.toString('utf8')
  if (TELLING.test(text) || spansOf(text).length > 0) return true
  return /^["[{]/.test(text) && !isJson(decodeRow(text)[0]!)
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
