/**
 * Masks chunks of whole rows of COPY text, field by field, from bytes to bytes: one pass over each chunk, one buffer for
 * what comes out. Each column has the cheapest mask that gives what masking as text gives.
 */
import { DrillError } from '../../foundation/errors.ts'
import type { TableName } from '../../queue-job/series.ts'
import { NEWLINE, TAB } from './field-bytes.ts'
import type { ColumnMask } from './field-bytes.ts'
import { Output } from './output.ts'
import type { UuidFields } from './uuid-fields.ts'

/** What masking adds to a chunk at most, usually; more is made room for. */
const ROOM_BYTES = 4096

export class RowMasker {
  readonly #table: TableName
  readonly #masks: readonly ColumnMask[]
  readonly #uuids: UuidFields
  #row = 0

  /** `masks`: of the columns, in the order of the fields. `uuids` gets what they collect. */
  constructor(table: TableName, masks: readonly ColumnMask[], uuids: UuidFields) {
    this.#table = table
    this.#masks = masks
    this.#uuids = uuids
  }

  /**
   * Written into `into`, or something larger if that is too small. Throws DrillError `input` for a row of another number
   * of fields: it cannot be told what is what.
   */
  mask(chunk: Buffer, into: Buffer = Buffer.allocUnsafeSlow(chunk.length + ROOM_BYTES)): Buffer {
    const isWhole = chunk.length === 0 || chunk[chunk.length - 1] === NEWLINE
    const source = isWhole ? chunk : Buffer.concat([chunk, Buffer.from('\n')])
    const out = new Output(source, into)
    for (let at = 0; at < source.length;) at = this.#maskRow(source, at, out)
    const masked = out.end()
    this.#uuids.flush(masked)
    return masked
  }

  /** Returns where the next row begins. */
  #maskRow(source: Buffer, from: number, out: Output): number {
    this.#row += 1
    const masks = this.#masks
    const last = masks.length - 1
    let at = from
    for (let column = 0; ; column++) {
      const end = isNull(source, at) ? at + 2 : masks[column]!.mask(source, at, out)
      if (source[end] !== (column === last ? NEWLINE : TAB)) throw this.#wrongFields(source, from)
      at = end + 1
      if (column === last) return at
    }
  }

  #wrongFields(source: Buffer, from: number): DrillError {
    const line = source.toString('latin1', from, source.indexOf(NEWLINE, from))
    return new DrillError(
      'input',
      `${this.#table}, row ${this.#row}: ${line.split('\t').length} fields, but there are ${this.#masks.length} columns. ` +
        'Nothing is masked by guessing: name the columns in the order of the fields.',
    )
  }
}

/** `\N`, which stays. */
function isNull(source: Buffer, at: number): boolean {
  if (source[at] !== 0x5c || source[at + 1] !== 0x4e) return false
  return source[at + 2] === TAB || source[at + 2] === NEWLINE
}
