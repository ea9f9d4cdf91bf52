import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decodeRow, decodeRows, encodeRow } from '../../src/snapshot/copy-text.ts'
import type { Field } from '../../src/snapshot/copy-text.ts'

/** Any text that PostgreSQL can hold, rich in the characters that the format escapes. */
const text = fc.oneof(
  fc.string({ unit: 'grapheme' }),
  fc.string({
    unit: fc.constantFrom('\\', '\t', '\n', '\r', '\b', '\f', '\v', 'N', '.', 'x', '0', 'é', '€'),
  }),
)
const field = fc.option(text.filter((value) => !value.includes('\0')))
const rows = fc.integer({ min: 1, max: 6 }).chain((columns) =>
  fc.array(fc.array(field, { minLength: columns, maxLength: columns }), {
    minLength: 1,
    maxLength: 8,
  }),
)

async function collect(chunks: readonly Buffer[], columns: number): Promise<Field[][]> {
  const decoded: Field[][] = []
  // oxlint-disable-next-line require-yield -- an async source as a file is one
  async function* source() {
    yield* chunks
  }
  for await (const batch of decodeRows(source(), columns, 'rows.copy')) decoded.push(...batch)
  return decoded
}

describe('COPY text', () => {
  test('every row survives encoding and decoding, wherever the chunks are cut', async () => {
    await fc.assert(
      fc.asyncProperty(rows, fc.array(fc.nat()), async (table, cuts) => {
        const bytes = Buffer.from(table.map(encodeRow).join(''), 'utf8')
        const places = [...new Set(cuts.map((cut) => cut % bytes.length))].sort((a, b) => a - b)
        const chunks = [...places, bytes.length].map((end, index) =>
          bytes.subarray(index === 0 ? 0 : places[index - 1], end),
        )
        expect(await collect(chunks, table[0]!.length)).toEqual(table)
      }),
    )
  })

  test('NULL, the empty text, and the text \\N are three different things', () => {
    const fields = [null, '', '\\N', 'N']
    expect(encodeRow(fields)).toBe('\\N\t\t\\\\N\tN\n')
    expect(decodeRow('\\N\t\t\\\\N\tN')).toEqual(fields)
  })

  test('every escape that PostgreSQL reads is read, octal and hexadecimal as bytes', () => {
    expect(decodeRow('\\b\\f\\n\\r\\t\\v\\\\')).toEqual(['\b\f\n\r\t\v\\'])
    expect(decodeRow('\\101\\x42\\x4a1\\q')).toEqual(['ABJ1q'])
    expect(decodeRow('\\303\\244 \\xe2\\x82\\xac')).toEqual(['ä €'])
    expect(decodeRow('a\t\\7\tb')).toEqual(['a', '\u0007', 'b'])
  })

  test('a row with another number of fields is refused by file and row', async () => {
    await expect(collect([Buffer.from('1\t2\n3\n')], 2)).rejects.toThrow(
      /rows\.copy, row 2: 1 fields, the manifest lists 2 columns/,
    )
  })

  test('a file that ends inside a row is refused', async () => {
    await expect(collect([Buffer.from('1\t2\n3\t4')], 2)).rejects.toThrow(/ends inside a row/)
  })
})
