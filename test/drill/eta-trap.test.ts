import { expect, it } from 'vitest'
import { etaTrap } from '../../src/drill/eta-trap.ts'
import { formatPgTimestamp, HOUR, MINUTE } from '../../src/foundation/time.ts'
import type { AuditedStatement } from '../../src/sandbox/sandbox.ts'

const NOW = Date.parse('2026-11-17T10:30:00Z')

const pushed = (aheadMs: number, changes: Partial<AuditedStatement> = {}): AuditedStatement => ({
  op: 'update',
  viaOperation: false,
  rows: [1, 2].map((id) => ({ id, changed: { eta: [null, formatPgTimestamp(NOW + aheadMs)] } })),
  ...changes,
})

it('a quarantine of half an hour in New York lies four and a half hours back', () => {
  expect(etaTrap([pushed(-4.5 * HOUR)], NOW, 'America/New_York')).toBe(
    "eta of 2 jobs was set to 4h 30m ago, which is 30m from now in America/New_York: eta is UTC, say now() at time zone 'UTC'",
  )
})

it('and in Kolkata lasts six hours', () => {
  expect(etaTrap([pushed(6 * HOUR)], NOW, 'Asia/Kolkata')).toContain('was set to 6h ahead')
})

it.each([
  ['UTC', pushed(30 * MINUTE)],
  ['America/New_York', pushed(30 * MINUTE)],
  ['America/New_York', pushed(-4.5 * HOUR, { viaOperation: true })],
  ['America/New_York', pushed(-12 * HOUR)],
  ['Asia/Kolkata', pushed(HOUR)],
  [
    'America/New_York',
    pushed(-4.5 * HOUR, { rows: [{ id: 1, changed: { eta: [formatPgTimestamp(NOW), null] } }] }),
  ],
] as const)('nothing is said in %s otherwise', (timeZone, statement) => {
  expect(etaTrap([statement], NOW, timeZone)).toBeNull()
})
