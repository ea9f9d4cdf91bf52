/** Which numbers of a field are free: certain to be masked each for itself, whatever their digits are. */
import { expect, test } from 'vitest'
import { ShapeScanner } from '../../../src/snapshot/mask/shape.ts'

/** The field with `#` for the digits of free numbers; null = it has no shape. */
function shapeOf(field: string): string | null {
  const bytes = Buffer.from(`${field}\n`)
  const scanner = new ShapeScanner()
  if (!scanner.scan(bytes, 0)) return null
  expect(scanner.end).toBe(bytes.length - 1)
  const { runs } = scanner
  for (let run = 0; run < runs.length; run += 2) bytes.fill('#', runs[run], runs[run + 1])
  return bytes.subarray(0, -1).toString()
}

test.each([
  ['sale.order(4300,).push_status()', 'sale.order(####,).push_status()'],
  ['sale.order(1, 22, 333).push_status()', 'sale.order(#, ##, ###).push_status()'],
  ['Push order: S346032', 'Push order: S######'],
  ['Push invoice state: INV/2026/513099', 'Push invoice state: INV/2026/######'],
  ['Request shipping label: WH/OUT/022209', 'Request shipping label: WH/OUT/######'],
  ['Update cost: [KV-0271] Keyboard', 'Update cost: [KV-####] Keyboard'],
  ['{"ids": [4300, 1234567890], "uid": 32}', '{"ids": [####, ##########], "uid": ##}'],
  ['[-5, 0]', '[-#, #]'],
  [
    String.raw`"{\\"ids\\": [4300], \\"name\\": \\"SO 17\\"}"`,
    String.raw`"{\\"ids\\": [####], \\"name\\": \\"SO 17\\"}"`,
  ],
])('of %s: %s', (field, shape) => {
  expect(shapeOf(field)).toBe(shape)
})

test.each([
  // Dates, times, amounts, addresses, telephone and card numbers.
  '2026-08-14 09:30:59',
  '14/08/1985',
  '09:30',
  '12.50 and 1,5',
  '192.168.0.1',
  '06 12 34 56 78',
  '+33 612345678',
  '(415) 555-2671',
  '5500 0055 5555 5559',
  '4111111111111111',
  // Beside letters, but for references; names of software; hexadecimal numbers.
  'a1 1a 12x34 sha256 iso8859 abcdefabc123456',
  'order_4300',
  'é4300 4300é',
  // The end of a reference that is a year and another number.
  'INV/2026/513099/2',
  '1/2026/513099',
  // In the strings of JSON; what makes it none, or is no whole number.
  '["SO 4300", "17"]',
  '[0123, 1.5, 1e5, 1e-5]',
  String.raw`["a \\" 4300 \\u0031234"]`,
  String.raw`"{\\"a\\": \\"\\\\\\"4300\\"}"`,
])('no number is free in %s', (field) => {
  expect(shapeOf(field)).toBe(field)
})

test.each([String.raw`\0614300`, String.raw`\x34300`])('%s has no shape', (field) => {
  expect(shapeOf(field)).toBeNull()
})

test('escapes of COPY text are no letters', () => {
  expect(shapeOf(String.raw`line\n4300\\n17`)).toBe(String.raw`line\n####\\n17`)
})
