/** Numbers of failures that stay, because an operator and `snapshot map` read them. */
import { expect, test } from 'vitest'
import { findLeak } from '../../../src/snapshot/leaks/scan.ts'
import { JOB, maskRow } from './rows.ts'

function masked(text: string): string {
  const row = maskRow({ ...JOB, exc_message: text, result: text })
  expect(row['result']).toBe(row['exc_message'])
  return row['result']!
}

test.each([
  'Read timed out. (read timeout=30)',
  '(connect timeout=5.05)',
  'timeout of 1200 exceeded',
  'Timeout of 30.0 seconds',
  'request timed out after 60 seconds',
  '404 Client Error',
  '[Errno 111] Connection refused',
])('%s stays', (text) => {
  expect(masked(text)).toBe(text)
})

test('in a traceback, too', () => {
  const traceback = [
    'Traceback (most recent call last):',
    '  File "/opt/odoo/odoo/addons/queue_job/job.py", line 507, in perform',
    'requests.exceptions.ReadTimeout: Read timed out. (read timeout=45)',
  ].join('\n')
  expect(maskRow({ ...JOB, exc_info: traceback })['exc_info']).toContain('(read timeout=45)')
})

test.each([
  ['timeout=30000', 30_000],
  ['timeout=30.12345', 12_345],
  ['timeout 30', 30],
  ['timeouts=30', 30],
  ['order 4300 (timeout=30)', 4300],
  ['timeout=30, order 4300', 4300],
])('%j: %d is masked', (text, number) => {
  expect(masked(text)).not.toMatch(new RegExp(`(?<!=)\\b${number}\\b|=${number}$`))
})

test('nothing that can be told as personal hides behind a time-out', () => {
  for (const secret of [
    '4111111111111111',
    '5500 0055 5555 5559',
    '06 12 34 56 78',
    '203.0.114.77',
  ]) {
    const text = masked(`timeout=${secret}`)
    expect(text).not.toContain(secret)
    expect(findLeak(text)).toBeNull()
  }
})
