/**
 * `manifest.json`: what a snapshot directory holds and the checksums that prove it. Versioned: a reader refuses a
 * format that it does not know instead of guessing. Field names are those of the file.
 */
import { z } from 'zod'
import { DrillError, messageOf } from '../foundation/errors.ts'
import { parseChannelText } from '../queue-job/channels/config.ts'
import { ADDON_LINES } from '../queue-job/profile.ts'
import { SERIES, TABLE_NAMES, schemaOf } from '../queue-job/series.ts'
import type { Columns, QueueSchema, TableName } from '../queue-job/series.ts'
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

/** A name that needs no quotes in SQL; Odoo makes no others. */
const columnName = z
  .string()
  .regex(/^[a-z_][a-z0-9_]{0,62}$/, 'must be a column name: lower-case letters, digits, "_"')

/** Types that a column beyond the series may have; a capture writes anything else as text. */
export const EXTRA_TYPES = [
  'bool',
  'int2',
  'int4',
  'int8',
  'float8',
  'numeric',
  'varchar',
  'text',
  'date',
  'timestamp',
  'timestamptz',
  'json',
  'jsonb',
  'uuid',
] as const

const table = z.strictObject({
  /** In the order of the fields. */
  columns: z.array(columnName).min(1),
  /** Type of each column that the series does not have. */
  extra: z.record(columnName, z.enum(EXTRA_TYPES)).optional(),
  rows: count,
  files: z.array(dataFile),
})

/** A drill runs on it: what the addon could not read is told here. */
const channelText = z.string().superRefine((channels, context) => {
  try {
    parseChannelText(channels)
  } catch (error) {
    context.addIssue({ code: 'custom', message: messageOf(error) })
  }
})

const manifestSchema = z.strictObject({
  format: z.literal(SNAPSHOT_FORMAT),
  name: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]*$/, 'must be letters, digits, ".", "_", "-"'),
  /** One sentence about the company. */
  description: z.string(),
  /** UTC; the drill's clock begins here. */
  captured_at: z.iso.datetime(),
  odoo_series: z.enum(SERIES),
  /** Version line of the addon (reference, top). */
  addon_profile: z.enum(ADDON_LINES),
  /** How series and profile are known: one sentence; absent for a generated snapshot. */
  detected: z.string().optional(),
  /** Version of the module as installed, `16.0.2.6.8`; absent = not to be read. */
  addon_version: z.string().optional(),
  /** Of the PostgreSQL that it was captured from. */
  server_version: z.string().optional(),
  /** IANA name: of the database that it was captured from. */
  time_zone: z.string().optional(),
  /** What the configuration of the company's Odoo says (reference 4.1); absent = not known. */
  host: z
    .strictObject({
      channels: channelText,
      workers: count,
      limit_time_real: count,
      limit_time_cpu: count,
      limit_memory_soft: count,
      limit_memory_hard: count,
    })
    .partial()
    .optional(),
  /** `generated` — no real data ever; `masked` — captured and masked; `none` — as it stood in the database. */
  masking: z.enum(['generated', 'masked', 'none']),
  /** Columns and JSON paths that a policy let through unmasked, and a name for the key; absent unless masked. */
  masking_policy: z
    .strictObject({ relaxed: z.array(z.string()), added: z.array(z.string()), key_id: z.string() })
    .optional(),
  /** What of the history was taken, and of how many rows; absent for a generated snapshot. */
  capture: z
    .strictObject({
      /** `postgresql`, `pg_dump`, `csv` or `copy`; never a host or a database name. */
      source: z.enum(['postgresql', 'pg_dump', 'csv', 'copy']),
      /** Rows of `queue_job` in the source. */
      rows: count,
      /** The limits in words: `--done-days 30`, `--where …`. */
      limits: z.array(z.string()),
      /** What the capture warned of. */
      warnings: z.array(z.string()),
    })
    .optional(),
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
    queue_job_lock: table.optional(),
  }),
  workload: z.strictObject({ name: fileName, sha256 }),
})

export type Manifest = z.infer<typeof manifestSchema>
export type ManifestFile = z.infer<typeof dataFile>
export type ManifestTable = z.infer<typeof table>

/** Reads the text of a manifest. `path` is named in errors. Throws DrillError `input`. */
export function parseManifest(path: string, text: string): Manifest {
  refuseUnknownFormat(path, text)
  const manifest = parseJsonFile(path, text, manifestSchema, ADVICE)
  const schema = schemaOfManifest(manifest)
  for (const { name, columns, rows, files } of tablesOf(manifest)) {
    checkColumns(path, { ...schema, name }, columns)
    const sum = files.reduce((total, file) => total + file.rows, 0)
    if (sum !== rows) {
      throw new DrillError(
        'input',
        `${path}: tables.${name}.rows is ${rows}, but its files hold ${sum} rows. ${ADVICE}`,
      )
    }
  }
  const names = tablesOf(manifest).flatMap(({ files }) => files.map(({ name }) => name))
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

/** The tables of a snapshot in the order of loading. */
export function tablesOf({
  tables,
}: Pick<Manifest, 'tables'>): (ManifestTable & { name: TableName })[] {
  return TABLE_NAMES.flatMap((name) => {
    const each = tables[name]
    return each === undefined ? [] : [{ ...each, name }]
  })
}

/** The schema that the rows need: that of their series and what they have beyond it. */
export function schemaOfManifest({ odoo_series, tables }: Manifest): QueueSchema {
  const extra = Object.fromEntries(
    tablesOf({ tables }).map(({ name, extra: columns = {} }) => [name, columns]),
  )
  return schemaOf(odoo_series, { lock: tables.queue_job_lock !== undefined, extra })
}

/** Nullable columns may be missing (they load as NULL); one that is neither the series' nor in `extra` has no type. */
function checkColumns(
  path: string,
  { series, tables, name }: QueueSchema & { readonly name: TableName },
  columns: readonly string[],
): void {
  const known: Columns = tables[name]!
  const field = `${path}: tables.${name}.columns`
  const unknown = columns.find((column) => !Object.hasOwn(known, column))
  if (unknown !== undefined) {
    throw new DrillError(
      'input',
      `${field}: "${unknown}" is not a column of ${name} in Odoo ${series}. ` +
        `Export without it, or name its type in tables.${name}.extra; known are ${Object.keys(known).join(', ')}.`,
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
