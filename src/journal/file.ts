/**
 * Journals on disk: NDJSON, gzip, streamed both ways. The digest is taken of the uncompressed text.
 */
import { createHash } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { createInterface } from 'node:readline'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGunzip, createGzip } from 'node:zlib'
import { DrillError, messageOf } from '../foundation/errors.ts'
import { JOURNAL_FORMAT, type Journal, type JournalEvent, type JournalHeader } from './events.ts'

/** Lines of a journal, each with its line feed. */
function* lines(journal: Journal): Generator<string> {
  yield `${JSON.stringify(journal.header)}\n`
  for (const event of journal.events) yield `${JSON.stringify(event)}\n`
}

/** Joins lines into larger pieces, which streams handle much faster. */
function* pieces(journal: Journal): Generator<string> {
  let piece = ''
  for (const line of lines(journal)) {
    piece += line
    if (piece.length > 65_536) {
      yield piece
      piece = ''
    }
  }
  yield piece
}

/** The digest of a journal that is not written: SHA-256 (hex) of the text it would be. */
export function journalDigest(journal: Journal): string {
  const hash = createHash('sha256')
  for (const piece of pieces(journal)) hash.update(piece)
  return hash.digest('hex')
}

/** Returns the digest: SHA-256 (hex) of the uncompressed text. */
export async function writeJournal(path: string, journal: Journal): Promise<string> {
  const hash = createHash('sha256')
  const hashed = function* (): Generator<string> {
    for (const piece of pieces(journal)) {
      hash.update(piece)
      yield piece
    }
  }
  await pipeline(Readable.from(hashed()), createGzip({ level: 4 }), createWriteStream(path))
  return hash.digest('hex')
}

export interface StoredJournal {
  readonly journal: Journal
  /** Of the text as it stands in the file. */
  readonly digest: string
}

/** Reads a journal back; a truncated or foreign file is an input error that names it. */
export async function readJournal(path: string): Promise<StoredJournal> {
  let header: JournalHeader | undefined
  const events: JournalEvent[] = []
  let lineNumber = 0
  const hash = createHash('sha256')
  try {
    const source = createReadStream(path)
    const gunzip = createGunzip()
    source.on('error', (error) => gunzip.destroy(error))
    source.pipe(gunzip)
    gunzip.on('data', (piece: Buffer) => hash.update(piece))
    for await (const line of createInterface({ input: gunzip, crlfDelay: Infinity })) {
      lineNumber++
      if (header === undefined) header = readHeader(line)
      else events.push(JSON.parse(line) as JournalEvent)
    }
  } catch (error) {
    throw new DrillError(
      'input',
      `${path}, line ${lineNumber}: not a journal: ${messageOf(error)}`,
      {
        cause: error,
      },
    )
  }
  if (header === undefined || events.at(-1)?.type !== 'end') {
    throw new DrillError(
      'input',
      `${path}: the journal is not whole (it ends at line ${lineNumber})`,
    )
  }
  return { journal: { header, events }, digest: hash.digest('hex') }
}

function readHeader(line: string): JournalHeader {
  const header = JSON.parse(line) as JournalHeader | { readonly format?: unknown }
  if (header.format !== JOURNAL_FORMAT) {
    throw new Error(`format is ${String(header.format)}, this version reads ${JOURNAL_FORMAT}`)
  }
  return header as JournalHeader
}
