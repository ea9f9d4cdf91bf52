/**
 * Finds the tables of the queue in the text of a dump: their `COPY … FROM stdin` blocks, and what CREATE TABLE says of
 * their columns. Everything else is passed over, also a text in some other table's data that looks like a statement.
 */
import { DrillError } from '../../foundation/errors.ts'
import { DumpLines } from './dump-lines.ts'
import { parseColumn, parseCopy, parseCreateTable, parseInsert } from './dump-statements.ts'
import type { CopyStatement, TableReference } from './dump-statements.ts'
import { IMPORTED_TABLES } from './table-rows.ts'
import type { ImportedTable, TableRows } from './table-rows.ts'

/** What the dump says of itself; filled while it is read. */
export interface DumpFacts {
  /** As printed by `pg_dump --verbose`: `2026-11-24 23:51:00 UTC`. */
  startedAt: string | null
}

export interface DumpOptions {
  readonly chunks: AsyncIterable<Buffer>
  /** Named in errors. */
  readonly where: string
  /** Where the tables of the queue are; default: whatever schema has them, if it is one. */
  readonly schema?: string | undefined
  readonly facts: DumpFacts
}

interface Found {
  readonly schema: string | null
  readonly line: number
}

/** The tables in the order of the dump; the rows of each must be read before the next. Throws DrillError `input`. */
export async function* readDump(options: DumpOptions): AsyncGenerator<TableRows> {
  const { chunks, where, facts } = options
  await using lines = new DumpLines(chunks, where)
  const types = new Map<ImportedTable, Map<string, string>>()
  const found = new Map<ImportedTable, Found>()
  let encoding = 'UTF8'
  let isDump = false
  let isWhole = false
  for (let text = await lines.next(); text !== null; text = await lines.next()) {
    const copy = parseCopy(text)
    if (copy !== null) {
      const table = wantedTable(copy, options)
      if (table === null) {
        for await (const chunk of lines.copyData({ rowBytesMax: Infinity })) void chunk
        continue
      }
      note(found, table, { schema: copy.schema, line: lines.line }, where)
      yield tableRows(table, copy, types.get(table) ?? null, { lines, where, encoding })
      continue
    }
    const created = parseCreateTable(text)
    if (created !== null) {
      const table = wantedTable(created, options)
      if (table !== null) types.set(table, await readColumns(lines))
      continue
    }
    refuseInserts(text, lines.line, options)
    encoding = /^SET client_encoding = '(\w+)';/.exec(text)?.[1] ?? encoding
    facts.startedAt ??= /^-- Started on (.+)$/.exec(text)?.[1]?.trim() ?? null
    isDump ||= text === '-- PostgreSQL database dump'
    isWhole ||= text === '-- PostgreSQL database dump complete'
  }
  if (!found.has('queue_job')) throw noQueue(options, lines.line)
  if (isDump && !isWhole) {
    throw new DrillError(
      'input',
      `${where} is cut off after line ${lines.line}: the end of the dump ("PostgreSQL database dump complete") is not ` +
        'there. Copy or make it again.',
    )
  }
}

/** Whether the statement is about a table that is imported. */
function wantedTable(
  { schema, table }: TableReference,
  options: Pick<DumpOptions, 'schema'>,
): ImportedTable | null {
  if (options.schema !== undefined && schema !== null && schema !== options.schema) return null
  return IMPORTED_TABLES.find((name) => name === table) ?? null
}

function note(
  found: Map<ImportedTable, Found>,
  table: ImportedTable,
  here: Found,
  where: string,
): void {
  const twice = found.get(table)
  const elsewhere = [...found.values()].find(({ schema }) => schema !== here.schema)
  if (twice === undefined && elsewhere === undefined) {
    found.set(table, here)
    return
  }
  const schemas = [twice ?? elsewhere!, here].map(({ schema, line }) => `${schema} (line ${line})`)
  throw new DrillError(
    'input',
    twice?.schema === here.schema
      ? `${where} holds ${table} twice, in lines ${twice.line} and ${here.line}, as if it were of several databases: ` +
          'dump the one database of Odoo.'
      : `${where} holds tables of a queue in the schemas ${schemas.join(' and ')}: say which one with --schema.`,
  )
}

async function readColumns(lines: DumpLines): Promise<Map<string, string>> {
  const columns = new Map<string, string>()
  for (let text = await lines.next(); text !== null; text = await lines.next()) {
    if (text.startsWith(')')) break
    const column = parseColumn(text)
    if (column !== null) columns.set(...column)
  }
  return columns
}

function tableRows(
  table: ImportedTable,
  copy: CopyStatement,
  types: ReadonlyMap<string, string> | null,
  { lines, where, encoding }: { lines: DumpLines; where: string; encoding: string },
): TableRows {
  const columns = copy.columns ?? (types === null ? null : [...types.keys()])
  if (columns === null || columns.length === 0) {
    throw new DrillError(
      'input',
      `${where}, line ${lines.line}: COPY of ${table} does not name its columns. Make the dump again with pg_dump.`,
    )
  }
  const before = lines.line
  return {
    table,
    columns,
    types,
    where,
    // Whatever a database of no encoding held, it has to be UTF-8 to be a text.
    encoding: encoding === 'SQL_ASCII' ? 'UTF8' : encoding,
    chunks: lines.copyData(),
    lineOf: (row) => before + row,
  }
}

function refuseInserts(text: string, line: number, options: DumpOptions): void {
  const insert = parseInsert(text)
  if (insert === null || wantedTable(insert, options) === null) return
  throw new DrillError(
    'input',
    `${options.where}, line ${line}: the rows of ${insert.table} are INSERT statements, which are not run here. Make the ` +
      'dump again without --inserts, --column-inserts and --rows-per-insert, or import an archive (pg_dump --format custom).',
  )
}

function noQueue({ where, schema }: DumpOptions, lines: number): DrillError {
  const place = schema === undefined ? '' : ` in the schema "${schema}"`
  return new DrillError(
    'input',
    `${where} holds no rows of queue_job${place} (${lines} lines were read): dump the database of an Odoo with the addon ` +
      'queue_job, with its data (without --schema-only): pg_dump --table queue_job --table queue_job_channel ' +
      '--table queue_job_function DATABASE',
  )
}
