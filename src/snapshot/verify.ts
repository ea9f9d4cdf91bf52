/**
 * Everything about a snapshot that can be checked without a server: checksums in both forms, counts, whether each row can
 * be understood, and whether something personal or secret is left in it. Collects what is wrong instead of stopping at
 * the first. Memory: eight bytes a job (10 to 15 with the room of the table), for what must not come twice.
 */
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { DrillError } from '../foundation/errors.ts'
import type { JobRow } from '../queue-job/job.ts'
import { readDataFile } from './data-file.ts'
import { DistinctValues } from './distinct.ts'
import { tablesOf } from './format.ts'
import type { ManifestFile } from './format.ts'
import { leakGroups, scanSnapshot } from './leaks/scan-snapshot.ts'
import type { LeakGroup } from './leaks/scan-snapshot.ts'
import type { Snapshot } from './open.ts'
import { readJobs, readTable } from './rows.ts'

/** More problems than this are counted, not listed. */
const LISTED_MAX = 20

export interface VerifyOptions {
  /**
   * Look for leaks, and call each a problem; or do not look. Default: those of a masked snapshot are problems, those of one
   * that says itself that it is not masked are told (`leaks`); generated ones hold nobody's data.
   */
  readonly scan?: boolean
}

export interface Verification {
  readonly files: number
  readonly rows: number
  /** Whether it was looked for leaks. */
  readonly scanned: boolean
  /** Sentences that name file or job; empty = the snapshot is sound. */
  readonly problems: readonly string[]
  /** All that were found, also those not listed. */
  readonly problemCount: number
  /** Rows that production may hold and a drill can play, though no addon writes them: told, no problem. As many as `problems`. */
  readonly oddities: readonly string[]
  readonly oddityCount: number
  /** What an unmasked snapshot holds, most frequent first; no problem, unless `scan` asked for it. */
  readonly leaks: readonly LeakGroup[]
}

/** Damage of the files is a problem in the list, not an error. */
export async function verifySnapshot(
  snapshot: Pick<Snapshot, 'directory' | 'manifest'>,
  options: VerifyOptions = {},
): Promise<Verification> {
  const { masking } = snapshot.manifest
  const scanned = options.scan ?? masking !== 'generated'
  const isTold = masking === 'none' && options.scan === undefined
  let leaks: readonly LeakGroup[] = []
  const problems = new Listed()
  const oddities = new Listed()
  const note: Note = (problem) => problems.add(problem)
  const files = tablesOf(snapshot.manifest).flatMap((table) => table.files)
  let readable = true
  for (const file of files) {
    readable = (await noting(note, () => verifyContent(snapshot.directory, file, note))) && readable
  }
  if (readable) {
    await noting(note, () => verifyJobs(snapshot, note, (oddity) => oddities.add(oddity)))
    await noting(note, () => verifyFunctions(snapshot, note))
    if (scanned && !isTold) await noting(note, () => verifyMasking(snapshot, note))
    // A damaged row was told above.
    if (isTold && problems.count === 0) leaks = await leakGroups(scanSnapshot(snapshot))
  }
  return {
    files: files.length,
    rows: snapshot.manifest.tables.queue_job.rows,
    scanned,
    problems: problems.first,
    problemCount: problems.count,
    oddities: oddities.first,
    oddityCount: oddities.count,
    leaks,
  }
}

/** Sentences, of which only the first are kept. */
class Listed {
  readonly first: string[] = []
  count = 0

  add(sentence: string): void {
    this.count += 1
    if (this.first.length < LISTED_MAX) this.first.push(sentence)
  }
}

type Note = (problem: string) => void

/** Returns false if the check could not go on. */
async function noting(note: Note, check: () => Promise<void>): Promise<boolean> {
  try {
    await check()
    return true
  } catch (error) {
    if (!(error instanceof DrillError)) throw error
    note(error.message)
    return false
  }
}

async function verifyContent(directory: string, file: ManifestFile, note: Note): Promise<void> {
  const hash = createHash('sha256')
  let bytes = 0
  for await (const chunk of readDataFile(directory, file)) {
    hash.update(chunk)
    bytes += chunk.length
  }
  const path = join(directory, file.name)
  const found = hash.digest('hex')
  if (bytes !== file.content_bytes) {
    note(`${path}: the content has ${bytes} bytes, the manifest says ${file.content_bytes}`)
  } else if (found !== file.content_sha256) {
    note(`${path}: the content's SHA-256 is ${found}, the manifest says ${file.content_sha256}`)
  }
}

async function verifyJobs(
  snapshot: Pick<Snapshot, 'directory' | 'manifest'>,
  note: Note,
  noteOddity: Note,
): Promise<void> {
  const { rows } = snapshot.manifest.tables.queue_job
  const uuids = new DistinctValues(rows)
  let lastId = Number.NEGATIVE_INFINITY
  let isAscending = true
  for await (const job of readJobs(snapshot)) {
    isAscending &&= job.id > lastId
    lastId = job.id
    if (!uuids.add(job.uuid)) note(`job ${job.id}: the uuid ${job.uuid} appears twice`)
    const ofJob =
      (tell: Note): Note =>
      (text) =>
        tell(`job ${job.id}: ${text}`)
    examineJob(job, ofJob(note), ofJob(noteOddity))
  }
  // In order, as they are captured and generated, they need no memory.
  if (!isAscending) await verifyIds(snapshot, rows, note)
}

async function verifyIds(
  snapshot: Pick<Snapshot, 'directory' | 'manifest'>,
  rows: number,
  note: Note,
): Promise<void> {
  const ids = new DistinctValues(rows)
  for await (const { id } of readJobs(snapshot)) {
    if (!ids.add(String(id))) note(`job ${id}: the id appears twice`)
  }
}

async function verifyMasking(
  snapshot: Pick<Snapshot, 'directory' | 'manifest'>,
  note: Note,
): Promise<void> {
  for await (const { place, kind } of scanSnapshot(snapshot)) note(`${place}: ${kind}`)
}

const PAYLOAD = ['records', 'args', 'kwargs', 'dependencies'] as const

/** Problems: what neither the addon nor a drill can read. Oddities: what scripts and people's updates leave in a real table. */
function examineJob(job: JobRow, note: Note, noteOddity: Note): void {
  for (const column of PAYLOAD) {
    const value = decoded(job[column])
    if (value === NO_JSON) note(`${column} is not JSON`)
    else if (value !== null && !IS_EXPECTED[column](value)) {
      noteOddity(`${column} is JSON of another shape than the addon writes`)
    }
  }
  if (job.state === 'done' && job.dateDone === null) noteOddity('done, but date_done is NULL')
  if (job.state === 'started' && job.dateStarted === null) {
    noteOddity('started, but date_started is NULL')
  }
  if (job.priority === null || job.dateCreated === null) {
    noteOddity('priority or date_created is NULL: a job runner that meets it stops')
  }
}

const NO_JSON = Symbol('no JSON')

/** Null for NULL. */
function decoded(text: string | null): unknown {
  if (text === null) return null
  try {
    const value: unknown = JSON.parse(text)
    // 18.0 encodes twice; none of the columns is ever a plain string.
    return typeof value === 'string' ? JSON.parse(value) : value
  } catch {
    return NO_JSON
  }
}

const IS_EXPECTED: Readonly<Record<(typeof PAYLOAD)[number], (value: unknown) => boolean>> = {
  records: isRecordset,
  args: Array.isArray,
  kwargs: isObject,
  dependencies: isDependencies,
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isRecordset(value: unknown): boolean {
  return (
    isObject(value) &&
    value['_type'] === 'odoo_recordset' &&
    typeof value['model'] === 'string' &&
    Array.isArray(value['ids'])
  )
}

function isDependencies(value: unknown): boolean {
  return (
    isObject(value) &&
    Array.isArray(value['depends_on']) &&
    Array.isArray(value['reverse_depends_on'])
  )
}

async function verifyFunctions(
  snapshot: Pick<Snapshot, 'directory' | 'manifest'>,
  note: Note,
): Promise<void> {
  const channels = new Set<string | null>()
  for await (const { id } of readTable(snapshot, 'queue_job_channel')) channels.add(id ?? null)
  for await (const row of readTable(snapshot, 'queue_job_function')) {
    const name = `job function ${row['name'] ?? row['id']}`
    if (!channels.has(row['channel_id'] ?? null)) {
      note(`${name}: its channel ${row['channel_id']} is not in queue_job_channel`)
    }
    const pattern = decoded(row['retry_pattern'] ?? null)
    if (pattern !== null && !isObject(pattern)) {
      note(`${name}: retry_pattern is no JSON object`)
    }
  }
}
