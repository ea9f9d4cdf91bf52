/**
 * A mask of one column, on the bytes of COPY text. Most fields of a queue are masked without ever becoming a string; this
 * is how the rest is, and what all shortcuts must agree with.
 */
import { decodeRow, encodeText } from '../copy-text.ts'
import type { FieldMask } from './fields.ts'
import type { Output } from './output.ts'

/** Masks the field that begins at `at` and is not NULL; returns where it ends. `source` holds whole rows. */
export interface ColumnMask {
  mask(source: Buffer, at: number, out: Output): number
}

export const TAB = 0x09
export const NEWLINE = 0x0a

const BEYOND_ASCII = /[\u0080-\uffff]/

/** Masks the field from `at` to `end` as text. Returns what stands for it now. */
export function writeMasked(
  mask: FieldMask,
  source: Buffer,
  at: number,
  end: number,
  out: Output,
): Buffer {
  // One byte a character is twice as fast to read; masking makes none beyond ASCII where there was none.
  const bytes = source.toString('latin1', at, end)
  const isWide = BEYOND_ASCII.test(bytes)
  const field = isWide ? source.toString('utf8', at, end) : bytes
  const value = field.includes('\\') ? decodeRow(field)[0]! : field
  out.replace(at, 0)
  const from = out.length
  out.text(encodeText(mask(value)), isWide ? 'utf8' : 'latin1')
  out.resume(end)
  return out.bytes.subarray(from, out.length)
}
