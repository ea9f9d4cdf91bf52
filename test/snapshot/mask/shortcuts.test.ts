/** What is masked by a shortcut (a shape that was met before, a value that comes again) is what masking as text makes of it. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { decodeRow, encodeText } from '../../../src/snapshot/copy-text.ts'
import { ruleOf } from '../../../src/snapshot/mask/columns.ts'
import { FieldMasker } from '../../../src/snapshot/mask/fields.ts'
import { derivation } from '../../../src/snapshot/mask/key.ts'
import { partsOf } from '../../../src/snapshot/mask/parts.ts'
import { KEY, columns as allColumns, maskedCompany, masker } from './rows.ts'
import type { MaskedColumn } from '../../../src/snapshot/mask/masker.ts'
import type { Row } from './rows.ts'
import { SECRETS } from './secrets.ts'

const fields = new FieldMasker(partsOf(derivation(KEY)))
/** As text, one field after the other; a uuid in its column is masked like one in a text. */
function asText(rows: readonly Row[], columns: readonly MaskedColumn[]): (string | null)[][] {
  const masks = columns.map(({ name, type }) =>
    fields.maskOf(ruleOf('queue_job', name, type), type, null),
  )
  return rows.map((row) =>
    columns.map(({ name }, index) => {
      const value = row[name] ?? null
      return value === null ? null : masks[index]!(value)
    }),
  )
}

/** All of them several times: what was met before is masked by a shortcut. */
function byRows(rows: readonly Row[], columns: readonly MaskedColumn[]): (string | null)[][] {
  const lines = rows.map((row) => columns.map(({ name }) => encoded(row[name] ?? null)).join('\t'))
  const chunk = Buffer.from(lines.map((line) => `${line}\n`).join(''))
  const mask = masker.rows('queue_job', columns)
  mask(chunk)
  mask(chunk)
  return mask(chunk).toString().slice(0, -1).split('\n').map(decodeRow)
}

function encoded(value: string | null): string {
  return value === null ? '\\N' : encodeText(value)
}

/** Other digits in the same places, as many zeros at the head of each number. */
function withOtherDigits(text: string, shift: number): string {
  return text.replaceAll(/\d+/g, (run) => {
    const zeros = /^0*/.exec(run)![0]
    const rest = run.slice(zeros.length)
    return (
      zeros +
      rest.replaceAll(/\d/g, (digit, at: number) =>
        at === 0
          ? String(((Number(digit) - 1 + shift) % 9) + 1)
          : String((Number(digit) + shift) % 10),
      )
    )
  })
}

const number = fc
  .oneof(fc.nat(9), fc.nat(99), fc.nat(9999), fc.nat(9_999_999), fc.nat(999_999_999))
  .map(String)
const piece = fc.oneof(
  { weight: 4, arbitrary: number },
  {
    weight: 3,
    arbitrary: fc.constantFrom(
      ...' ./-:,()+_#=[]{}"\'\\\n\t@'.split(''),
      ', ',
      ': ',
      '\\"',
      'é',
      '山',
      '0',
      '00',
      '000',
    ),
  },
  {
    weight: 3,
    arbitrary: fc.constantFrom(
      'S',
      'SO',
      'INV/2026/',
      'WH/OUT/',
      'x',
      's',
      'sha',
      'utf',
      'T',
      'DE',
      'a',
      'abcdef',
      'order',
      'Dupont',
      'timeout=',
      ' Client Error',
      '[Errno ',
      '0x',
      'e',
      'E-',
      '+49',
      '192.168.',
      '2026-08-',
      ' line ',
      '://',
      'true',
      'null',
      '"model": ',
      '{"a": ',
      '["',
      '{"ids": [',
      ']}',
      '_type',
    ),
  },
  { weight: 1, arbitrary: fc.constantFrom(...SECRETS.map(({ text }) => text)) },
)
const text = fc.array(piece, { minLength: 1, maxLength: 8 }).map((pieces) => pieces.join(''))
const json = fc
  .tuple(
    fc.jsonValue({ maxDepth: 2 }),
    text,
    fc.array(fc.nat(99_999_999), { maxLength: 3 }),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
  )
  .map(([value, note, ids, amount]) => {
    const document = JSON.stringify({ ids, note, value, amount, context: { uid: ids[0] ?? 1 } })
    return document.replaceAll('\\u0000', '').replaceAll(',', ', ').replaceAll('":', '": ')
  })
const field = fc.oneof(
  text,
  json,
  json.map((value) => JSON.stringify(value)),
  text.map((value) => `sale.order(4300,).push(${value})`),
)

/** One of each kind of mask that may see any text. */
const COLUMNS = allColumns.filter(({ name }) =>
  ['name', 'args', 'func_string', 'exc_info', 'channel', 'user_id'].includes(name),
)

test('whatever texts of a few shapes hold, and however often they come', () => {
  fc.assert(
    fc.property(fc.array(field, { minLength: 1, maxLength: 12 }), (values) => {
      const all = [0, 1, 4, 7].flatMap((shift) =>
        values.map((value) => withOtherDigits(value, shift)),
      )
      const rows = all.map((value) => Object.fromEntries(COLUMNS.map(({ name }) => [name, value])))
      expect(byRows(rows, COLUMNS)).toEqual(asText(rows, COLUMNS))
    }),
    { numRuns: 30 },
  )
})

test('fields of one fixed form that are not quite of that form', () => {
  const values = [
    '',
    '0',
    '-0',
    '007',
    '-5',
    '+5',
    '2147483648',
    '9999999999',
    '12345678901',
    '1.5',
    '-1.50',
    '1.',
    '.5',
    '1e-05',
    'NaN',
    '1234567890123456',
    '0.1234567890123456',
    '2026-08-14',
    '2026-08-14 09:30:59',
    '2026-08-14 09:30:59.',
    '2026-08-14 09:30:59.123456',
    '2026-08-14 09:30:59.1234567',
    '2026-08-14T09:30:59',
    '2026-08-14 09:30:59+02',
    'infinity',
    '-infinity',
    '0000-00-00 00:00:00',
    '06 12 34 56 78',
    '4111111111111111',
    '47b803f9-9ac1-4885-b423-60331e173f1c',
    '47B803F9-9AC1-4885-B423-60331E173F1C',
    '47b803f99ac14885b42360331e173f1c',
    '47b803f9-9ac1-4885-b423-60331e173f1g',
    '47b803f9-9ac1-4885-b423-60331e173f1c0',
    '\\N',
    '\\',
    't',
    'f',
    'true',
  ]
  const rows = values.map((value) =>
    Object.fromEntries(allColumns.map(({ name }) => [name, value])),
  )
  expect(byRows(rows, allColumns)).toEqual(asText(rows, allColumns))
})

test('all rows of a bundled company', async () => {
  const { before, after } = await maskedCompany('company-25k')
  const names = Object.keys(before[0]!)
  const of = (row: Row) => names.map((name) => row[name])
  const columns = allColumns.filter(({ name }) => names.includes(name))
  const text = asText(before, columns).map((row) =>
    Object.fromEntries(columns.map(({ name }, index) => [name, row[index]!])),
  )
  expect(after.map(of)).toEqual(text.map(of))
})
