/** A field whose values come again and again (channels, classes of exceptions, tracebacks): each is masked once. */
import type { Digits } from './digits.ts'
import { NEWLINE, TAB, writeMasked } from './field-bytes.ts'
import type { ColumnMask } from './field-bytes.ts'
import type { FieldMask } from './fields.ts'
import type { Output } from './output.ts'
import { HASH_PRIME, HASH_SEED, Template, Templates } from './templates.ts'

const NO_RUNS = new Int32Array()

export class RepeatedField implements ColumnMask {
  readonly #mask: FieldMask
  readonly #templates: Templates

  constructor(mask: FieldMask, digits: Digits) {
    this.#mask = mask
    this.#templates = new Templates(digits)
  }

  mask(source: Buffer, at: number, out: Output): number {
    let hash = HASH_SEED
    let end = at
    for (let code = source[end]!; code !== TAB && code !== NEWLINE; code = source[++end]!) {
      hash = Math.imul(hash ^ code, HASH_PRIME)
    }
    const templates = this.#templates
    if (templates.writeByHint(hash, source, at, out) !== -1) return end
    if (templates.writeByHash(hash, hash, source, at, out) !== -1) return end
    const masked = writeMasked(this.#mask, source, at, end, out)
    if (templates.wants(hash, end - at)) {
      templates.keep(hash, new Template(source.subarray(at, end), masked, NO_RUNS))
    }
    return end
  }
}
