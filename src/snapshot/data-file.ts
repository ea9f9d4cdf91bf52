/**
 * Streams the COPY text of a table out of its gzip files and proves on the way that it is what the manifest says: bytes,
 * SHA-256, rows, length of the text. Nothing in a directory that was tampered with reaches further than a clear error:
 * only plain files are read, and unpacking stops where the manifest says that the text ends. Memory is constant.
 */
import { createHash } from 'node:crypto'
import type { FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import { PassThrough, Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGunzip } from 'node:zlib'
import { DrillError, messageOf } from '../foundation/errors.ts'
import type { ManifestFile } from './format.ts'
import { openPlainFile } from './plain-file.ts'

/** Of packed bytes. */
const READ_BYTES = 64 * 1024
/** Large enough that COPY and decoding work on hundreds of rows at once; they stop to gain at 64 KiB. */
const CHUNK_BYTES = 256 * 1024
const NEWLINE = 0x0a

/**
 * A longer row is refused. Real ones with a file in their arguments have some 10 MB; who decodes a row needs several
 * times its length in memory.
 */
const ROW_BYTES_MAX = 64 * 1024 * 1024

/** What to do about a file that is not what the manifest says. */
const ADVICE = 'Copy the snapshot again from where it came from, or generate it again.'

/**
 * Pipes the uncompressed content of a file into what `begin` gives and ends it. `begin` is called when the file is open, and
 * from that moment on somebody listens to its errors. Throws DrillError `input` that names the file if it
 * is not the manifest's (then the target was destroyed, not ended), else what the target threw. A damaged file is told as
 * such, whatever its bytes made the target complain about. Aborting `signal` throws its AbortError.
 */
export async function pipeDataFile(
  directory: string,
  file: ManifestFile,
  begin: () => NodeJS.WritableStream,
  signal?: AbortSignal,
): Promise<void> {
  const path = join(directory, file.name)
  try {
    const handle = await openDataFile(directory, file)
    await pipeline(
      handle.createReadStream({ highWaterMark: READ_BYTES }),
      checksum(path, file),
      createGunzip({ chunkSize: CHUNK_BYTES }),
      contentChecks(path, file),
      begin(),
      signal === undefined ? {} : { signal },
    )
  } catch (error) {
    if (signal?.aborted === true) throw error
    await checkDataFile(directory, file)
    if ((error as NodeJS.ErrnoException).code?.startsWith('Z_') !== true) throw error
    throw new DrillError('input', `${path} is not a gzip file (${messageOf(error)}). ${ADVICE}`, {
      cause: error,
    })
  }
}

/** Checks a file and gives its content as chunks for `for await`; leaving the loop early closes the file. */
export async function* readDataFile(directory: string, file: ManifestFile): AsyncGenerator<Buffer> {
  await checkDataFile(directory, file)
  const target = new PassThrough({ highWaterMark: CHUNK_BYTES })
  const piped = pipeDataFile(directory, file, () => target).then(
    () => null,
    (error: unknown) => error,
  )
  try {
    for await (const chunk of target as AsyncIterable<Buffer>) yield chunk
  } catch (error) {
    throw (await piped) ?? error
  } finally {
    target.destroy()
    await piped
  }
}

/** Kind, size and SHA-256 of the whole file. Throws DrillError `input` that names it. */
async function checkDataFile(directory: string, file: ManifestFile): Promise<void> {
  const handle = await openDataFile(directory, file)
  const hash = createHash('sha256')
  for await (const chunk of handle.createReadStream({ highWaterMark: CHUNK_BYTES })) {
    hash.update(chunk as Buffer)
  }
  compareChecksum(join(directory, file.name), file, hash.digest('hex'))
}

/** Kind and size: what can be told without reading. Throws DrillError `input` that names the file. */
export async function checkPlainFile(directory: string, file: ManifestFile): Promise<void> {
  await (await openDataFile(directory, file)).close()
}

async function openDataFile(directory: string, file: ManifestFile): Promise<FileHandle> {
  const path = join(directory, file.name)
  const handle = await openPlainFile(path, `The manifest lists it. ${ADVICE}`)
  const { size } = await handle.stat()
  if (size === file.bytes) return handle
  await handle.close()
  const problem =
    size < file.bytes
      ? `is cut off: ${size} of ${file.bytes} bytes are there`
      : `is damaged: it has ${size} bytes, the manifest says ${file.bytes}`
  throw new DrillError('input', `${path} ${problem}. ${ADVICE}`)
}

function compareChecksum(path: string, file: ManifestFile, found: string): void {
  if (found === file.sha256) return
  throw new DrillError(
    'input',
    `${path} is damaged: its SHA-256 is ${found}, the manifest says ${file.sha256}. ${ADVICE}`,
  )
}

/** Lets everything through; refuses other bytes than the manifest's before the last of them has done anything. */
function checksum(path: string, file: ManifestFile): Transform {
  const hash = createHash('sha256')
  return new Transform({
    transform(chunk: Buffer, _, done) {
      hash.update(chunk)
      done(null, chunk)
    },
    flush(done) {
      try {
        compareChecksum(path, file, hash.digest('hex'))
        done()
      } catch (error) {
        done(error as DrillError)
      }
    },
  })
}

/** Lets everything through; refuses more text than the manifest's as soon as it comes, other rows at the end. */
function contentChecks(path: string, file: ManifestFile): Transform {
  let rows = 0
  let bytes = 0
  let rowStart = 0
  const refuse = (what: string) => new DrillError('input', `${path}${what}. ${ADVICE}`)
  return new Transform({
    readableHighWaterMark: CHUNK_BYTES,
    writableHighWaterMark: CHUNK_BYTES,
    transform(chunk: Buffer, _, done) {
      for (let at = chunk.indexOf(NEWLINE); at !== -1; at = chunk.indexOf(NEWLINE, at + 1)) {
        rows += 1
        rowStart = bytes + at + 1
      }
      bytes += chunk.length
      if (bytes > file.content_bytes) {
        done(refuse(` unpacks to more than the ${file.content_bytes} bytes that the manifest says`))
      } else if (bytes - rowStart > ROW_BYTES_MAX) {
        done(refuse(`: row ${rows + 1} is longer than ${ROW_BYTES_MAX / 1024 / 1024} MiB`))
      } else done(null, chunk)
    },
    flush(done) {
      if (rowStart !== bytes) done(refuse(` ends inside row ${rows + 1}`))
      else if (rows !== file.rows) {
        done(refuse(` holds ${rows} rows, the manifest says ${file.rows}`))
      } else if (bytes !== file.content_bytes) {
        done(refuse(` unpacks to ${bytes} bytes, the manifest says ${file.content_bytes}`))
      } else done()
    },
  })
}
