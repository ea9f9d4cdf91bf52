import { describe, expect, test } from 'vitest'
import { SERIES, schemaOf } from '../../../src/queue-job/series.ts'
import type { Series } from '../../../src/queue-job/series.ts'
import { detect } from '../../../src/snapshot/capture/detect.ts'
import type { Source } from '../../../src/snapshot/capture/source.ts'

/** What a database of a series shows; nothing of Odoo's own tables can be read. */
function sourceOf(series: Series, { lock = false, extra = {}, ...facts }: Changes = {}): Source {
  const { tables } = schemaOf(series, { lock, extra: { queue_job_function: extra } })
  return {
    tables: new Map(
      Object.entries(tables).map(([table, columns]) => [
        table as 'queue_job',
        Object.entries(columns).map(([name, definition]) => ({
          name,
          type: definition.split(' ')[0]!,
          readable: true,
        })),
      ]),
    ),
    addonVersion: null,
    baseVersion: null,
    requeueCron: undefined,
    serverVersion: '15.8',
    now: 0,
    standbyBehindMs: null,
    indexedById: true,
    ...facts,
  }
}

type Changes = Partial<Source> & { lock?: boolean; extra?: Record<string, string> }

describe('series', () => {
  test.each(SERIES)('%s is what its addon says', (series) => {
    const found = detect(sourceOf(series, { addonVersion: `${series}.1.2.3` }), {})
    expect(found.series).toBe(series)
    expect(found.reason).toContain(`module queue_job is installed as ${series}.1.2.3`)
  })

  test.each([
    ['12.0', '16.0', 'a guess'],
    ['13.0', '13.0', 'record_ids'],
    ['14.0', '16.0', 'a guess'],
    ['16.0', '16.0', 'a guess'],
    ['17.0', '17.0', 'message_main_attachment_id'],
    ['18.0', '18.0', 'jsonb'],
    ['19.0', '18.0', 'jsonb'],
  ] as const)('of %s by its columns alone is %s, because of %s', (series, found, reason) => {
    const detected = detect(sourceOf(series), {})
    expect(detected.series).toBe(found)
    expect(detected.reason).toContain(reason)
  })

  test('that is told is not questioned', () => {
    const source = sourceOf('16.0', { addonVersion: '16.0.2.6.8' })
    expect(detect(source, { series: '14.0', profile: '2025' })).toEqual({
      series: '14.0',
      profile: '2025',
      reason: 'Odoo 14.0: as --series says; addon 2025: as --profile says',
    })
  })

  test('that nobody knows is an input error', () => {
    expect(() => detect(sourceOf('16.0', { baseVersion: '11.0.1.3' }), {})).toThrow(
      'module base is installed as 11.0.1.3, and queue-drill knows Odoo 12.0',
    )
  })
})

test.each([
  ['12.0', {}, '12.0', 'the only line'],
  ['13.0', {}, '12.0', 'its runner is that of 12.0'],
  [
    '16.0',
    { requeueCron: true },
    '2024',
    'no table queue_job_lock, the cron "Jobs Garbage Collector" is active',
  ],
  ['16.0', { lock: true, requeueCron: false }, '2025', 'is switched off'],
  ['18.0', { lock: true, requeueCron: null }, '2025', 'no cron'],
  ['18.0', { lock: true, extra: { allow_commit: 'bool' } }, '2026', 'allow_commit'],
  ['19.0', { lock: true }, '2026', '19.0 began'],
  ['18.0', { addonVersion: '18.0.1.2.9' }, '2024', 'module queue_job is 18.0.1.2.9'],
  ['18.0', { addonVersion: '18.0.1.3.0', lock: true }, '2025', 'module queue_job is 18.0.1.3.0'],
  ['18.0', { addonVersion: '18.0.2.10.1' }, '2026', 'module queue_job is 18.0.2.10.1'],
  [
    '16.0',
    { addonVersion: '16.0.2.6.8', lock: true },
    '2025',
    'no queue_job_function.allow_commit',
  ],
] as const)('Odoo %s with %j is the addon of %s: %s', (series, facts, profile, reason) => {
  const detected = detect(sourceOf(series, facts), { series })
  expect(detected.profile).toBe(profile)
  expect(detected.reason).toContain(reason)
})
