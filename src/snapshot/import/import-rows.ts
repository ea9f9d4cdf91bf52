/**
 * Reads the tables of a queue out of a dump, a CSV or a COPY file into an empty database, as they are: nothing is masked
 * here, so that database must be one that nobody else can see and that is gone afterwards. Memory is constant.
 */
import type { Client } from 'pg'
import type { Readable } from 'node:stream'
import { DrillError } from '../../foundation/errors.ts'
import type { Series } from '../../queue-job/series.ts'
import { findCapturedAt } from './captured-at.ts'
import type { CapturedAt } from './captured-at.ts'
import { checkCsvColumns, parseCsvHeader } from './csv-header.ts'
import { CsvRecords } from './csv-records.ts'
import { DumpLines } from './dump-lines.ts'
import { readDump } from './pg-dump.ts'
import type { DumpFacts } from './pg-dump.ts'
import { openArchive } from './pg-restore.ts'
import { ScratchTables } from './scratch-tables.ts'
import { openSource } from './source.ts'
import type { Source, SourceFormat } from './source.ts'
import type { ImportedTable, TableRows } from './table-rows.ts'

export interface ImportSource {
  readonly path: string
  /** Standard input, say; `path` is its name in errors then. */
  readonly stream?: Readable | undefined
  /** Default: as the first bytes tell. */
  readonly format?: SourceFormat | undefined
  /** Of a dump with several. */
  readonly schema?: string | undefined
  /** Of a CSV or COPY file, as PostgreSQL names it; default UTF8. A dump says its own. */
  readonly encoding?: string | undefined
  /** Columns of a COPY file in their order. */
  readonly columns?: readonly string[] | undefined
  /** CSV files of the two small tables, where `path` is a CSV or COPY file. */
  readonly channelsPath?: string | undefined
  readonly functionsPath?: string | undefined
  /** Default: told from the columns. */
  readonly series?: Series | undefined
  /** ms; default: as the dump says, else the newest date of the rows. */
  readonly capturedAt?: number | undefined
}

export interface ImportProgress {
  readonly signal?: AbortSignal | undefined
  /** Bytes of the source that were read, as they lie on the disk. An archive tells nothing. */
  readonly onBytes?: ((bytes: number) => void) | undefined
}

export interface ImportedRows {
  readonly format: SourceFormat
  /** Rows of each table that the source holds. */
  readonly rows: ReadonlyMap<ImportedTable, number>
  /** Tables that were made of the rows of queue_job. */
  readonly made: readonly ImportedTable[]
  readonly capturedAt: CapturedAt
}

/** Creates and fills the tables in the client's search path. Throws DrillError `input` with the line where it can. */
export async function importRows(
  client: Client,
  source: ImportSource,
  { signal, onBytes }: ImportProgress = {},
): Promise<ImportedRows> {
  const tables = new ScratchTables(client, source.series ?? null)
  const facts: DumpFacts = { startedAt: null }
  const opened = await openSource(source.path, {
    format: source.format,
    stream: source.stream,
    signal,
    hasColumns: source.columns !== undefined,
    onBytes,
  })
  try {
    checkFlags(opened, source)
    for await (const rows of tablesOfSource(opened, source, facts)) await tables.take(rows, signal)
    signal?.throwIfAborted()
    const made = await tables.complete()
    return {
      format: opened.format,
      rows: tables.rows,
      made,
      capturedAt:
        source.capturedAt === undefined
          ? await findCapturedAt(client, facts.startedAt)
          : { at: source.capturedAt, reason: 'as --captured-at says' },
    }
  } finally {
    await opened.chunks.return(undefined)
  }
}

/** What does not belong to this kind of source would be left out silently. */
function checkFlags(
  { format, where }: Source,
  { columns, channelsPath, functionsPath, schema, encoding }: ImportSource,
): void {
  const refuse = (flag: string, what: string): never => {
    throw new DrillError(
      'input',
      `${flag} is for ${what}, and ${where} is ${NAMES[format]}: leave it out.`,
    )
  }
  const isDump = format === 'pg_dump' || format === 'archive'
  if (columns !== undefined && format !== 'copy') refuse('--columns', 'a COPY file')
  if (schema !== undefined && !isDump) refuse('--schema', 'a dump')
  if (!isDump) return
  if (channelsPath !== undefined) refuse('--channels-csv', 'a CSV or COPY file')
  if (functionsPath !== undefined) refuse('--functions-csv', 'a CSV or COPY file')
  if (encoding !== undefined) refuse('--encoding', 'a CSV or COPY file')
}

const NAMES: Readonly<Record<SourceFormat, string>> = {
  pg_dump: 'a dump of pg_dump',
  archive: 'an archive of pg_dump',
  csv: 'a CSV',
  copy: 'a COPY file',
}

async function* tablesOfSource(
  opened: Source,
  source: ImportSource,
  facts: DumpFacts,
): AsyncGenerator<TableRows> {
  const { format, where } = opened
  const { schema } = source
  if (format === 'archive') {
    const archive = await openArchive(source.path, { schema })
    facts.startedAt = archive.createdAt
    yield* readDump({
      chunks: archive.chunks,
      where: `${where} (as pg_restore prints it)`,
      schema,
      facts,
    })
    return
  }
  if (format === 'pg_dump') {
    yield* readDump({ chunks: opened.chunks, where, schema, facts })
    return
  }
  yield format === 'csv' ? csvRows('queue_job', opened, source) : copyRows(opened, source)
  for (const [table, path] of [
    ['queue_job_channel', source.channelsPath],
    ['queue_job_function', source.functionsPath],
  ] as const) {
    if (path !== undefined) yield csvRows(table, await openSource(path, { format: 'csv' }), source)
  }
}

function csvRows(
  table: ImportedTable,
  { head, chunks, where }: Source,
  { encoding = 'UTF8' }: ImportSource,
): TableRows {
  const header = parseCsvHeader(head)
  if (header === null) {
    throw new DrillError('input', `${where}: its first line is too long to name columns.`)
  }
  checkCsvColumns(header.columns, where)
  const records = new CsvRecords({
    delimiter: header.delimiter,
    columns: header.columns.length,
    line: header.lines,
    where,
  })
  return {
    table,
    columns: header.columns,
    types: null,
    where,
    encoding,
    chunks: csvToCopy(chunks, header.bytes, records),
    lineOf: (row) => records.lineOf(row),
  }
}

async function* csvToCopy(
  chunks: AsyncIterable<Buffer>,
  headerBytes: number,
  records: CsvRecords,
): AsyncGenerator<Buffer> {
  let skip = headerBytes
  for await (const chunk of chunks) {
    const rows = chunk.subarray(Math.min(skip, chunk.length))
    skip -= chunk.length - rows.length
    const text = records.push(rows)
    if (text.length > 0) yield text
  }
  const last = records.end()
  if (last.length > 0) yield last
}

function copyRows(
  { chunks, where }: Source,
  { columns, encoding = 'UTF8' }: ImportSource,
): TableRows {
  if (columns === undefined) {
    throw new DrillError(
      'input',
      `${where} is a COPY file, which does not name its columns: say them in their order, --columns id,uuid,…`,
    )
  }
  return {
    table: 'queue_job',
    columns,
    types: null,
    where,
    encoding,
    chunks: copyOfFile(new DumpLines(chunks, where), where),
    lineOf: (row) => row,
  }
}

async function* copyOfFile(lines: DumpLines, where: string): AsyncGenerator<Buffer> {
  yield* lines.copyData({ endsWithFile: true })
  for (let text = await lines.next(); text !== null; text = await lines.next()) {
    if (text.trim() === '') continue
    throw new DrillError(
      'input',
      `${where}, line ${lines.line}: there is text behind the end of the rows ("\\."). Export the one table again.`,
    )
  }
}
