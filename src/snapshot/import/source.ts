/**
 * What a file to be imported is, told from its first bytes, and its bytes as a stream. Gzip is unpacked on the way. What
 * looks like a dump of another kind is refused with the command that turns it into one that can be read.
 */
import { createReadStream } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { basename } from 'node:path'
import { addAbortSignal } from 'node:stream'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGunzip } from 'node:zlib'
import { DrillError, messageOf } from '../../foundation/errors.ts'
import { parseCsvHeader } from './csv-header.ts'

/** `archive`: what only `pg_restore` reads: pg_dump's custom, directory and tar formats. */
export const SOURCE_FORMATS = ['pg_dump', 'archive', 'csv', 'copy'] as const
export type SourceFormat = (typeof SOURCE_FORMATS)[number]

export interface Source {
  readonly format: SourceFormat
  /** Name of the file in errors. */
  readonly where: string
  /** The first bytes, unpacked. */
  readonly head: Buffer
  /** All bytes, the head included, unpacked; to be read once. Empty for an archive. */
  readonly chunks: AsyncGenerator<Buffer>
}

export interface SourceOptions {
  /** Default: as the first bytes tell. */
  readonly format?: SourceFormat | undefined
  /** What to read in place of the file; `path` is its name in errors. */
  readonly stream?: Readable | undefined
  readonly signal?: AbortSignal | undefined
  /** Columns are given, so that a text without any header is COPY text. */
  readonly hasColumns?: boolean
  /** Bytes of the file that were read, as they lie on the disk. */
  readonly onBytes?: ((bytes: number) => void) | undefined
}

/** Enough for the widest header of a CSV, and for the comments with which a dump begins. */
const HEAD_BYTES = 128 * 1024
const CHUNK_BYTES = 256 * 1024

/** Throws DrillError `input` for what cannot be read or is no queue. */
export async function openSource(where: string, options: SourceOptions = {}): Promise<Source> {
  const { format, stream, hasColumns = false } = options
  if (stream === undefined && (await isDirectory(where)))
    return archive(where, await refuseOtherDirectory(where))
  const raw = await peek(rawChunks(where, options))
  const isPacked = raw.head[0] === 0x1f && raw.head[1] === 0x8b
  const { head, chunks } = isPacked ? await peek(unpack(raw.chunks, where)) : raw
  try {
    const found = format ?? detect(head, where, hasColumns)
    if (found !== 'archive') return { format: found, where, head, chunks }
    await chunks.return(undefined)
    if (isPacked || stream !== undefined) {
      throw new DrillError(
        'input',
        `${where} holds an archive of pg_dump${isPacked ? ', packed once more' : ''}, which pg_restore reads from a ` +
          `file only: ${isPacked ? 'unpack it (gunzip)' : 'write it to a file'} and import that.`,
      )
    }
    return archive(where, head)
  } catch (error) {
    await chunks.return(undefined)
    throw error
  }
}

function archive(where: string, head: Buffer): Source {
  return { format: 'archive', where, head, chunks: nothing() }
}

// oxlint-disable-next-line require-yield -- it yields nothing
async function* nothing(): AsyncGenerator<Buffer> {}

async function isDirectory(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory()
  } catch (error) {
    throw unreadable(path, error)
  }
}

function unreadable(path: string, error: unknown): DrillError {
  const { code } = error as NodeJS.ErrnoException
  const why = code === 'ENOENT' ? 'is not there' : `cannot be read (${code ?? messageOf(error)})`
  return new DrillError('input', `${path} ${why}: give the file of a dump, a CSV or a COPY file.`, {
    cause: error,
  })
}

async function refuseOtherDirectory(path: string): Promise<Buffer> {
  const names = await readdir(path)
  if (names.includes('toc.dat')) return Buffer.alloc(0)
  throw new DrillError(
    'input',
    names.includes('manifest.json')
      ? `${path} is a snapshot already: use it as it is, or import the file that it was made from.`
      : `${path} is a directory and no dump (one of pg_dump --format directory holds a toc.dat): give a file.`,
  )
}

async function* rawChunks(
  path: string,
  { stream, signal, onBytes }: SourceOptions,
): AsyncGenerator<Buffer> {
  const readable = stream ?? createReadStream(path, { highWaterMark: CHUNK_BYTES })
  // Whoever writes to a pipe may keep us waiting for ever.
  if (signal !== undefined) addAbortSignal(signal, readable)
  let bytes = 0
  try {
    for await (const chunk of readable) {
      bytes += (chunk as Buffer).length
      onBytes?.(bytes)
      yield chunk as Buffer
    }
  } catch (error) {
    signal?.throwIfAborted()
    throw unreadable(path, error)
  }
}

async function* unpack(chunks: AsyncIterable<Buffer>, where: string): AsyncGenerator<Buffer> {
  const target = createGunzip({ chunkSize: CHUNK_BYTES })
  const fed = pipeline(chunks, target).then(
    () => null,
    (error: unknown) => error,
  )
  try {
    for await (const chunk of target) yield chunk as Buffer
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code?.startsWith('Z_') !== true) {
      throw (await fed) ?? error
    }
    throw new DrillError(
      'input',
      `${where} cannot be unpacked (${messageOf(error)}): it is cut off or damaged. Copy or make it again.`,
      { cause: error },
    )
  } finally {
    target.destroy()
    await fed
  }
}

async function peek(
  source: AsyncGenerator<Buffer>,
): Promise<{ head: Buffer; chunks: AsyncGenerator<Buffer> }> {
  const seen: Buffer[] = []
  let bytes = 0
  while (bytes < HEAD_BYTES) {
    const { value, done } = await source.next()
    if (done === true) break
    seen.push(value)
    bytes += value.length
  }
  async function* all(): AsyncGenerator<Buffer> {
    try {
      yield* seen.splice(0)
      yield* source
    } finally {
      await source.return(undefined)
    }
  }
  return { head: Buffer.concat(seen).subarray(0, HEAD_BYTES), chunks: all() }
}

/** Beginnings of files that people try, and what to do with them. */
const REFUSED: readonly (readonly [bytes: string, what: string])[] = [
  [
    '504b0304',
    'is a ZIP file, as the database manager of Odoo makes it. Give the dump that is in it: ' +
      'unzip -p backup.zip dump.sql | queue-drill snapshot import - --to DIRECTORY',
  ],
  ['fd377a585a00', 'is packed with xz: unpack it first, or pipe it: xz -dc FILE | queue-drill …'],
  ['28b52ffd', 'is packed with zstd: unpack it first, or pipe it: zstd -dc FILE | queue-drill …'],
  ['425a68', 'is packed with bzip2: unpack it first, or pipe it: bzip2 -dc FILE | queue-drill …'],
  ['04224d18', 'is packed with lz4: unpack it first, or pipe it: lz4 -dc FILE | queue-drill …'],
  ['5047434f50590aff0d0a00', 'is COPY in binary form: export it again as text.'],
  [
    'fffe',
    'is UTF-16, as PowerShell writes what is redirected: make it again with pg_dump --file FILE.',
  ],
  [
    'feff',
    'is UTF-16, as PowerShell writes what is redirected: make it again with pg_dump --file FILE.',
  ],
]

function detect(head: Buffer, where: string, hasColumns: boolean): SourceFormat {
  if (head.length === 0) throw new DrillError('input', `${where} is empty.`)
  const hexadecimal = head.subarray(0, 16).toString('hex')
  const refused = REFUSED.find(([bytes]) => hexadecimal.startsWith(bytes))
  if (refused !== undefined) throw new DrillError('input', `${where} ${refused[1]}`)
  if (head.subarray(0, 5).toString('latin1') === 'PGDMP' || isTarOfDump(head)) return 'archive'
  const text = head.toString('latin1')
  if (STATEMENTS.test(text)) return 'pg_dump'
  if (hasColumns) return 'copy'
  if (parseCsvHeader(head)?.columns.includes('uuid') === true) return 'csv'
  throw new DrillError(
    'input',
    head.includes(0)
      ? `${where} is no text: give a dump of pg_dump, a CSV with a header or a COPY file.`
      : `${basename(where)} is neither a dump of pg_dump nor a CSV whose first line names the columns of queue_job. ` +
          'For a file of COPY name the columns in their order: --columns id,uuid,…; --format says what it is else.',
  )
}

/** At the beginning of a line of a dump. */
const STATEMENTS =
  /^(-- PostgreSQL database |\\restrict |SET \w+ = |CREATE TABLE |INSERT INTO |copy .+ from stdin)/im

function isTarOfDump(head: Buffer): boolean {
  return (
    head.subarray(257, 262).toString('latin1') === 'ustar' &&
    head.subarray(0, 100).toString('latin1').startsWith('toc.dat')
  )
}
