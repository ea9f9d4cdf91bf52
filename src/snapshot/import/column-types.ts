/**
 * The types of the columns that are imported. What a dump says about them is translated, never run: whatever is not in
 * this list becomes `text`, which takes any value.
 */
import { SERIES, schemaOf } from '../../queue-job/series.ts'
import type { Series } from '../../queue-job/series.ts'
import type { ImportedTable } from './table-rows.ts'

const TYPES: readonly (readonly [RegExp, string])[] = [
  [/^(integer|int4|int|serial)\b/i, 'int4'],
  [/^(bigint|int8|bigserial)\b/i, 'int8'],
  [/^(smallint|int2)\b/i, 'int2'],
  [/^bool(ean)?\b/i, 'bool'],
  [/^(double precision|real|float[48]?)\b/i, 'double precision'],
  [/^(numeric|decimal)\b/i, 'numeric'],
  [/^(character varying|varchar)\b/i, 'varchar'],
  [/^timestamp(\(\d\))? with time zone|^timestamptz\b/i, 'timestamptz'],
  [/^timestamp\b/i, 'timestamp'],
  [/^date\b/i, 'date'],
  [/^jsonb\b/i, 'jsonb'],
  [/^json\b/i, 'json'],
  [/^uuid\b/i, 'uuid'],
]

/** Text that begins with a type, as CREATE TABLE has it. */
export function columnType(text: string): string {
  if (/^[\w ()]+\[\]/.test(text)) return 'text'
  return TYPES.find(([pattern]) => pattern.test(text))?.[1] ?? 'text'
}

/**
 * Where the source does not tell: as the series has the column, or any series if that is not known; the oldest wins, in
 * which JSON is still text, so that it is read whatever it holds. A column of no series is text.
 */
export function seriesType(table: ImportedTable, column: string, series: Series | null): string {
  if (table === 'ir_module_module') return 'text'
  for (const each of series === null ? SERIES : [series, ...SERIES]) {
    const type = schemaOf(each, { lock: true }).tables[table]?.[column]
    if (type !== undefined) return type.replace(' not null', '')
  }
  return 'text'
}
