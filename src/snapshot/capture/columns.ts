/**
 * Which columns of a table are taken, and how: those of the series as they are, others with their type, or as text
 * where a snapshot has no word for it. What is missing or left out is told.
 */
import { escapeIdentifier } from 'pg'
import { DrillError } from '../../foundation/errors.ts'
import type { Series, TableName } from '../../queue-job/series.ts'
import { EXTRA_TYPES } from '../format.ts'
import { columnsOfSeries } from './detect.ts'
import type { SourceColumn } from './source.ts'

type ExtraType = (typeof EXTRA_TYPES)[number]

export interface TakenTable {
  readonly name: TableName
  /** As they are written, types as of PostgreSQL. */
  readonly columns: readonly { readonly name: string; readonly type: string }[]
  /** Select list, in the order of `columns`. */
  readonly list: string
  /** Of columns that the series does not have. */
  readonly extra: Readonly<Record<string, ExtraType>>
  readonly warnings: readonly string[]
}

/** A manifest names columns only as Odoo does. */
const PLAIN = /^[a-z_][a-z0-9_]{0,62}$/

/** Names of types in DDL that `pg_type` calls otherwise. */
const TYPE_NAMES: Readonly<Record<string, string>> = { 'double precision': 'float8' }

/** Throws DrillError `input` if a column is not to be read that a queue cannot do without. */
export function takeColumns(
  name: TableName,
  source: readonly SourceColumn[],
  series: Series,
): TakenTable {
  const expected = columnsOfSeries(series)[name]!
  const readable = source.filter((column) => column.readable)
  const taken = readable.filter((column) => PLAIN.test(column.name))
  const has = (column: string) => taken.some((each) => each.name === column)
  const vital = Object.keys(expected).find(
    (column) => expected[column]!.endsWith('not null') && !has(column),
  )
  if (vital !== undefined) {
    throw new DrillError(
      'input',
      `${name} has no column ${vital}, or the role may not read it: no queue of the addon can do without`,
    )
  }
  const extra: Record<string, ExtraType> = {}
  const columns = taken.map((column) => {
    if (Object.hasOwn(expected, column.name)) return column
    const type = extraType(column.type)
    extra[column.name] = type
    return { name: column.name, type }
  })
  const list = taken.map((column, index) => {
    const quoted = escapeIdentifier(column.name)
    return columns[index]!.type === column.type ? quoted : `${quoted}::text`
  })
  return {
    name,
    columns: columns.map(({ name: column, type }) => ({ name: column, type })),
    list: list.join(', '),
    extra,
    warnings: warningsOf(name, source, taken, expected, series),
  }
}

function extraType(type: string): ExtraType {
  return EXTRA_TYPES.find((each) => each === type) ?? 'text'
}

function warningsOf(
  table: TableName,
  source: readonly SourceColumn[],
  taken: readonly SourceColumn[],
  expected: Readonly<Record<string, string>>,
  series: Series,
): string[] {
  const missing = Object.keys(expected).filter((name) => !source.some((each) => each.name === name))
  const unreadable = source.filter(({ readable }) => !readable).map(({ name }) => name)
  const odd = source.filter(({ name, readable }) => readable && !PLAIN.test(name))
  const other = taken.filter(
    ({ name, type }) => Object.hasOwn(expected, name) && type !== typeOf(expected[name]!),
  )
  const lines = [
    [missing, `${table} lacks what Odoo ${series} has, it loads as NULL`],
    [unreadable, `${table}: the role may not read, so it loads as NULL`],
    [odd.map(({ name }) => name), `${table}: left out, no name that Odoo makes`],
    [
      other.map(({ name, type }) => `${name} (${type}, not ${typeOf(expected[name]!)})`),
      `${table} has other types than Odoo ${series}, values must fit those to load`,
    ],
  ] as const
  return lines.flatMap(([names, text]) =>
    names.length === 0 ? [] : [`${text}: ${names.join(', ')}`],
  )
}

function typeOf(definition: string): string {
  const type = definition.replace(/ not null$/, '')
  return TYPE_NAMES[type] ?? type
}
