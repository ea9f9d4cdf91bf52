/** `copy … to stdout` as chunks of whole rows. Whoever reads slowly slows the server down: memory stays constant. */
import { DatabaseError } from 'pg'
import type { Client } from 'pg'
import { to as copyTo } from 'pg-copy-streams'
import { abandon } from './transaction.ts'

/** Large enough that the work of a chunk hides its overhead; the garbage of masking one stays small (measured: -10 MB against 256 KiB). */
const CHUNK_BYTES = 64 * 1024
const NEWLINE = 0x0a

export interface RowsChunk {
  /** COPY text: every byte 0x0A ends a row. */
  readonly text: Buffer
  readonly rows: number
}

/** `query` has no parameters. Left before its end, the connection is given up. */
export async function* copyOut(client: Client, query: string): AsyncGenerator<RowsChunk> {
  const stream = client.query(
    copyTo(`copy (${query}) to stdout with (format text, encoding 'utf8')`),
  )
  let pieces: Buffer[] = []
  let size = 0
  let ended = false
  try {
    for await (const piece of stream as AsyncIterable<Buffer>) {
      pieces.push(piece)
      size += piece.length
      const end = size < CHUNK_BYTES ? -1 : piece.lastIndexOf(NEWLINE)
      if (end === -1) continue
      const rest = piece.subarray(end + 1)
      pieces[pieces.length - 1] = piece.subarray(0, end + 1)
      yield chunkOf(pieces)
      pieces = rest.length === 0 ? [] : [rest]
      size = rest.length
    }
    ended = true
    if (size > 0) yield chunkOf(pieces)
  } catch (error) {
    // The server ended it: the connection can be used.
    ended ||= error instanceof DatabaseError
    throw error
  } finally {
    if (!ended) abandon(client)
  }
}

function chunkOf(pieces: readonly Buffer[]): RowsChunk {
  const text = pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces)
  let rows = 0
  for (let at = text.indexOf(NEWLINE); at !== -1; at = text.indexOf(NEWLINE, at + 1)) rows += 1
  return { text, rows }
}
