/**
 * Makes a snapshot of a company that does not exist. A function of company, seed, numbers and moment: the same on any
 * machine, in any time zone and locale. Only the bytes of the gzip files may differ between versions of zlib; the
 * manifest therefore also holds the SHA-256 of what is inside them.
 */
import { createHash } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DrillError } from '../../foundation/errors.ts'
import { HOUR, isoUtc } from '../../foundation/time.ts'
import {
  MANIFEST_FILE,
  OPERATIONS_FILE,
  SNAPSHOT_FORMAT,
  WORKLOAD_FILE,
  parseManifest,
} from '../format.ts'
import type { TableName } from '../../queue-job/series.ts'
import type { Manifest, ManifestFile, ManifestTable } from '../format.ts'
import { channelRows, functionRows } from './channels.ts'
import { CAPTURED_AT, COMPANIES } from './companies.ts'
import type { Company } from './company.ts'
import { dialectOf } from './dialect.ts'
import type { Dialect } from './dialect.ts'
import { operationsYaml } from './operations-yaml.ts'
import { PartFiles, writeRows } from '../part-files.ts'
import { replaceDirectory } from '../replace-directory.ts'
import { retention } from './retention.ts'
import { loadTexts } from './texts.ts'
import { workloadOf, workloadText } from './workload.ts'
import { writeJobs } from './write-jobs.ts'

export interface GenerateOptions {
  /** A key of COMPANIES. */
  readonly company: string
  /** Of the snapshot; default: the company's. */
  readonly name?: string
  /** Default: the company's name. */
  readonly seed?: string
  /** Mean over the week; default: the company's. */
  readonly jobsPerDay?: number
  /** Rows of `queue_job`, at least 1,000; default: the company's. */
  readonly rows?: number
  /** Of Odoo, 12.0 to 19.0; default 16.0. */
  readonly series?: string
  /** Version line of the addon; default the oldest that fits: 12.0, 2024, or 2026 for Odoo 19.0. */
  readonly profile?: string
  /** ms, a full hour; default CAPTURED_AT. */
  readonly capturedAt?: number
  /** Made if it does not exist. */
  readonly directory: string
  /** Replace the snapshot that is there; default false. */
  readonly overwrite?: boolean
  /** Aborted: the reason is thrown, and nothing stays. */
  readonly signal?: AbortSignal
  readonly onProgress?: (rows: number, ofRows: number) => void
}

/** Fewer rows than this have no room for what every snapshot shows. */
const ROWS_MIN = 1000

/** Writes the directory, or nothing at all. Throws DrillError `input` on settings that make no snapshot. */
export async function generateSnapshot(options: GenerateOptions): Promise<Manifest> {
  const company = companyOf(options.company)
  const settings = {
    name: options.name ?? company.name,
    seed: options.seed ?? company.name,
    jobsPerDay: options.jobsPerDay ?? company.jobsPerDay,
    rows: options.rows ?? company.rows,
    capturedAt: options.capturedAt ?? CAPTURED_AT,
  }
  checkSettings(settings)
  const dialect = dialectOf(options.series ?? '16.0', options.profile)
  const aged = { ...company, removalDays: retention(company, settings) }
  return replaceDirectory(options.directory, options.overwrite ?? false, (directory) =>
    writeSnapshot(directory, aged, settings, dialect, options),
  )
}

async function writeSnapshot(
  directory: string,
  company: Company,
  settings: Settings,
  dialect: Dialect,
  { onProgress, signal }: Pick<GenerateOptions, 'onProgress' | 'signal'>,
): Promise<Manifest> {
  const { functions, removalDays } = company
  const small = async (table: 'queue_job_channel' | 'queue_job_function', rows: string[]) => {
    using parts = new PartFiles({ directory, table })
    await writeRows(parts, rows)
    return manifestTable(dialect, table, await parts.end())
  }
  const channels = await small('queue_job_channel', channelRows(removalDays, settings.capturedAt))
  const configured = await small(
    'queue_job_function',
    functionRows(functions, Object.keys(removalDays), dialect.json),
  )
  const texts = await loadTexts(settings.seed)
  const files = await writeJobs({
    ...settings,
    company,
    functions,
    dialect,
    texts,
    directory,
    signal,
    onProgress,
  })
  const tables = {
    queue_job_channel: channels,
    queue_job_function: configured,
    queue_job: manifestTable(dialect, 'queue_job', files.jobs),
    ...(files.locks === null
      ? {}
      : { queue_job_lock: manifestTable(dialect, 'queue_job_lock', files.locks) }),
  }
  const workload = workloadText(workloadOf(company.functions, settings.jobsPerDay))
  await writeFile(join(directory, WORKLOAD_FILE), workload)
  await writeFile(join(directory, OPERATIONS_FILE), operationsYaml(company.functions))
  const manifest: Manifest = {
    format: SNAPSHOT_FORMAT,
    name: settings.name,
    description: company.description.replace('{series}', String(Number(dialect.series))),
    captured_at: isoUtc(settings.capturedAt),
    odoo_series: dialect.series,
    addon_profile: dialect.profile,
    masking: 'generated',
    generator: {
      company: company.name,
      seed: settings.seed,
      jobs_per_day: settings.jobsPerDay,
      rows: settings.rows,
    },
    tables,
    workload: {
      name: WORKLOAD_FILE,
      sha256: createHash('sha256').update(workload, 'utf8').digest('hex'),
    },
  }
  const text = `${JSON.stringify(manifest, null, 2)}\n`
  const path = join(directory, MANIFEST_FILE)
  await writeFile(path, text)
  return parseManifest(path, text)
}

interface Settings {
  readonly name: string
  readonly seed: string
  readonly jobsPerDay: number
  readonly rows: number
  readonly capturedAt: number
}

function companyOf(name: string): Company {
  const company = COMPANIES[name]
  if (company !== undefined) return company
  throw new DrillError(
    'input',
    `there is no company "${name}" to generate; known are ${Object.keys(COMPANIES).join(', ')}`,
  )
}

function checkSettings({ rows, jobsPerDay, capturedAt }: Settings): void {
  if (!Number.isInteger(rows) || rows < ROWS_MIN) {
    throw new DrillError('input', `rows is ${rows}: give a whole number of at least ${ROWS_MIN}`)
  }
  if (!(jobsPerDay > 0)) {
    throw new DrillError('input', `jobs a day is ${jobsPerDay}: give a number above 0`)
  }
  if (capturedAt % HOUR !== 0) {
    throw new DrillError('input', `${isoUtc(capturedAt)} is not a full hour: give one, in UTC`)
  }
}

function manifestTable(
  { schema }: Dialect,
  table: TableName,
  files: ManifestFile[],
): ManifestTable {
  return {
    columns: Object.keys(schema.tables[table]!),
    rows: files.reduce((sum, file) => sum + file.rows, 0),
    files,
  }
}
