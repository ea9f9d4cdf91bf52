/** By what a drill groups rows, and whether two lists of the same rows group alike. */
import { signatureOf } from '../../../src/queue-job/signature.ts'
import type { Row } from './rows.ts'

export function signature(
  row: Row,
  columns: readonly string[] = ['exc_name', 'exc_message'],
): string | null {
  const value = (column: string): string | null => row[column] ?? null
  return signatureOf({
    jobFunction: `${row['model_name']}.${row['method_name']}`,
    excName: columns.includes('exc_name') ? value('exc_name') : null,
    excMessage: columns.includes('exc_message') ? value('exc_message') : null,
    excInfo: value('exc_info'),
    result: value('result'),
  })
}

/** The lines under which the rows group, by what they were before and by what they are: one to one, or a list of why not. */
export function regrouped(
  before: readonly Row[],
  after: readonly Row[],
  by: (row: Row) => string | null,
): string[] {
  const to = new Map<string | null, string | null>()
  const from = new Map<string | null, string | null>()
  const wrong: string[] = []
  before.forEach((row, index) => {
    const [old, masked] = [by(row), by(after[index]!)]
    if (!to.has(old) && !from.has(masked)) {
      to.set(old, masked)
      from.set(masked, old)
    } else if (to.get(old) !== masked || from.get(masked) !== old) wrong.push(`${old} -> ${masked}`)
  })
  return wrong
}

export function counts(
  rows: readonly Row[],
  by: (row: Row) => string | null,
): Map<string | null, number> {
  const result = new Map<string | null, number>()
  for (const row of rows) result.set(by(row), (result.get(by(row)) ?? 0) + 1)
  return result
}

/** State, channel and function stay readable; of the signature, what it is made of may have other words. */
export function failureGroup(row: Row): string {
  return [
    row['state'],
    row['channel'],
    signature(row) ?? `${row['model_name']}.${row['method_name']}`,
  ].join(' / ')
}
