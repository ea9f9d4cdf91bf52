/**
 * Takes a queue from a database into a snapshot directory, whole or not at all: one read-only transaction, one scan of
 * the history for the workload, then the rows in the order of their ids, masked on the way. Memory is constant.
 */
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import type { Client } from 'pg'
import { DrillError } from '../../foundation/errors.ts'
import { MINUTE, formatDuration, isoUtc } from '../../foundation/time.ts'
import type { AddonLine } from '../../queue-job/profile.ts'
import type { Series, TableName } from '../../queue-job/series.ts'
import { MANIFEST_FILE, OPERATIONS_FILE, SNAPSHOT_FORMAT, WORKLOAD_FILE } from '../format.ts'
import { parseManifest } from '../format.ts'
import type { Manifest, ManifestTable } from '../format.ts'
import { workloadText } from '../generate/workload.ts'
import { proposeOperations } from '../map/propose.ts'
import type { Masker } from '../mask/masker.ts'
import { replaceDirectory } from '../replace-directory.ts'
import { takeColumns } from './columns.ts'
import type { TakenTable } from './columns.ts'
import { readConfiguration } from './configuration.ts'
import { detect } from './detect.ts'
import type { Detected } from './detect.ts'
import { readHistory } from './history.ts'
import type { History } from './history.ts'
import { incidentWarnings, readUnderWay } from './incident.ts'
import { maskChannelText, valueMasks } from './mask-values.ts'
import { readRecent } from './recent.ts'
import { checkCondition, limitsInWords, takenCondition } from './selection.ts'
import type { CaptureLimits } from './selection.ts'
import { readSource } from './source.ts'
import type { Source } from './source.ts'
import { writeTable } from './tables.ts'
import { DEFAULT_TIMEOUTS, abandon, beginReading, explain } from './transaction.ts'
import type { Timeouts } from './transaction.ts'
import { workloadOfHistory } from './workload.ts'

export interface CaptureOptions {
  /** Connected, with the tables in its search path, used by nobody else; after an error it may be closed. */
  readonly client: Client
  /** Made if it does not exist. */
  readonly directory: string
  /** Replace the snapshot that is there; its operations file stays. */
  readonly overwrite: boolean
  readonly source: NonNullable<Manifest['capture']>['source']
  /** ms; default: the server's `now()`. */
  readonly capturedAt?: number
  /** Default: the name of the directory. */
  readonly name?: string
  readonly description?: string
  /** null = nothing is masked. */
  readonly masker: Masker | null
  readonly limits: CaptureLimits
  /** What is known of the company's Odoo. */
  readonly host?: Manifest['host']
  /** Instead of what the database shows. */
  readonly series?: Series
  readonly profile?: AddonLine
  /** Parts of a sentence for the manifest's `detected`: what else is known of where the rows are from. */
  readonly notes?: readonly string[]
  readonly timeouts?: Partial<Timeouts>
  /** Aborted: the reason is thrown, and nothing stays. */
  readonly signal?: AbortSignal
  /** `bytes`: of COPY text, before masking. */
  readonly onProgress?: (progress: { rows: number; ofRows: number; bytes: number }) => void
}

export interface Captured {
  readonly manifest: Manifest
  /** Sentences; the manifest holds them too. */
  readonly warnings: readonly string[]
}

/**
 * Throws DrillError: `input` where the database has no queue, the role lacks rights or a limit is wrong, `harness` where
 * server or disk fail. Whatever happens, the database is as it was.
 */
export async function captureSnapshot(options: CaptureOptions): Promise<Captured> {
  const { client, directory, signal } = options
  signal?.throwIfAborted()
  const timeouts = { ...DEFAULT_TIMEOUTS, ...options.timeouts }
  const stop = () => abandon(client)
  const ignore = () => undefined
  signal?.addEventListener('abort', stop)
  // A connection that breaks is told by the statement that waits for it.
  client.on('error', ignore)
  try {
    const existing = await editedOperations(directory)
    return await replaceDirectory(directory, options.overwrite, async (incomplete) => {
      const zone = await beginReading(client, timeouts)
      const captured = await writeSnapshot(incomplete, options, zone, existing)
      await client.query('commit')
      return captured
    })
  } catch (error) {
    // The first error tells why; a connection that is gone has nothing to roll back.
    await client.query('rollback').catch(ignore)
    signal?.throwIfAborted()
    throw explain(error, timeouts)
  } finally {
    signal?.removeEventListener('abort', stop)
    client.removeListener('error', ignore)
  }
}

/** People's work on the operations file outlives the rows: what is new is added to it. */
async function editedOperations(directory: string): Promise<string | null> {
  const path = join(directory, OPERATIONS_FILE)
  return existsSync(path) ? readFile(path, 'utf8') : null
}

async function writeSnapshot(
  directory: string,
  options: CaptureOptions,
  zone: string,
  existing: string | null,
): Promise<Captured> {
  const { client, masker, limits, signal } = options
  const source = await readSource(client)
  const detected = detect(source, options)
  const now = options.capturedAt ?? source.now
  const tables = [...source.tables]
    .filter(([, columns]) => columns.some(({ readable }) => readable))
    .map(([name, columns]) => takeColumns(name, columns, detected.series))
  const jobs = namesOf(tables, 'queue_job')
  const taken = takenCondition(limits, now, jobs)
  await checkCondition(client, taken)
  const configuration = await readConfiguration(
    client,
    namesOf(tables, 'queue_job_channel'),
    namesOf(tables, 'queue_job_function'),
  )
  const types = new Map(
    tables.find(({ name }) => name === 'queue_job')!.columns.map(({ name, type }) => [name, type]),
  )
  const history = await readHistory(client, { now, columns: types, taken })
  const recent = await readRecent(
    client,
    ['records', 'record_ids'].find((column) => jobs.has(column)) ?? null,
  )
  const underWay = await readUnderWay(client, now, jobs)
  const masks = valueMasks(masker)
  const workload = workloadOfHistory({ history, recent, configuration, now, masks })
  // A file that cannot be read is told before the rows are.
  const operations = proposeOperations(workload, existing).text
  const warnings = [
    ...tables.flatMap((table) => table.warnings),
    ...sourceWarnings(source, history),
    ...(masker === null ? ['nothing is masked: the snapshot holds what the database holds'] : []),
    ...incidentWarnings(underWay, history, now),
  ]
  const written = new Map<TableName, ManifestTable>()
  for (const table of tables) {
    const progress = (rows: number, bytes: number) =>
      options.onProgress?.({ rows, ofRows: history.taken, bytes })
    const onProgress = table.name === 'queue_job' ? progress : () => undefined
    const { indexedById } = source
    const files = { directory, client, table, taken, masker, indexedById, signal, onProgress }
    written.set(table.name, await writeTable(files))
  }
  const text = workloadText(workload)
  await writeFile(join(directory, WORKLOAD_FILE), text)
  await writeFile(join(directory, OPERATIONS_FILE), operations)
  const facts = { source, detected, now, zone, rows: history.rows, warnings, workload: text }
  const channels = options.host?.channels ?? configuration.channels
  const host = {
    ...options.host,
    ...(channels === null ? {} : { channels: maskChannelText(channels, masks) }),
  }
  const manifest = await writeManifest(directory, { ...options, host }, facts, written)
  return { manifest, warnings }
}

function namesOf(tables: readonly TakenTable[], name: TableName): ReadonlySet<string> {
  const table = tables.find((each) => each.name === name)
  return new Set(table?.columns.map((column) => column.name))
}

/** A standby that has replayed nothing for so long may show an old queue as the present one. */
const STANDBY_BEHIND_MS = 5 * MINUTE

function sourceWarnings(
  { tables, standbyBehindMs }: Source,
  { nameless, foreign }: Pick<History, 'nameless' | 'foreign'>,
): string[] {
  const locks = tables.get('queue_job_lock')
  return [
    ...(locks === undefined || locks.some(({ readable }) => readable)
      ? []
      : ['queue_job_lock is there, but the role may not read it: grant select on it']),
    ...(standbyBehindMs !== null && standbyBehindMs > STANDBY_BEHIND_MS
      ? [
          `the standby replayed its last transaction ${formatDuration(Math.floor(standbyBehindMs / MINUTE) * MINUTE)} ago: ` +
            'if its primary is in use, this is not the present queue',
        ]
      : []),
    ...(nameless === 0 ? [] : [`${rowsText(nameless)} with an odd model or method: in no traffic`]),
    ...(foreign === 0
      ? []
      : [
          `${rowsText(foreign)} without model or method, or with a state that no addon knows: left out`,
        ]),
  ]
}

function rowsText(rows: number): string {
  return rows === 1 ? '1 row' : `${rows} rows`
}

interface Facts {
  readonly source: Source
  readonly detected: Detected
  readonly now: number
  readonly zone: string
  readonly rows: number
  readonly warnings: readonly string[]
  /** Text of the file. */
  readonly workload: string
}

async function writeManifest(
  directory: string,
  options: CaptureOptions,
  { source, detected, now, zone, rows, warnings, workload }: Facts,
  tables: ReadonlyMap<TableName, ManifestTable>,
): Promise<Manifest> {
  const { masker, host = {} } = options
  const fromServer = options.source === 'postgresql'
  const manifest: Manifest = {
    format: SNAPSHOT_FORMAT,
    name: options.name ?? nameFor(options.directory),
    description:
      options.description ??
      `Queue of an Odoo ${detected.series}, captured on ${isoUtc(now).slice(0, 10)}`,
    captured_at: isoUtc(now),
    odoo_series: detected.series,
    addon_profile: detected.profile,
    detected: [detected.reason, ...(options.notes ?? [])].join('; '),
    ...(source.addonVersion === null ? {} : { addon_version: source.addonVersion }),
    ...(fromServer ? { server_version: source.serverVersion, time_zone: zone } : {}),
    ...(Object.keys(host).length === 0 ? {} : { host }),
    masking: masker === null ? 'none' : 'masked',
    ...(masker === null ? {} : { masking_policy: masker.policySummary }),
    capture: {
      source: options.source,
      rows,
      limits: limitsInWords(options.limits),
      warnings: [...warnings],
    },
    tables: Object.fromEntries(tables) as Manifest['tables'],
    workload: {
      name: WORKLOAD_FILE,
      sha256: createHash('sha256').update(workload, 'utf8').digest('hex'),
    },
  }
  const text = `${JSON.stringify(manifest, null, 2)}\n`
  const path = join(directory, MANIFEST_FILE)
  const checked = parseManifest(path, text)
  await writeFile(path, text)
  return checked
}

/** A manifest's name has letters, digits, `.`, `_`, `-`. Throws DrillError `input` where nothing of the sort is left. */
function nameFor(directory: string): string {
  const name = basename(resolve(directory))
    .replaceAll(/[^A-Za-z0-9._-]+/g, '-')
    .replace(/^[._-]+/, '')
  if (name !== '') return name
  throw new DrillError(
    'input',
    `"${directory}" makes no name for a snapshot: give another directory`,
  )
}
