/**
 * Writes the rows of `queue_job`, and beside them those of `queue_job_lock`, where the addon has it. While one chunk of
 * text is packed the next one grows: memory is that of two chunks, whatever the number of rows.
 */
import type { DrillError } from '../../foundation/errors.ts'
import type { ManifestFile } from '../format.ts'
import { PartFiles } from '../part-files.ts'
import { ByteText } from './byte-text.ts'
import { fields } from './function-pieces.ts'
import type { JobDraft } from './draft.ts'
import { jobs } from './jobs.ts'
import type { JobsOptions } from './jobs.ts'
import { rowEncoder } from './row.ts'
import type { EncoderOptions } from './row.ts'

const CHUNK_BYTES = 256 * 1024
/** Chunks end with an hour of the history, so they can grow beyond CHUNK_BYTES. */
const CAPACITY_BYTES = 2 * CHUNK_BYTES

/** Up to here size counts (6 is zlib's default), beyond it time: level 1 packs twice as fast, to a quarter more. */
const PACKED_WELL_ROWS_MAX = 100_000

export interface WriteJobsOptions extends JobsOptions, EncoderOptions {
  readonly dialect: JobsOptions['dialect'] & EncoderOptions['dialect']
  readonly directory: string
  /** Aborted: the reason is thrown. */
  readonly signal?: AbortSignal | undefined
  readonly onProgress?: ((rows: number, ofRows: number) => void) | undefined
}

export interface JobFiles {
  readonly jobs: ManifestFile[]
  /** null = this version of the addon has no such table. */
  readonly locks: ManifestFile[] | null
}

export async function writeJobs(options: WriteJobsOptions): Promise<JobFiles> {
  const { directory, dialect, rows, signal, onProgress } = options
  const encode = rowEncoder(options)
  const level = rows > PACKED_WELL_ROWS_MAX ? 1 : undefined
  const chunksOf = (table: 'queue_job' | 'queue_job_lock') =>
    new Chunks(new PartFiles({ directory, table, ...(level === undefined ? {} : { level }) }))
  using jobChunks = chunksOf('queue_job')
  using lockChunks =
    dialect.schema.tables.queue_job_lock === undefined ? null : chunksOf('queue_job_lock')
  const take = (draft: JobDraft, id: number): void => {
    encode(jobChunks.row(), draft, id)
    if (lockChunks !== null && hasBeenStarted(draft)) writeLock(lockChunks.row(), id)
  }
  for (const _ of jobs(options, take)) {
    if (jobChunks.isFull) {
      await jobChunks.flush()
      signal?.throwIfAborted()
      onProgress?.(jobChunks.rows, rows)
    }
    if (lockChunks?.isFull === true) await lockChunks.flush()
  }
  const files = {
    jobs: await jobChunks.end(),
    locks: lockChunks === null ? null : await lockChunks.end(),
  }
  onProgress?.(jobChunks.rows, rows)
  return files
}

/** A job gets its lock row when it starts for the first time, and keeps it. */
function hasBeenStarted({ startedUs, retry }: JobDraft): boolean {
  return startedUs !== undefined || retry > 0
}

const NO_LOG = fields(null, null, null, null)

/** `insert into queue_job_lock (id, queue_job_id)`: the log columns stay NULL. */
function writeLock(out: ByteText, id: number): void {
  out.number(id)
  out.tab()
  out.number(id)
  out.piece(NO_LOG)
  out.newline()
}

/** Rows on their way to the files of one table. */
class Chunks implements Disposable {
  rows = 0
  readonly #parts: PartFiles
  #growing = new ByteText(CAPACITY_BYTES)
  #count = 0
  /** Being packed: not to be touched before `#packed`. */
  #packing = new ByteText(CAPACITY_BYTES)
  /** How that went; kept as a value, because nobody waits for it when the writing is given up. */
  #packed: Promise<DrillError | null> = Promise.resolve(null)

  constructor(parts: PartFiles) {
    this.#parts = parts
  }

  /** Where the next row is to be written, whole. */
  row(): ByteText {
    this.#count += 1
    this.rows += 1
    return this.#growing
  }

  get isFull(): boolean {
    return this.#growing.length >= CHUNK_BYTES
  }

  /** Waits for the chunk before this one. */
  async flush(): Promise<void> {
    await this.#waitUntilPacked()
    const full = this.#growing
    this.#growing = this.#packing
    this.#growing.clear()
    this.#packing = full
    this.#packed = this.#parts.write(full.content, this.#count).then(
      () => null,
      (error: DrillError) => error,
    )
    this.#count = 0
  }

  async end(): Promise<ManifestFile[]> {
    await this.flush()
    await this.#waitUntilPacked()
    return this.#parts.end()
  }

  async #waitUntilPacked(): Promise<void> {
    const failure = await this.#packed
    if (failure !== null) throw failure
  }

  [Symbol.dispose](): void {
    this.#parts[Symbol.dispose]()
  }
}
