/**
 * CSV → COPY text, byte by byte and strictly: what RFC 4180 does not allow is an error with its line, since a guess would
 * shift the fields of every row behind it. As PostgreSQL writes and reads it, an empty field is NULL and `""` is an empty
 * text. Line ends may be LF, CR LF or CR, and stand inside quotes.
 */
import { DrillError } from '../../foundation/errors.ts'
import { ROW_BYTES_MAX, rowTooLong } from './table-rows.ts'

const QUOTE = 0x22
const NEWLINE = 0x0a
const RETURN = 0x0d
const TAB = 0x09
const BACKSLASH = 0x5c
const LETTER_N = 0x4e

/** Rows whose line is remembered: PostgreSQL complains about a row at most a few socket buffers late. */
const LINES_KEPT = 1 << 18

/** Where in a field the reader is. */
const START = 0
const BARE = 1
const QUOTED = 2
/** After a quote inside quotes: the end of the field, or the first of two. */
const CLOSED = 3

export interface CsvOptions {
  readonly delimiter: string
  readonly columns: number
  /** Lines before the first row. */
  readonly line: number
  /** Named in errors. */
  readonly where: string
}

export class CsvRecords {
  /** Records that are whole. */
  records = 0
  readonly #options: CsvOptions
  readonly #delimiter: number
  /** 1 for bytes that mean something. */
  readonly #special = new Uint8Array(256)
  readonly #lines = new Float64Array(LINES_KEPT)
  #line: number
  #recordLine: number
  #recordBytes = 0
  #fields = 0
  #state = START
  #afterReturn = false
  #out = Buffer.alloc(0)
  #size = 0

  constructor(options: CsvOptions) {
    this.#options = options
    this.#delimiter = options.delimiter.charCodeAt(0)
    this.#line = options.line + 1
    this.#recordLine = this.#line
    for (const byte of [0, QUOTE, NEWLINE, RETURN, TAB, BACKSLASH, this.#delimiter]) {
      this.#special[byte] = 1
    }
  }

  /** Line where a record begins, the first record being 1. */
  lineOf(record: number): number | null {
    const isKept = record > 0 && record <= this.records && record > this.records - LINES_KEPT
    return isKept ? this.#lines[record % LINES_KEPT]! : null
  }

  /** COPY text of the next bytes; it may end inside a row. Throws DrillError `input`. */
  push(chunk: Buffer): Buffer {
    // At most three bytes come of one: the end of an empty field.
    this.#out = Buffer.allocUnsafe(chunk.length * 3)
    this.#size = 0
    let at = 0
    while (at < chunk.length) {
      const from = at
      while (at < chunk.length && this.#special[chunk[at]!] === 0) at += 1
      if (at > from) this.#plain(chunk, from, at)
      if (at < chunk.length) this.#take(chunk[at++]!)
    }
    return this.#out.subarray(0, this.#size)
  }

  /** What is still to be written once the last byte was pushed. */
  end(): Buffer {
    this.#out = Buffer.allocUnsafe(8)
    this.#size = 0
    if (this.#state === QUOTED) {
      throw this.#wrong(this.#recordLine, 'a quote is opened in the record here and never closed')
    }
    if (this.#state !== START || this.#fields > 0) this.#endRecord()
    return this.#out.subarray(0, this.#size)
  }

  #plain(chunk: Buffer, from: number, to: number): void {
    if (this.#state === CLOSED) {
      throw this.#wrong(this.#line, 'there is text between a closing quote and the next field')
    }
    this.#afterReturn = false
    this.#grow(to - from)
    if (this.#state === START) this.#state = BARE
    this.#size += chunk.copy(this.#out, this.#size, from, to)
  }

  #take(byte: number): void {
    if (byte === 0) throw this.#wrong(this.#line, 'there is a NUL byte, which no text can hold')
    this.#grow(1)
    if (this.#state === QUOTED) {
      this.#takeQuoted(byte)
      return
    }
    const afterReturn = this.#afterReturn
    this.#afterReturn = byte === RETURN
    if (byte === NEWLINE && afterReturn) return
    if (byte === this.#delimiter) this.#endField()
    else if (byte === NEWLINE || byte === RETURN) this.#endLine()
    else if (byte === QUOTE) this.#takeQuote()
    else if (this.#state === CLOSED) {
      throw this.#wrong(this.#line, 'there is text between a closing quote and the next field')
    } else {
      this.#state = BARE
      this.#escape(byte)
    }
  }

  #takeQuoted(byte: number): void {
    if (byte === QUOTE) this.#state = CLOSED
    else this.#escape(byte)
    // CR LF is one line end, also inside quotes.
    if (byte === RETURN || (byte === NEWLINE && !this.#afterReturn)) this.#line += 1
    this.#afterReturn = byte === RETURN
  }

  #takeQuote(): void {
    if (this.#state === START) this.#state = QUOTED
    else if (this.#state === CLOSED) {
      this.#out[this.#size++] = QUOTE
      this.#state = QUOTED
    } else
      throw this.#wrong(this.#line, 'there is a quote inside a field that does not begin with one')
  }

  #escape(byte: number): void {
    const letter = ESCAPES[byte]
    if (letter === undefined) {
      this.#out[this.#size++] = byte
      return
    }
    this.#out[this.#size++] = BACKSLASH
    this.#out[this.#size++] = letter
  }

  #endField(): void {
    this.#writeNull()
    this.#out[this.#size++] = TAB
    this.#fields += 1
    this.#state = START
    if (this.#fields < this.#options.columns) return
    throw this.#wrong(
      this.#recordLine,
      `the record here has more fields than the ${this.#options.columns} that the header names`,
    )
  }

  #endLine(): void {
    // An empty line is no record.
    if (this.#state !== START || this.#fields > 0) this.#endRecord()
    this.#line += 1
    this.#recordLine = this.#line
    this.#recordBytes = 0
  }

  #endRecord(): void {
    this.#writeNull()
    this.#fields += 1
    if (this.#fields !== this.#options.columns) {
      throw this.#wrong(
        this.#recordLine,
        `the record here has ${this.#fields} of the ${this.#options.columns} fields that the header names`,
      )
    }
    this.#out[this.#size++] = NEWLINE
    this.records += 1
    this.#lines[this.records % LINES_KEPT] = this.#recordLine
    this.#fields = 0
    this.#state = START
  }

  #writeNull(): void {
    if (this.#state !== START) return
    this.#out[this.#size++] = BACKSLASH
    this.#out[this.#size++] = LETTER_N
  }

  #grow(bytes: number): void {
    this.#recordBytes += bytes
    if (this.#recordBytes <= ROW_BYTES_MAX) return
    throw rowTooLong(this.#options.where, this.#recordLine, ', as if a quote were never closed')
  }

  #wrong(line: number, what: string): DrillError {
    return new DrillError(
      'input',
      `${this.#options.where}, line ${line}: ${what}. Export the table again as CSV with a header; fields that hold ` +
        'quotes, separators or line ends stand in double quotes, quotes in them are doubled.',
    )
  }
}

const ESCAPES: Readonly<Record<number, number>> = {
  [BACKSLASH]: BACKSLASH,
  [NEWLINE]: 'n'.charCodeAt(0),
  [RETURN]: 'r'.charCodeAt(0),
  [TAB]: 't'.charCodeAt(0),
}
