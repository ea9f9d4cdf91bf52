/** `copy … to stdout` as chunks of whole rows. Whoever reads slowly slows the server down: memory stays constant. */
import { DatabaseError } from 'pg'
import type { Client } from 'pg'
import { to as copyTo } from 'pg-copy-streams'
import { abandon } from './transaction.ts'

/** Large enough that the work of a chunk hides its overhead; the garbage of masking one stays small (measured: -10 MB against 256 KiB). */
const CHUNK_BYTES = 64 * 1024
/** A chunk and what follows it. */
const ROOM_BYTES = 2 * CHUNK_BYTES
/** Room that a huge value took is given back. */
const ROOM_BYTES_MAX = 4 * ROOM_BYTES
const NEWLINE = 0x0a

export interface RowsChunk {
  /** COPY text: every byte 0x0A ends a row. Only there until the next chunk is asked for. */
  readonly text: Buffer
  readonly rows: number
}

/** `query` has no parameters. Left before its end, the connection is given up. */
export async function* copyOut(client: Client, query: string): AsyncGenerator<RowsChunk> {
  const stream = client.query(
    copyTo(`copy (${query}) to stdout with (format text, encoding 'utf8')`),
  )
  // One buffer for all chunks: a new one for each makes so much garbage that its removal takes a tenth of the time.
  let bytes: Buffer = Buffer.allocUnsafeSlow(ROOM_BYTES)
  let size = 0
  let ended = false
  try {
    for await (const piece of stream as AsyncIterable<Buffer>) {
      if (size + piece.length > bytes.length) bytes = enlarged(bytes, size, size + piece.length)
      piece.copy(bytes, size)
      size += piece.length
      const end = size < CHUNK_BYTES ? 0 : bytes.lastIndexOf(NEWLINE, size - 1) + 1
      if (end === 0) continue
      yield chunkOf(bytes.subarray(0, end))
      bytes.copyWithin(0, end, size)
      size -= end
      if (bytes.length > ROOM_BYTES_MAX) bytes = enlarged(bytes, size, ROOM_BYTES)
    }
    ended = true
    if (size > 0) yield chunkOf(bytes.subarray(0, size))
  } catch (error) {
    // The server ended it: the connection can be used.
    ended ||= error instanceof DatabaseError
    throw error
  } finally {
    if (!ended) abandon(client)
  }
}

/** The first `size` bytes, in room for `needed` and as much again. */
function enlarged(bytes: Buffer, size: number, needed: number): Buffer {
  const larger = Buffer.allocUnsafeSlow(2 * Math.max(size, needed))
  bytes.copy(larger, 0, 0, size)
  return larger
}

function chunkOf(text: Buffer): RowsChunk {
  let rows = 0
  for (let at = text.indexOf(NEWLINE); at !== -1; at = text.indexOf(NEWLINE, at + 1)) rows += 1
  return { text, rows }
}
