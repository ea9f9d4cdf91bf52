/**
 * Replaces everything personal or secret in the rows of a queue, consistently under one key: equal stays equal, within a
 * snapshot and across all snapshots of the key, and what groups failures and business objects groups as before
 * (docs/masking.md). Works on chunks of COPY text as the server sends them and knows every column or masks it.
 */
import type { TableName } from '../../queue-job/series.ts'
import type { Manifest } from '../format.ts'
import { ruleOf, ruleOfType } from './columns.ts'
import type { Rule } from './columns.ts'
import type { ColumnMask } from './field-bytes.ts'
import { FieldMasker } from './fields.ts'
import { derivation } from './key.ts'
import type { MaskKey } from './key.ts'
import { partsOf } from './parts.ts'
import type { Parts } from './parts.ts'
import { KeptField, NumberField, integer, moment, real } from './plain-fields.ts'
import { rulesFor } from './policy.ts'
import type { MaskPolicy } from './policy.ts'
import { RepeatedField } from './repeated-field.ts'
import { RowMasker } from './row-masker.ts'
import { TemplatedField } from './templated-field.ts'
import { UuidFields } from './uuid-fields.ts'

export { randomKey, readOrCreateKey } from './key.ts'
export type { MaskKey } from './key.ts'
export { NO_POLICY, parsePolicy } from './policy.ts'
export type { MaskPolicy } from './policy.ts'

/** A column of COPY text. */
export interface MaskedColumn {
  readonly name: string
  /** As in `queue-job/series.ts` or the manifest. */
  readonly type: string
}

/** Masks a chunk of whole rows. `into`: where the result may be written. */
export type MaskRows = (chunk: Buffer, into?: Buffer) => Buffer

export class Masker {
  /** For the manifest. */
  readonly policySummary: NonNullable<Manifest['masking_policy']>
  readonly #policy: MaskPolicy
  readonly #parts: Parts
  readonly #fields: FieldMasker

  constructor(key: MaskKey, policy: MaskPolicy) {
    this.#policy = policy
    this.#parts = partsOf(derivation(key))
    this.#fields = new FieldMasker(this.#parts)
    this.policySummary = {
      relaxed: [...policy.keep],
      added: [...policy.mask],
      key_id: key.id,
    }
  }

  /** Free text, as in every column that holds some. */
  text(value: string): string {
    return this.#fields.text(value)
  }

  /** Positive whole number → another of as many digits. */
  companyId(id: number): number {
    return Number(this.#parts.digits.run(String(id)))
  }

  /**
   * Masks chunks of whole rows of COPY text. The columns are in the order of the fields. Throws DrillError `input` for a
   * row of another number of fields: it cannot be told what is what.
   */
  rows(table: TableName, columns: readonly MaskedColumn[]): MaskRows {
    const uuids = new UuidFields(this.#parts.uuids)
    const masks = columns.map((column) => this.#columnMask(table, column, uuids))
    const rows = new RowMasker(table, masks, uuids)
    return (chunk, into) => rows.mask(chunk, into)
  }

  #columnMask(table: TableName, { name, type }: MaskedColumn, uuids: UuidFields): ColumnMask {
    const isAdded = this.#policy.mask.includes(name)
    const rule: Rule = isAdded ? ruleOfType(type) : ruleOf(table, name, type)
    const kept = rulesFor(this.#policy, name)
    const { digits } = this.#parts
    const mask = this.#fields.maskOf(rule, type, kept)
    const repeated = new RepeatedField(mask, digits)
    // What a policy keeps is looked at value by value.
    if (kept !== null) return repeated
    switch (rule) {
      case 'uuid':
        return uuids.column(repeated)
      case 'integer':
        return new KeptField(integer, repeated)
      case 'real':
        return new KeptField(real, repeated)
      case 'moment':
        return new KeptField(moment, repeated)
      case 'number':
        return type.startsWith('int2') ? repeated : new NumberField(digits, repeated)
      case 'text':
      case 'call':
      case 'json':
        return new TemplatedField(mask, digits)
      default:
        return repeated
    }
  }
}
