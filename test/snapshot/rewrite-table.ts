/** Writes a table of a snapshot anew: other columns, other rows, several part files, with the manifest to match. */
import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import type { TableName } from '../../src/queue-job/series.ts'
import { decodeRow, encodeRow, type Field } from '../../src/snapshot/copy-text.ts'
import type { ManifestFile } from '../../src/snapshot/format.ts'
import { editManifest, sha256 } from './small-snapshot.ts'

type Row = Record<string, Field>

export interface Rewriting {
  /** Default: as they are. */
  readonly columns?: readonly string[]
  /** Types of columns that the series does not have. */
  readonly extra?: Readonly<Record<string, 'text' | 'int4' | 'varchar'>>
  /** Column → text; a column that the result lacks is NULL. */
  readonly change?: (row: Row) => Row
  /** Files that the rows are dealt out to, in order; default 1. */
  readonly parts?: number
}

export async function rewriteTable(
  directory: string,
  table: Exclude<TableName, 'queue_job_lock'>,
  { columns, extra, change = (row) => row, parts = 1 }: Rewriting,
): Promise<void> {
  const manifest = JSON.parse(await readFile(join(directory, 'manifest.json'), 'utf8')) as {
    tables: Record<string, { columns: string[]; files: { name: string }[] }>
  }
  const before = manifest.tables[table]!
  const rows: Row[] = []
  for (const { name } of before.files) {
    const path = join(directory, name)
    const lines = gunzipSync(await readFile(path))
      .toString('utf8')
      .split('\n')
      .slice(0, -1)
    for (const line of lines) {
      const fields = decodeRow(line)
      rows.push(Object.fromEntries(before.columns.map((column, at) => [column, fields[at]!])))
    }
    await rm(path)
  }
  const after = columns ?? before.columns
  const texts = rows.map((row) => {
    const changed = change(row)
    return encodeRow(after.map((column) => changed[column] ?? null))
  })
  const files: ManifestFile[] = []
  const size = Math.ceil(texts.length / parts)
  for (let part = 0; part < parts; part++) {
    const own = texts.slice(part * size, (part + 1) * size)
    const content = own.join('')
    const packed = gzipSync(content)
    const name = `${table}.${String(part + 1).padStart(4, '0')}.copy.gz`
    await writeFile(join(directory, name), packed)
    files.push({
      name,
      rows: own.length,
      bytes: packed.length,
      sha256: sha256(packed),
      content_bytes: Buffer.byteLength(content),
      content_sha256: sha256(content),
    })
  }
  await editManifest(directory, ({ tables }) => {
    tables[table] = {
      columns: [...after],
      ...(extra !== undefined && { extra }),
      rows: texts.length,
      files,
    }
  })
}
