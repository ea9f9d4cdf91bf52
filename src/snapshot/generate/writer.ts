/** Writes rows as gzip files of COPY text with the checksums of both forms. Pull-driven, so memory stays constant. */
import { createHash } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { join } from 'node:path'
import { Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import { DrillError, messageOf } from '../../foundation/errors.ts'
import type { ManifestFile } from '../format.ts'

const CHUNK_CHARACTERS = 256 * 1024

/** Takes at most `rowsMax` rows from the iterator, which can go on into the next file. */
export async function writeDataFile(
  directory: string,
  name: string,
  rows: Iterator<string>,
  rowsMax: number,
): Promise<ManifestFile> {
  const path = join(directory, name)
  const content = createHash('sha256')
  const packed = createHash('sha256')
  const counts = { rows: 0, bytes: 0, contentBytes: 0 }
  const encode = (text: string): Buffer => {
    const chunk = Buffer.from(text, 'utf8')
    content.update(chunk)
    counts.contentBytes += chunk.length
    return chunk
  }
  function* chunks(): Generator<Buffer> {
    let text = ''
    while (counts.rows < rowsMax) {
      const next = rows.next()
      if (next.done === true) break
      counts.rows += 1
      text += next.value
      if (text.length >= CHUNK_CHARACTERS) {
        yield encode(text)
        text = ''
      }
    }
    if (text !== '') yield encode(text)
  }
  const hashing = new Transform({
    transform(chunk: Buffer, _, done) {
      packed.update(chunk)
      counts.bytes += chunk.length
      done(null, chunk)
    },
  })
  try {
    await pipeline(chunks, createGzip(), hashing, createWriteStream(path))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).syscall === undefined) throw error
    throw new DrillError('harness', `${path} cannot be written: ${messageOf(error)}`, {
      cause: error,
    })
  }
  return {
    name,
    rows: counts.rows,
    bytes: counts.bytes,
    sha256: packed.digest('hex'),
    content_bytes: counts.contentBytes,
    content_sha256: content.digest('hex'),
  }
}
