/**
 * Replaces everything personal or secret in the rows of a queue, consistently under one key: equal stays equal, within a
 * snapshot and across all snapshots of the key, and what groups failures and business objects groups as before
 * (docs/masking.md). Works on chunks of COPY text as the server sends them and knows every column or masks it.
 */
import { DrillError } from '../../foundation/errors.ts'
import type { TableName } from '../../queue-job/series.ts'
import { decodeRow, encodeRow } from '../copy-text.ts'
import type { Manifest } from '../format.ts'
import { ruleOf, ruleOfType } from './columns.ts'
import type { Rule } from './columns.ts'
import { FieldMasker } from './fields.ts'
import { derivation } from './key.ts'
import type { MaskKey } from './key.ts'
import { partsOf } from './parts.ts'
import type { Parts } from './parts.ts'
import { rulesFor } from './policy.ts'
import type { MaskPolicy } from './policy.ts'
import { UUID } from './uuids.ts'

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

type FieldMask = (value: string) => string

/** Masking makes no character beyond ASCII where there was none. */
const BEYOND_ASCII = /[\u0080-\uffff]/

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
  rows(table: TableName, columns: readonly MaskedColumn[]): (chunk: Buffer) => Buffer {
    const masks = columns.map(({ name, type }) => this.#fieldMask(table, name, type))
    const uuidColumns = masks.flatMap((mask, index) => (mask === 'uuid' ? [index] : []))
    let row = 0
    return (chunk) => {
      // One byte a character: twice as fast as to decode a whole chunk for the sake of the few rows beyond ASCII.
      const lines = chunk.toString('latin1').split('\n')
      if (lines.at(-1) === '') lines.pop()
      const rows: string[][] = []
      const wide = new Set<string[]>()
      for (const line of lines) {
        row += 1
        const isWide = BEYOND_ASCII.test(line)
        const fields = (isWide ? Buffer.from(line, 'latin1').toString('utf8') : line).split('\t')
        if (fields.length !== columns.length) throw wrongFields(table, row, fields, columns)
        if (isWide) wide.add(fields)
        rows.push(fields)
      }
      this.#maskUuids(rows, uuidColumns)
      let text = ''
      for (const fields of rows) {
        const line = maskRow(fields, masks)
        text += wide.has(fields) ? Buffer.from(line, 'utf8').toString('latin1') : line
      }
      return Buffer.from(text, 'latin1')
    }
  }

  #fieldMask(table: TableName, name: string, type: string): FieldMask | 'uuid' {
    const rule: Rule = this.#policy.mask.includes(name)
      ? ruleOfType(type)
      : ruleOf(table, name, type)
    if (rule === 'uuid') return 'uuid'
    return this.#fields.maskOf(rule, type, rulesFor(this.#policy, name))
  }

  /** Whole columns at once: see `uuids.ts`. */
  #maskUuids(rows: readonly string[][], columns: readonly number[]): void {
    for (const column of columns) {
      const uuids: string[] = []
      for (const fields of rows) if (UUID.test(fields[column]!)) uuids.push(fields[column]!)
      const masked = this.#parts.uuids.maskAll(uuids)
      let next = 0
      for (const fields of rows) {
        const field = fields[column]!
        if (UUID.test(field)) fields[column] = masked[next++]!
        else if (field !== '\\N') fields[column] = onText(field, (text) => this.text(text))
      }
    }
  }
}

function maskRow(fields: string[], masks: readonly (FieldMask | 'uuid')[]): string {
  let line = ''
  for (let index = 0; index < fields.length; index++) {
    const field = fields[index]!
    const mask = masks[index]!
    if (index > 0) line += '\t'
    if (field === '\\N' || mask === 'uuid') line += field
    else line += field.includes('\\') ? onText(field, mask) : encoded(mask(field))
  }
  return `${line}\n`
}

/** Applies a mask to what a field with escapes stands for. */
function onText(field: string, mask: FieldMask): string {
  const value = decodeRow(field)[0]
  return value === null || value === undefined ? field : encodeRow([mask(value)]).slice(0, -1)
}

/** What held nothing to be escaped rarely does after masking. */
function encoded(text: string): string {
  return text.includes('\\') ? encodeRow([text]).slice(0, -1) : text
}

function wrongFields(
  table: TableName,
  row: number,
  fields: readonly string[],
  columns: readonly MaskedColumn[],
): DrillError {
  return new DrillError(
    'input',
    `${table}, row ${row}: ${fields.length} fields, but there are ${columns.length} columns. ` +
      'Nothing is masked by guessing: name the columns in the order of the fields.',
  )
}
