/** Rows of COPY text for tests of masking, and what is to be compared of them. */
import { readDataFile } from '../../../src/snapshot/data-file.ts'
import { decodeRow, encodeRow } from '../../../src/snapshot/copy-text.ts'
import type { Field } from '../../../src/snapshot/copy-text.ts'
import { schemaOfManifest } from '../../../src/snapshot/format.ts'
import { keyOf } from '../../../src/snapshot/mask/key.ts'
import { Masker, NO_POLICY } from '../../../src/snapshot/mask/masker.ts'
import type { MaskedColumn, MaskPolicy } from '../../../src/snapshot/mask/masker.ts'
import { openSnapshot } from '../../../src/snapshot/open.ts'
import { JOB_COLUMNS } from '../../../src/queue-job/series.ts'

export type Row = Readonly<Record<string, Field>>

export const KEY = keyOf(Buffer.alloc(32, 7))
export const OTHER_KEY = keyOf(Buffer.alloc(32, 8))

export const columns: readonly MaskedColumn[] = [
  ...Object.entries(JOB_COLUMNS).map(([name, type]) => ({ name, type })),
  { name: 'worker_hostname', type: 'text' },
  { name: 'x_note', type: 'varchar' },
  { name: 'x_payload', type: 'jsonb' },
  { name: 'x_count', type: 'int8' },
]

/** An ordinary done job. */
export const JOB: Row = {
  id: '528525',
  uuid: '47b803f9-9ac1-4885-b423-60331e173f1c',
  graph_uuid: null,
  user_id: '32',
  company_id: '3',
  name: 'Push order: SO004300',
  model_name: 'sale.order',
  method_name: 'push_status',
  records:
    '{"_type": "odoo_recordset", "model": "sale.order", "ids": [4300], "uid": 32, "su": false, "context": {"lang": "fr_FR", "allowed_company_ids": [3]}}',
  args: '[]',
  kwargs: '{"force": true}',
  func_string: 'sale.order(4300,).push_status(force=True)',
  dependencies: '{"depends_on": [], "reverse_depends_on": []}',
  state: 'done',
  priority: '10',
  retry: '1',
  max_retries: '5',
  date_created: '2026-11-16 09:12:06.698849',
  date_enqueued: '2026-11-16 09:12:07',
  date_started: '2026-11-16 09:12:07.136892',
  date_done: '2026-11-16 09:12:08.698022',
  exec_time: '1.56113',
  exc_name: null,
  exc_message: null,
  exc_info: null,
  result: null,
  channel: 'root.sale',
  channel_method_name: '<sale.order>.push_status',
  job_function_id: '3',
  identity_key: null,
  worker_pid: '26673',
}

/** A new one, with tables of its own: 100 ms with its first rows. */
export function newMasker(key = KEY, policy: MaskPolicy = NO_POLICY): Masker {
  return new Masker(key, policy)
}

/** Of KEY, the same for all tests of a file. */
export const masker = newMasker()

export function maskRows(rows: readonly Row[], by: Masker = masker): Row[] {
  const copy = rows.map((row) => encodeRow(columns.map(({ name }) => row[name] ?? null))).join('')
  const masked = by.rows('queue_job', columns)(Buffer.from(copy)).toString()
  return masked
    .slice(0, -1)
    .split('\n')
    .map((line) => {
      const fields = decodeRow(line)
      if (fields.length !== columns.length) throw new Error(`${fields.length} fields: ${line}`)
      return Object.fromEntries(columns.map(({ name }, index) => [name, fields[index]!]))
    })
}

export function maskRow(row: Row, by?: Masker): Row {
  return maskRows([row], by)[0]!
}

/** The jobs of a bundled company, or of a snapshot's directory, as they lie on the disk, and masked. */
export async function maskedCompany(name: string): Promise<{ before: Row[]; after: Row[] }> {
  const { directory, manifest } = await openSnapshot(name)
  const { files, columns: names } = manifest.tables.queue_job
  const types = schemaOfManifest(manifest).tables.queue_job
  const mask = masker.rows(
    'queue_job',
    names.map((column) => ({ name: column, type: types[column]! })),
  )
  const chunks: Buffer[] = []
  for (const file of files)
    for await (const chunk of readDataFile(directory, file)) chunks.push(chunk)
  const whole = Buffer.concat(chunks)
  const read = (copy: Buffer): Row[] =>
    copy
      .toString()
      .slice(0, -1)
      .split('\n')
      .map((line) => {
        const fields = decodeRow(line)
        return Object.fromEntries(names.map((column, index) => [column, fields[index]!]))
      })
  return { before: read(whole), after: read(mask(whole)) }
}

/** JSON with every string, number and key taken out: what masking must leave. */
export function shapeOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(shapeOf)
  if (typeof value === 'object' && value !== null) return Object.values(value).map(shapeOf)
  if (typeof value !== 'string')
    return value === null || typeof value === 'boolean' ? value : typeof value
  try {
    const inside: unknown = JSON.parse(value)
    return typeof inside === 'object' ? ['text of', shapeOf(inside)] : 'string'
  } catch {
    return 'string'
  }
}
