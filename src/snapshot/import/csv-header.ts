/** The first record of a CSV: the names of the columns, and which character separates them. */
import { DrillError } from '../../foundation/errors.ts'

/** What programs write, the most likely first. */
const DELIMITERS = [',', ';', '\t', '|'] as const

/** More than 1,600 columns of 63 characters are no table. */
const HEADER_BYTES_MAX = 128 * 1024

export interface CsvHeader {
  readonly delimiter: string
  readonly columns: readonly string[]
  /** Bytes of the source before the first row. */
  readonly bytes: number
  /** Lines that the header takes. */
  readonly lines: number
}

/**
 * Reads it from the first bytes of a file, after a byte order mark if there is one. Names lose the blanks around them;
 * they stay as they are otherwise. null = no line end within 128 KiB.
 */
export function parseCsvHeader(head: Buffer): CsvHeader | null {
  const mark = head.subarray(0, 3).equals(Buffer.from([0xef, 0xbb, 0xbf])) ? 3 : 0
  const text = head.toString('utf8', mark, HEADER_BYTES_MAX)
  const record = /^((?:"[^"]*"|[^"\r\n])*)(\r\n|\n|\r|$)/.exec(text)
  if (record === null || (record[2] === '' && head.length >= HEADER_BYTES_MAX)) return null
  const line = record[1]!
  const delimiter = delimiterOf(line)
  const names = (line.match(/(?:"[^"]*"|[^"])/g) ?? []).reduce<string[]>(
    (fields, piece) => {
      if (piece === delimiter) fields.push('')
      else fields[fields.length - 1] += piece.replaceAll('"', '')
      return fields
    },
    [''],
  )
  return {
    delimiter,
    columns: names.map((name) => name.trim()),
    bytes: mark + Buffer.byteLength(record[0]),
    lines: record[0].split(/\r\n|\n|\r/).length - 1,
  }
}

/** Throws DrillError `input` for names that cannot be columns. */
export function checkCsvColumns(columns: readonly string[], where: string): void {
  const wrong = columns.find((column) => !/^[a-z_][a-z0-9_]{0,62}$/.test(column))
  if (wrong !== undefined) {
    throw new DrillError(
      'input',
      `${where}, line 1: "${wrong}" is not the name of a column. The first line must hold the names of the table's ` +
        'columns (id, uuid, state, …), not the labels of the screen.',
    )
  }
  const twice = columns.find((column, index) => columns.indexOf(column) !== index)
  if (twice !== undefined) {
    throw new DrillError('input', `${where}, line 1: the column "${twice}" is there twice.`)
  }
}

function delimiterOf(line: string): string {
  const bare = line.replaceAll(/"[^"]*"/g, '')
  const counts = DELIMITERS.map((delimiter) => bare.split(delimiter).length - 1)
  return DELIMITERS[counts.indexOf(Math.max(...counts))]!
}
