/**
 * Streams the COPY text of a table out of its gzip files and proves that it is what the manifest says. Each file is
 * hashed before the first byte of it is used (a flipped byte could unpack to rows that look right for a while, and the
 * complaint about the first wrong one would hide the reason), its rows are counted on the way. Memory is constant.
 */
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { PassThrough, Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGunzip } from 'node:zlib'
import { DrillError, messageOf } from '../foundation/errors.ts'
import type { ManifestFile } from './format.ts'

/** Large enough that COPY and decoding work on hundreds of rows at once; they stop to gain at 64 KiB. */
const CHUNK_BYTES = 256 * 1024
const NEWLINE = 0x0a

/** What to do about a file that is not what the manifest says. */
const ADVICE = 'Copy the snapshot again from where it came from, or generate it again.'

/**
 * Pipes the uncompressed content of a checked file into `target` and ends it. Throws DrillError `input` that names the
 * file if its rows are not those of the manifest, else what `target` threw.
 */
export async function pipeDataFile(
  directory: string,
  file: ManifestFile,
  target: NodeJS.WritableStream,
): Promise<void> {
  const path = join(directory, file.name)
  try {
    await pipeline(
      createReadStream(path, { highWaterMark: CHUNK_BYTES }),
      createGunzip({ chunkSize: CHUNK_BYTES }),
      rowCounter(path, file),
      target,
    )
  } catch (error) {
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
  const piped = pipeDataFile(directory, file, target).then(
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

/** Size and SHA-256 of the whole file. Throws DrillError `input` that names it. */
export async function checkDataFile(directory: string, file: ManifestFile): Promise<void> {
  const path = join(directory, file.name)
  let size: number
  let found: string
  try {
    size = (await stat(path)).size
    found = size < file.bytes ? '' : await fileSha256(path)
  } catch (error) {
    throw new DrillError(
      'input',
      `${path} cannot be read (${(error as NodeJS.ErrnoException).code}), the manifest lists it. ${ADVICE}`,
      { cause: error },
    )
  }
  if (size < file.bytes) {
    throw new DrillError(
      'input',
      `${path} is cut off: ${size} of ${file.bytes} bytes are there. ${ADVICE}`,
    )
  }
  if (found !== file.sha256) {
    throw new DrillError(
      'input',
      `${path} is damaged: its SHA-256 is ${found}, the manifest says ${file.sha256}. ${ADVICE}`,
    )
  }
}

async function fileSha256(path: string): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(path, { highWaterMark: CHUNK_BYTES })) {
    hash.update(chunk as Buffer)
  }
  return hash.digest('hex')
}

/** Lets everything through; at the end it refuses another number of rows than the manifest's. */
function rowCounter(path: string, file: ManifestFile): Transform {
  let rows = 0
  let last = NEWLINE
  return new Transform({
    readableHighWaterMark: CHUNK_BYTES,
    writableHighWaterMark: CHUNK_BYTES,
    transform(chunk: Buffer, _, done) {
      for (let at = chunk.indexOf(NEWLINE); at !== -1; at = chunk.indexOf(NEWLINE, at + 1)) {
        rows += 1
      }
      last = chunk[chunk.length - 1]!
      done(null, chunk)
    },
    flush(done) {
      if (last !== NEWLINE) {
        done(new DrillError('input', `${path} ends inside row ${rows + 1}. ${ADVICE}`))
      } else if (rows !== file.rows) {
        done(
          new DrillError(
            'input',
            `${path} holds ${rows} rows, the manifest says ${file.rows}. ${ADVICE}`,
          ),
        )
      } else done()
    },
  })
}
