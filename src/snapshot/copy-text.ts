/**
 * PostgreSQL's COPY text format: one row a line, fields parted by tabs, `\N` for NULL, backslash escapes for what would
 * break a line. Every byte 0x0A in the data ends a row, which is why rows can be counted without decoding them.
 */
import { isUtf8 } from 'node:buffer'
import { DrillError } from '../foundation/errors.ts'

/** A field: text, or `null` = SQL NULL. */
export type Field = string | null

const ESCAPE: Readonly<Record<string, string>> = {
  '\\': '\\\\',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
}

const UNESCAPE: Readonly<Record<string, string>> = {
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
}

const NEWLINE = 0x0a
const BACKSLASH = 0x5c

/** One row with its line end. PostgreSQL's text cannot hold U+0000: our own mistake, asserted by the server. */
export function encodeRow(fields: readonly Field[]): string {
  let line = ''
  for (let index = 0; index < fields.length; index++) {
    if (index > 0) line += '\t'
    const field = fields[index]!
    line += field === null ? '\\N' : encodeText(field)
  }
  return `${line}\n`
}

/** What is not NULL, escaped. */
export function encodeText(text: string): string {
  // oxlint-disable-next-line no-control-regex -- these are the characters that the format escapes
  return /[\\\b\f\n\r\t\v]/.test(text)
    ? text.replaceAll(/[\\\b\f\n\r\t\v]/g, (character) => ESCAPE[character]!)
    : text
}

/** One line without its end → fields. */
export function decodeRow(line: string): Field[] {
  const fields: Field[] = line.split('\t')
  // Half of a job's fields are NULL: only those that hold a backslash are looked at, found by one search of the line.
  let field = 0
  let end = fields[0]!.length
  for (let at = line.indexOf('\\'); at !== -1; at = line.indexOf('\\', end)) {
    while (end < at) end += 1 + fields[++field]!.length
    fields[field] = decodeField(fields[field]!)
  }
  return fields
}

function decodeField(raw: string): Field {
  if (raw === '\\N') return null
  if (/\\[0-7x]/.test(raw)) return decodeBytes(raw)
  return raw.replaceAll(/\\([\s\S])/g, (_, character: string) => UNESCAPE[character] ?? character)
}

/** Octal and hexadecimal escapes stand for bytes, not characters: `\303\244` is one `ä`. */
function decodeBytes(raw: string): string {
  const source = Buffer.from(raw, 'utf8')
  const target: number[] = []
  for (let index = 0; index < source.length;) {
    if (source[index] !== BACKSLASH || index + 1 === source.length) {
      target.push(source[index]!)
      index += 1
      continue
    }
    const rest = source.toString('latin1', index + 1, index + 4)
    const octal = /^[0-7]{1,3}/.exec(rest)?.[0]
    const hexadecimal = /^x([0-9a-fA-F]{1,2})/.exec(rest)?.[1]
    if (octal !== undefined) {
      target.push(Number.parseInt(octal, 8) & 0xff)
      index += 1 + octal.length
    } else if (hexadecimal === undefined) {
      target.push((UNESCAPE[rest[0]!] ?? rest[0]!).charCodeAt(0))
      index += 2
    } else {
      target.push(Number.parseInt(hexadecimal, 16))
      index += 2 + hexadecimal.length
    }
  }
  return Buffer.from(target).toString('utf8')
}

/**
 * Chunks of COPY text → rows in order, in batches of one chunk (a wait for each row would double the time), wherever the chunks were cut (also inside a character). `where` is named in the
 * error for a last line without its end or a row with another number of fields than `columns`.
 */
export async function* decodeRows(
  chunks: AsyncIterable<Buffer>,
  columns: number,
  where: string,
): AsyncGenerator<Field[][]> {
  let rest: Buffer[] = []
  let row = 0
  for await (const chunk of chunks) {
    const end = chunk.lastIndexOf(NEWLINE)
    if (end === -1) {
      rest.push(chunk)
      continue
    }
    const head = chunk.subarray(0, end)
    const bytes = rest.length === 0 ? head : Buffer.concat([...rest, head])
    refuseBadText(bytes, where, row)
    const text = bytes.toString('utf8')
    rest = end + 1 < chunk.length ? [chunk.subarray(end + 1)] : []
    const batch: Field[][] = []
    for (const line of text.split('\n')) {
      row += 1
      const fields = decodeRow(line)
      if (fields.length !== columns) {
        throw new DrillError(
          'input',
          `${where}, row ${row}: ${fields.length} fields, the manifest lists ${columns} columns. ` +
            'Correct the columns in the manifest, or export the table again.',
        )
      }
      batch.push(fields)
    }
    yield batch
  }
  if (rest.length > 0) {
    throw new DrillError(
      'input',
      `${where}, row ${row + 1}: the file ends inside a row. Export the table again.`,
    )
  }
}

/** PostgreSQL takes neither; decoding would quietly make something else of them. `row`: rows before these. */
function refuseBadText(bytes: Buffer, where: string, row: number): void {
  const whole = isUtf8(bytes)
  const nul = NUL_ESCAPES.some((escape) => bytes.includes(escape))
  if (whole && !nul) return
  let number = row
  for (let start = 0; start <= bytes.length; number++) {
    const end = bytes.indexOf(NEWLINE, start)
    const line = bytes.subarray(start, end === -1 ? bytes.length : end)
    const problem = !isUtf8(line) ? 'is not UTF-8' : holdsNul(line) ? 'holds a NUL' : null
    if (problem !== null) {
      throw new DrillError(
        'input',
        `${where}, row ${number + 1}: ${problem}. Export the table again, in UTF-8.`,
      )
    }
    if (end === -1) return
    start = end + 1
  }
}

/** What may stand for U+0000: the byte itself, `\0`, `\00`, `\000`, `\x0`, `\x00`. */
const NUL_ESCAPES = ['\0', '\\0', '\\x0'].map((text) => Buffer.from(text, 'latin1'))

/** An escape counts only where its backslash is not escaped itself; it takes up to three octal or two hexadecimal digits. */
function holdsNul(line: Buffer): boolean {
  if (line.includes(0)) return true
  for (let at = line.indexOf(BACKSLASH); at !== -1; at = line.indexOf(BACKSLASH, at + 2)) {
    const digits = line.toString('latin1', at + 1, at + 4)
    if (/^(0{1,3}(?![0-7])|x0{1,2}(?![0-9a-fA-F]))/.test(digits)) return true
  }
  return false
}
