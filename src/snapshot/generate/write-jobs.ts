/**
 * Writes the rows of `queue_job`, and beside them those of `queue_job_lock`, where the addon has it. Text is gathered
 * and handed on in chunks: memory is that of a chunk, whatever the number of rows.
 */
import type { ManifestFile } from '../format.ts'
import { PartFiles } from '../part-files.ts'
import type { JobDraft } from './draft.ts'
import { jobs } from './jobs.ts'
import type { JobsOptions } from './jobs.ts'
import { rowEncoder } from './row.ts'
import type { EncoderOptions } from './row.ts'

const CHUNK_CHARACTERS = 256 * 1024

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
  using jobChunks = new Chunks(new PartFiles({ directory, table: 'queue_job' }))
  using lockChunks =
    dialect.schema.tables.queue_job_lock === undefined
      ? null
      : new Chunks(new PartFiles({ directory, table: 'queue_job_lock' }))
  const take = (draft: JobDraft, id: number): void => {
    jobChunks.add(encode(draft, id))
    if (lockChunks !== null && hasBeenStarted(draft)) lockChunks.add(lockRow(id))
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

/** `insert into queue_job_lock (id, queue_job_id)`: the log columns stay NULL. */
function lockRow(id: number): string {
  return `${id}\t${id}\t\\N\t\\N\t\\N\t\\N\n`
}

/** Rows on their way to the files of one table. */
class Chunks implements Disposable {
  rows = 0
  readonly #parts: PartFiles
  #text = ''
  #count = 0

  constructor(parts: PartFiles) {
    this.#parts = parts
  }

  add(row: string): void {
    this.#text += row
    this.#count += 1
    this.rows += 1
  }

  get isFull(): boolean {
    return this.#text.length >= CHUNK_CHARACTERS
  }

  async flush(): Promise<void> {
    await this.#parts.write(Buffer.from(this.#text, 'utf8'), this.#count)
    this.#text = ''
    this.#count = 0
  }

  async end(): Promise<ManifestFile[]> {
    await this.flush()
    return this.#parts.end()
  }

  [Symbol.dispose](): void {
    this.#parts[Symbol.dispose]()
  }
}
