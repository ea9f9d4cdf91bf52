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
import { schemaOf } from '../../queue-job/series.ts'
import type { TableName } from '../../queue-job/series.ts'
import {
  MANIFEST_FILE,
  OPERATIONS_FILE,
  SNAPSHOT_FORMAT,
  WORKLOAD_FILE,
  parseManifest,
} from '../format.ts'
import type { Manifest, ManifestTable } from '../format.ts'
import { channelRows, functionRows } from './channels.ts'
import { CAPTURED_AT, COMPANIES } from './companies.ts'
import type { Company } from './companies.ts'
import { MICROSECONDS } from './draft.ts'
import { graphDrafts } from './graphs.ts'
import { history } from './history.ts'
import { liveDrafts } from './live.ts'
import { operationsYaml } from './operations-yaml.ts'
import { PartFiles, writeRows } from '../part-files.ts'
import { replaceDirectory } from '../replace-directory.ts'
import { rowEncoder } from './row.ts'
import type { RowEncoder } from './row.ts'
import { loadTexts } from './texts.ts'
import { workloadOf, workloadText } from './workload.ts'

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
  return replaceDirectory(options.directory, options.overwrite ?? false, (directory) =>
    writeSnapshot(directory, company, settings, options),
  )
}

async function writeSnapshot(
  directory: string,
  company: Company,
  settings: Settings,
  hooks: Pick<GenerateOptions, 'onProgress' | 'signal'>,
): Promise<Manifest> {
  const encode = rowEncoder(company.functions, settings.seed, await loadTexts(settings.seed))
  const jobs = jobRows(company, settings, encode, hooks)
  const channels = channelRows(settings.capturedAt)
  const tables = {
    queue_job_channel: await writeTable(directory, 'queue_job_channel', channels),
    queue_job_function: await writeTable(
      directory,
      'queue_job_function',
      functionRows(company.functions),
    ),
    queue_job: await writeTable(directory, 'queue_job', jobs),
  }
  const workload = workloadText(workloadOf(company.functions, settings.jobsPerDay))
  await writeFile(join(directory, WORKLOAD_FILE), workload)
  await writeFile(join(directory, OPERATIONS_FILE), operationsYaml(company.functions))
  const manifest: Manifest = {
    format: SNAPSHOT_FORMAT,
    name: settings.name,
    description: company.description,
    captured_at: isoUtc(settings.capturedAt),
    odoo_series: '16.0',
    addon_profile: '2024',
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

/** Rows in the order of their ids. */
function* jobRows(
  { functions }: Company,
  settings: Settings,
  encode: RowEncoder,
  { onProgress, signal }: Pick<GenerateOptions, 'onProgress' | 'signal'>,
): Generator<string> {
  const { rows, seed, capturedAt } = settings
  const special = [
    ...liveDrafts(functions, settings),
    ...graphDrafts(functions, seed, capturedAt),
  ].sort((left, right) => left.createdUs - right.createdUs)
  const totals = historyTotals(rows - special.length)
  let id = 0
  let written = 0
  let jobsBefore = 0
  for (const hour of history(functions, totals, settings)) {
    const endUs = (hour.startAt + HOUR) * MICROSECONDS
    const drafts = [...hour.drafts]
    while (special.length > 0 && special[0]!.createdUs < endUs) drafts.push(special.shift()!)
    drafts.sort((left, right) => left.createdUs - right.createdUs)
    for (const draft of drafts) {
      const share = (draft.createdUs / MICROSECONDS - hour.startAt) / HOUR
      id = Math.max(id + 1, Math.floor(jobsBefore + share * hour.jobs))
      yield encode(draft, id)
      written += 1
      if (written % 1000 !== 0) continue
      signal?.throwIfAborted()
      onProgress?.(written, rows)
    }
    jobsBefore += hour.jobs
  }
  onProgress?.(written, rows)
}

/**
 * In a whole table about 0.25 % of the rows are old failures. A thinned one keeps more of them in proportion, a few
 * hundred, because they are what an incident must not be confused with.
 */
function historyTotals(rows: number): Parameters<typeof history>[1] {
  const failed = Math.round(Math.max(0.0025 * rows, 3.5 * Math.sqrt(rows)))
  const cancelled = Math.round(0.004 * rows)
  const legacy = Math.round(0.006 * rows)
  return { failed, cancelled, legacy, done: rows - failed - cancelled - legacy }
}

async function writeTable(
  directory: string,
  table: Exclude<TableName, 'queue_job_lock'>,
  rows: Iterable<string>,
): Promise<ManifestTable> {
  using parts = new PartFiles({ directory, table })
  await writeRows(parts, rows)
  const files = await parts.end()
  return {
    columns: Object.keys(schemaOf('16.0').tables[table]),
    rows: files.reduce((sum, file) => sum + file.rows, 0),
    files,
  }
}
