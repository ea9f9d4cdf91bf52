/** A field whose values come again and again (channels, classes of exceptions, tracebacks): each is masked once. */
import { NEWLINE, TAB, writeMasked } from './field-bytes.ts'
import type { ColumnMask } from './field-bytes.ts'
import type { FieldMask } from './fields.ts'
import { HASH_PRIME, HASH_SEED, Memo, isSame } from './memo.ts'
import type { Output } from './output.ts'

interface Known {
  readonly value: Uint8Array
  readonly masked: Uint8Array
}

export class RepeatedField implements ColumnMask {
  readonly #mask: FieldMask
  readonly #memo = new Memo<Known>()

  constructor(mask: FieldMask) {
    this.#mask = mask
  }

  mask(source: Buffer, at: number, out: Output): number {
    let hash = HASH_SEED
    let end = at
    for (let code = source[end]!; code !== TAB && code !== NEWLINE; code = source[++end]!) {
      hash = Math.imul(hash ^ code, HASH_PRIME)
    }
    const known = this.#memo.get(hash)
    if (known !== undefined && isSame(known.value, source, at, end)) {
      out.copy(known.masked, 0, known.masked.length)
      return end
    }
    const from = out.length
    writeMasked(this.#mask, source, at, end, out)
    if (this.#memo.wants(hash, end - at)) {
      const entry = {
        value: source.subarray(at, end),
        masked: out.bytes.subarray(from, out.length),
      }
      const copy = { value: new Uint8Array(entry.value), masked: new Uint8Array(entry.masked) }
      this.#memo.keep(hash, copy, copy.value.length + copy.masked.length)
    }
    return end
  }
}
