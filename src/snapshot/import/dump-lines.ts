/**
 * Walks through the text of a dump: statements line by line, the data of a COPY as chunks of bytes. Nothing is held but
 * the chunk at hand, and of a long statement its beginning.
 */
import { DrillError } from '../../foundation/errors.ts'
import { ROW_BYTES_MAX, rowTooLong } from './table-rows.ts'

const NEWLINE = 0x0a
const RETURN = 0x0d
const END_MARK = Buffer.from('\\.')
const LINE_AND_END_MARK = Buffer.from('\n\\.')

/** Statements that matter here are shorter; a line of INSERT may hold a document. */
const LINE_BYTES_KEPT = 256 * 1024

export class DumpLines implements AsyncDisposable {
  /** Lines that have been read. */
  line = 0
  readonly #where: string
  readonly #chunks: AsyncIterator<Buffer>
  #rest: Buffer = Buffer.alloc(0)

  constructor(chunks: AsyncIterable<Buffer>, where: string) {
    this.#where = where
    this.#chunks = chunks[Symbol.asyncIterator]()
  }

  /** The next line without its end, its beginning if it is very long; null at the end. */
  async next(): Promise<string | null> {
    let kept = ''
    for (;;) {
      const end = this.#rest.indexOf(NEWLINE)
      const piece = end === -1 ? this.#rest : this.#rest.subarray(0, end)
      if (kept.length < LINE_BYTES_KEPT) {
        kept += piece.toString('utf8', 0, Math.min(piece.length, LINE_BYTES_KEPT))
      }
      if (end !== -1) {
        this.#rest = this.#rest.subarray(end + 1)
        this.line += 1
        return kept.endsWith('\r') ? kept.slice(0, -1) : kept
      }
      this.#rest = Buffer.alloc(0)
      if (await this.#fill()) continue
      if (kept === '') return null
      this.line += 1
      return kept
    }
  }

  /**
   * The rows up to the end mark `\.`, which is read too. Throws DrillError `input` where the text ends before, or where
   * a row is longer than `rowBytesMax`. `endsWithFile`: there need not be an end mark.
   */
  async *copyData({
    rowBytesMax = ROW_BYTES_MAX,
    endsWithFile = false,
  }: { rowBytesMax?: number; endsWithFile?: boolean } = {}): AsyncGenerator<Buffer> {
    const firstLine = this.line + 1
    const count = this.#rowCounter(rowBytesMax)
    for (;;) {
      const { end, next } = findEndMark(this.#rest, count.atStart())
      const held = end === -1 ? beginningOfEndMark(this.#rest, count.atStart()) : 0
      const chunk = this.#rest.subarray(0, end === -1 ? this.#rest.length - held : end)
      this.#rest = this.#rest.subarray(end === -1 ? chunk.length : next)
      if (chunk.length > 0) {
        count.take(chunk)
        yield chunk
      }
      if (end !== -1) {
        this.line += 1
        return
      }
      if (await this.#fill()) continue
      const isEndMark = /^\\\.\r?$/.test(this.#rest.toString('latin1'))
      this.#rest = Buffer.alloc(0)
      if (isEndMark || (endsWithFile && count.atStart())) return
      throw new DrillError(
        'input',
        count.atStart()
          ? `${this.#where} is cut off: the rows that begin in line ${firstLine} have no end ("\\.") after line ` +
              `${this.line}. Make the dump again.`
          : `${this.#where}, line ${this.line + 1}: the file ends inside a row. Make it again.`,
      )
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#chunks.return?.()
  }

  /** Counts lines as they pass and refuses one that is too long. */
  #rowCounter(rowBytesMax: number): { take: (chunk: Buffer) => void; atStart: () => boolean } {
    let rowBytes = 0
    const grow = (bytes: number): void => {
      rowBytes += bytes
      if (rowBytes > rowBytesMax) throw rowTooLong(this.#where, this.line + 1)
    }
    return {
      atStart: () => rowBytes === 0,
      take: (chunk) => {
        let from = 0
        for (let at = chunk.indexOf(NEWLINE); at !== -1; at = chunk.indexOf(NEWLINE, from)) {
          grow(at - from)
          this.line += 1
          rowBytes = 0
          from = at + 1
        }
        grow(chunk.length - from)
      },
    }
  }

  async #fill(): Promise<boolean> {
    const { value, done } = await this.#chunks.next()
    if (done === true) return false
    this.#rest = this.#rest.length === 0 ? value : Buffer.concat([this.#rest, value])
    return true
  }
}

/** `end`: where the rows end; `next`: what follows the mark. Both -1 if it is not in the buffer as a whole line. */
function findEndMark(buffer: Buffer, atStart: boolean): { end: number; next: number } {
  if (atStart && buffer.subarray(0, 2).equals(END_MARK)) {
    const next = behindLineEnd(buffer, 2)
    if (next !== -1) return { end: 0, next }
  }
  for (
    let at = buffer.indexOf(LINE_AND_END_MARK);
    at !== -1;
    at = buffer.indexOf(LINE_AND_END_MARK, at + 1)
  ) {
    const next = behindLineEnd(buffer, at + 3)
    if (next !== -1) return { end: at + 1, next }
  }
  return { end: -1, next: -1 }
}

function behindLineEnd(buffer: Buffer, at: number): number {
  if (buffer[at] === NEWLINE) return at + 1
  return buffer[at] === RETURN && buffer[at + 1] === NEWLINE ? at + 2 : -1
}

/** Bytes at the end of the buffer that the next chunk may make an end mark of. */
function beginningOfEndMark(buffer: Buffer, atStart: boolean): number {
  const lineStart = buffer.lastIndexOf(NEWLINE) + 1
  if (lineStart === 0 && !atStart) return 0
  const tail = buffer.length - lineStart
  if (tail === 0 || tail > 3) return 0
  return '\\.\r'.startsWith(buffer.toString('latin1', lineStart)) ? tail : 0
}
