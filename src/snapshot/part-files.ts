/**
 * Writes the rows of a table as gzip files of COPY text with the checksums of both forms. Whoever writes waits while the
 * disk or the packer is behind, so memory stays constant. Files end after a fixed number of rows, wherever the chunks
 * were cut: the same rows give the same files.
 */
import { createHash } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { join } from 'node:path'
import { Transform } from 'node:stream'
import type { TransformOptions } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import type { Gzip, ZlibOptions } from 'node:zlib'
import { DrillError, messageOf } from '../foundation/errors.ts'
import type { TableName } from '../queue-job/series.ts'
import type { ManifestFile } from './format.ts'

/** Rows in one file of `queue_job` and `queue_job_lock`; the small tables take one file each. */
const ROWS_PER_FILE = 100_000

const CHUNK_CHARACTERS = 256 * 1024
/** Room for what a chunk becomes: with less the packer comes back for more room while the writer is busy, and waits. */
const PACKED_CHUNK_BYTES = 256 * 1024
const NEWLINE = 0x0a

export interface PartFilesOptions {
  readonly directory: string
  readonly table: TableName
  /** Default ROWS_PER_FILE. */
  readonly rowsPerFile?: number
  /** Of gzip, 1–9; default zlib's 6. */
  readonly level?: number
  /**
   * So many bytes may wait for the packer while more are made. Default: a chunk is packed when `write` returns, and may
   * be used again; with this, only from `onPacked` on.
   */
  readonly waitingBytes?: number
}

type Packing = Pick<PartFilesOptions, 'level' | 'waitingBytes'>

/** Dispose it when the writing was given up: what is open is closed, the files stay for whoever owns the directory. */
export class PartFiles implements Disposable {
  readonly #options: Required<Omit<PartFilesOptions, keyof Packing>> & Packing
  readonly #finished: ManifestFile[] = []
  #open: PartFile | null = null

  constructor({ rowsPerFile = ROWS_PER_FILE, ...options }: PartFilesOptions) {
    this.#options = { rowsPerFile, ...options }
  }

  /**
   * Takes whole rows, as many as `rows` says. `onPacked`: the chunk may be used again. Throws DrillError `harness` where
   * the disk does not take them.
   */
  async write(chunk: Buffer, rows: number, onPacked?: () => void): Promise<void> {
    let rest = chunk
    let restRows = rows
    while (restRows > 0) {
      this.#open ??= this.#next()
      const room = this.#options.rowsPerFile - this.#open.rows
      const taken = Math.min(room, restRows)
      const end = taken === restRows ? rest.length : endOfRow(rest, taken)
      // What of the chunk belongs to an earlier file is packed before its next one begins.
      const isLast = taken === restRows
      await this.#open.write(rest.subarray(0, end), taken, isLast ? onPacked : undefined)
      rest = rest.subarray(end)
      restRows -= taken
      if (taken === room) await this.#finish()
    }
  }

  /** The files, at least one. */
  async end(): Promise<ManifestFile[]> {
    if (this.#finished.length === 0) this.#open ??= this.#next()
    await this.#finish()
    return this.#finished
  }

  [Symbol.dispose](): void {
    this.#open?.destroy()
  }

  #next(): PartFile {
    const { directory, table } = this.#options
    const number = String(this.#finished.length + 1).padStart(4, '0')
    const isLarge = table === 'queue_job' || table === 'queue_job_lock'
    const name = isLarge ? `${table}.${number}.copy.gz` : `${table}.copy.gz`
    return new PartFile(directory, name, this.#options)
  }

  async #finish(): Promise<void> {
    if (this.#open === null) return
    this.#finished.push(await this.#open.end())
    this.#open = null
  }
}

/** Writes rows as they are made, each with its line end. */
export async function writeRows(parts: PartFiles, rows: Iterable<string>): Promise<void> {
  let text = ''
  let count = 0
  for (const row of rows) {
    text += row
    count += 1
    if (text.length < CHUNK_CHARACTERS) continue
    await parts.write(Buffer.from(text, 'utf8'), count)
    text = ''
    count = 0
  }
  if (count > 0) await parts.write(Buffer.from(text, 'utf8'), count)
}

class PartFile {
  rows = 0
  readonly #name: string
  readonly #gzip: Gzip
  readonly #done: Promise<Error | null>
  readonly #content = createHash('sha256')
  readonly #packed = createHash('sha256')
  #bytes = 0
  #contentBytes = 0

  constructor(directory: string, name: string, { level, waitingBytes }: Packing) {
    this.#name = name
    const path = join(directory, name)
    const options: ZlibOptions & TransformOptions = {
      chunkSize: PACKED_CHUNK_BYTES,
      ...(waitingBytes === undefined ? {} : { writableHighWaterMark: waitingBytes }),
      ...(level === undefined ? {} : { level }),
    }
    this.#gzip = createGzip(options)
    const hashing = new Transform({
      transform: (chunk: Buffer, _, done) => {
        this.#packed.update(chunk)
        this.#bytes += chunk.length
        done(null, chunk)
      },
    })
    this.#done = pipeline(this.#gzip, hashing, createWriteStream(path)).then(
      () => null,
      (error: unknown) =>
        new DrillError('harness', `${path} cannot be written: ${messageOf(error)}`, {
          cause: error,
        }),
    )
  }

  async write(chunk: Buffer, rows: number, onPacked?: () => void): Promise<void> {
    this.rows += rows
    this.#content.update(chunk)
    this.#contentBytes += chunk.length
    if (this.#gzip.write(chunk, onPacked)) return
    const drained = new Promise<null>((resolve) => this.#gzip.once('drain', () => resolve(null)))
    const failure = await Promise.race([drained, this.#done])
    if (failure !== null) throw failure
  }

  async end(): Promise<ManifestFile> {
    this.#gzip.end()
    const failure = await this.#done
    if (failure !== null) throw failure
    return {
      name: this.#name,
      rows: this.rows,
      bytes: this.#bytes,
      sha256: this.#packed.digest('hex'),
      content_bytes: this.#contentBytes,
      content_sha256: this.#content.digest('hex'),
    }
  }

  destroy(): void {
    this.#gzip.destroy()
  }
}

/** Where the given row ends. */
function endOfRow(chunk: Buffer, row: number): number {
  let at = -1
  for (let count = 0; count < row; count++) at = chunk.indexOf(NEWLINE, at + 1)
  return at + 1
}
