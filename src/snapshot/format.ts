/**
 * `manifest.json`: what a snapshot directory holds and the checksums that prove it. Versioned: a reader refuses a
 * format that it does not know instead of guessing. Field names are those of the file.
 */
import { z } from 'zod'
import { DrillError } from '../foundation/errors.ts'
import { TABLES } from '../queue-job/ddl.ts'
import type { TableName } from '../queue-job/ddl.ts'
import { parseJsonFile } from './problems.ts'

export const SNAPSHOT_FORMAT = 'queue-drill-snapshot/1'
export const MANIFEST_FILE = 'manifest.json'
export const WORKLOAD_FILE = 'workload.json'
export const OPERATIONS_FILE = 'operations.yaml'

const ADVICE = 'Generate or capture the snapshot again, or see docs/snapshots.md for the format.'

const sha256 = z
  .string()
  .regex(/^[0-9a-f]{64}$/, 'must be a SHA-256: 64 hexadecimal digits in lower case')
const count = z.int().min(0)

/** A plain name: nothing in a manifest can point outside the snapshot's directory. */
const fileName = z
  .string()
  .regex(
    /^[A-Za-z0-9_][A-Za-z0-9._-]*$/,
    'must be the plain name of a file in the snapshot directory, without any path',
  )

const dataFile = z.strictObject({
  name: fileName,
  rows: count,
  /** Of the file as it lies on the disk. */
  bytes: count,
  sha256,
  /** Of the uncompressed COPY text: equal on every machine, whatever its zlib makes of it. */
  content_bytes: count,
  content_sha256: sha256,
})

const table = z.strictObject({
  columns: z.array(z.string()).min(1),
  rows: count,
  files: z.array(dataFile),
})

const manifestSchema = z.strictObject({
  format: z.literal(SNAPSHOT_FORMAT),
  name: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]*$/, 'must be letters, digits, ".", "_", "-"'),
  /** One sentence about the company. */
  description: z.string(),
  /** UTC; the drill's clock begins here. */
  captured_at: z.iso.datetime(),
  odoo_series: z.literal('16.0'),
  /** Version line of the addon. */
  addon_profile: z.literal('2024'),
  /** `generated` — no real data ever; `masked` — captured and masked; `none` — as it stood in the database. */
  masking: z.enum(['generated', 'masked', 'none']),
  /** Settings of the generator that reproduce the directory; absent for a captured one. */
  generator: z
    .strictObject({
      company: z.string(),
      seed: z.string(),
      jobs_per_day: z.number().positive(),
      rows: count,
    })
    .optional(),
  tables: z.strictObject({
    queue_job_channel: table,
    queue_job_function: table,
    queue_job: table,
  } satisfies Record<TableName, typeof table>),
  workload: z.strictObject({ name: fileName, sha256 }),
})

export type Manifest = z.infer<typeof manifestSchema>
export type ManifestFile = z.infer<typeof dataFile>
export type ManifestTable = z.infer<typeof table>

/** Reads the text of a manifest. `path` is named in errors. Throws DrillError `input`. */
export function parseManifest(path: string, text: string): Manifest {
  refuseUnknownFormat(path, text)
  const manifest = parseJsonFile(path, text, manifestSchema, ADVICE)
  for (const name of Object.keys(TABLES) as TableName[]) {
    const { columns, rows, files } = manifest.tables[name]
    checkColumns(path, name, columns)
    const sum = files.reduce((total, file) => total + file.rows, 0)
    if (sum !== rows) {
      throw new DrillError(
        'input',
        `${path}: tables.${name}.rows is ${rows}, but its files hold ${sum} rows. ${ADVICE}`,
      )
    }
  }
  const names = Object.values(manifest.tables).flatMap(({ files }) => files.map(({ name }) => name))
  const twice = names.find((name, index) => names.indexOf(name) !== index)
  if (twice !== undefined) {
    throw new DrillError('input', `${path}: the file ${twice} is listed twice. ${ADVICE}`)
  }
  return manifest
}

/** A newer format is told as such, before each of its new fields is called wrong. */
function refuseUnknownFormat(path: string, text: string): void {
  const format = parseJsonFile(path, text, z.looseObject({ format: z.string() }), ADVICE).format
  if (format !== SNAPSHOT_FORMAT) {
    throw new DrillError(
      'input',
      `${path}: format is "${format}", this queue-drill reads "${SNAPSHOT_FORMAT}". ` +
        'Use the queue-drill that wrote the snapshot, or generate it again.',
    )
  }
}

/** Nullable columns may be missing (they load as NULL); unknown ones cannot be loaded. */
function checkColumns(path: string, name: TableName, columns: readonly string[]): void {
  const known: Readonly<Record<string, string>> = TABLES[name]
  const field = `${path}: tables.${name}.columns`
  const unknown = columns.find((column) => !Object.hasOwn(known, column))
  if (unknown !== undefined) {
    throw new DrillError(
      'input',
      `${field}: "${unknown}" is not a column of ${name} in Odoo 16.0. ` +
        `Export without it; known are ${Object.keys(known).join(', ')}.`,
    )
  }
  const twice = columns.find((column, index) => columns.indexOf(column) !== index)
  if (twice !== undefined) throw new DrillError('input', `${field}: "${twice}" is listed twice.`)
  const missing = Object.keys(known).find(
    (column) => known[column]!.endsWith('not null') && !columns.includes(column),
  )
  if (missing !== undefined) {
    throw new DrillError('input', `${field}: "${missing}" is missing and has no default. ${ADVICE}`)
  }
}
