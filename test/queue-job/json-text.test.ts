import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { businessKeyOf } from '../../src/queue-job/business-key.ts'
import {
  BIG_INTEGER_KEY,
  isTooDeep,
  keepBigIntegers,
  NESTING_MAX,
} from '../../src/queue-job/json-text.ts'
import { idsOfRecords } from '../../src/queue-job/record-ids.ts'

const nested = (levels: number, inside = '') => '['.repeat(levels) + inside + ']'.repeat(levels)

/** What JSON.parse makes of a big integer. */
const rounded = (_: string, value: unknown): unknown =>
  typeof value === 'object' && value !== null && BIG_INTEGER_KEY in value
    ? Number(value[BIG_INTEGER_KEY])
    : value

describe('the JSON of a job', () => {
  it('is too deep beyond the limit, whatever its strings hold', () => {
    expect(isTooDeep(nested(NESTING_MAX))).toBe(false)
    expect(isTooDeep(nested(NESTING_MAX + 1))).toBe(true)
    expect(isTooDeep('{"a":'.repeat(501) + '1' + '}'.repeat(501))).toBe(true)
    expect(isTooDeep(JSON.stringify([nested(5000, '"\\"'), '\\']))).toBe(false)
  })

  it('keeps big integers as text outside strings only, and says the same else', () => {
    const text =
      '[12345678901234567, -1234567890123456, "12345678901234567", 1234567890123456.5, "\\"1"]'
    expect(JSON.parse(keepBigIntegers(text))).toEqual([
      { _queue_drill_integer: '12345678901234567' },
      { _queue_drill_integer: '-1234567890123456' },
      '12345678901234567',
      1234567890123456.5,
      '"1',
    ])
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const json = JSON.stringify([value, '1234567890123456789'])
        expect(JSON.parse(keepBigIntegers(json), rounded)).toEqual(JSON.parse(json))
      }),
    )
  })

  it.each([
    ['nested two hundred thousand levels deep', nested(200_000)],
    [
      'with a file of twenty megabytes and a long number',
      `[1234567890123456789,"${'x\\n'.repeat(7e6)}"]`,
    ],
    ['that ends in a string without an end', `[1234567890123456789,"${'x'.repeat(2e7)}`],
  ])('gives a business key: %s', (_, args) => {
    const key = (text: string) =>
      businessKeyOf('a.b', ['args'], { records: null, args: text, kwargs: null })
    expect(key(args)).toMatch(/^a\.b args=\[/)
    expect(key(args)).not.toBe(key(`${args} `.replace('[', '[0,')))
    expect(key(JSON.stringify(args)).slice(0, 9)).toBe(key(args).slice(0, 9))
  })

  it('has no ids where they are nested absurdly', () => {
    expect(idsOfRecords(`{"ids":${nested(100_000)}}`)).toBeNull()
    expect(idsOfRecords('{"ids":[1,2]}')).toBe('[1,2]')
  })
})
