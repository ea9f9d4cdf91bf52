/** Masking renames, it does not regroup: what a drill counts by is counted the same before and after. */
import fc from 'fast-check'
import { beforeAll, describe, expect, test } from 'vitest'
import { businessKeyOf } from '../../../src/queue-job/business-key.ts'
import { findLeak } from '../../../src/snapshot/leaks/scan.ts'
import { counts, failureGroup, regrouped, signature } from './groups.ts'
import { JOB, maskRows, maskedCompany } from './rows.ts'
import type { Row } from './rows.ts'

const businessKey = (row: Row): string =>
  businessKeyOf(`${row['model_name']}.${row['method_name']}`, [], {
    records: row['records']!,
    args: row['args']!,
    kwargs: row['kwargs']!,
  })

describe.each(['company-25k', 'company-60k'])('of %s', (name) => {
  let before: Row[]
  let after: Row[]
  beforeAll(async () => {
    ;({ before, after } = await maskedCompany(name))
  })

  test.each(['state', 'channel', 'model_name', 'method_name', 'job_function_id', 'exc_name'])(
    'the counts by %s are identical',
    (column) => {
      const by = (row: Row): string | null => row[column] ?? null
      expect(counts(after, by)).toEqual(counts(before, by))
    },
  )

  test('the counts by signature are identical, read from the columns and from the traceback', () => {
    for (const columns of [['exc_name', 'exc_message'], ['exc_name'], []]) {
      expect(regrouped(before, after, (row) => signature(row, columns))).toEqual([])
    }
  })

  test('the counts by state, channel, function and signature together are identical, one to one', () => {
    expect(regrouped(before, after, failureGroup)).toEqual([])
    const sorted = (rows: readonly Row[]) =>
      [...counts(rows, failureGroup).values()].sort((a, b) => a - b)
    expect(sorted(after)).toEqual(sorted(before))
  })

  test('business keys, identity keys, records and uuids stay as distinct as they were', () => {
    expect(regrouped(before, after, businessKey)).toEqual([])
    for (const column of [
      'identity_key',
      'records',
      'uuid',
      'graph_uuid',
      'user_id',
      'company_id',
      'name',
      'func_string',
    ]) {
      expect(regrouped(before, after, (row) => row[column] ?? null)).toEqual([])
    }
  })

  test('nothing is left that the scan can tell, and the rows are others', () => {
    const found = after.flatMap((row) =>
      Object.entries(row).flatMap(([column, value]) =>
        value !== null && findLeak(value) !== null ? [`${column}: ${value}`] : [],
      ),
    )
    expect(found).toEqual([])
    const same = (column: string): number =>
      before.filter((row, at) => row[column] === after[at]![column]).length
    expect(same('uuid')).toBe(0)
    // Of the numbers of one length, one or two are their own masks: that is a fair shuffle.
    for (const column of ['records', 'name', 'func_string'])
      expect(same(column) / before.length).toBeLessThan(0.01)
  })
})

test('messages that differ stay different, and those of one cause stay one, whatever they are made of', () => {
  const reference = fc
    .tuple(fc.constantFrom('SO', 'INV/2026/', 'WH-OUT-', 'LOT', 'A1B'), fc.nat(99_999))
    .map(([prefix, id]) => `${prefix}${id}`)
  const hex = fc.stringMatching(/^[0-9a-f]{14,40}$/)
  const part = fc.oneof(
    fc.stringMatching(/^[A-Za-z]{2,12}$/),
    fc.constantFrom(
      'timeout',
      'Érable',
      'naïve',
      'ключ',
      'UserError:',
      "can't",
      '=>',
      '5T3',
      '0x1f',
      'v2',
    ),
    fc.nat(9_999_999).map(String),
    reference,
    hex,
    fc.uuid(),
    fc.webUrl({ withQueryParameters: true, withFragments: true }),
    fc.emailAddress(),
    fc.stringMatching(/^'[a-z ]{1,12}'$/),
    fc.stringMatching(/^[A-Za-z0-9]{20,40}$/),
    fc
      .date({ min: new Date('1950-01-01'), max: new Date('2049-12-31'), noInvalidDate: true })
      .map((date) => date.toISOString()),
  )
  const message = fc.array(part, { minLength: 1, maxLength: 6 }).map((parts) => parts.join(' '))
  fc.assert(
    fc.property(fc.array(message, { minLength: 20, maxLength: 40 }), (messages) => {
      // Each a second time with other numbers: the same cause.
      const again = messages.map((text) =>
        text.replaceAll(/\b\d{1,4}\b/g, (run) =>
          String((Number(run) + 1) % 10 ** run.length).padStart(run.length, '0'),
        ),
      )
      const rows = [...messages, ...again].map((text) => ({
        ...JOB,
        exc_name: null,
        exc_message: text,
        result: text,
      }))
      expect(regrouped(rows, maskRows(rows), (row) => signature(row))).toEqual([])
    }),
    { numRuns: 50 },
  )
})
