/** `queue-drill.yaml`: what it may say, and how wrong lines are told. */
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { parseWeekly } from '../../../src/drill/weekly/config-file.ts'
import { weeklyTemplate } from '../../../src/drill/weekly/template.ts'

const PATH = '/srv/drill/queue-drill.yaml'

describe('the file that init writes', () => {
  test('is valid as it stands', () => {
    expect(parseWeekly(weeklyTemplate('x.json'), PATH)).toMatchObject({
      snapshot: 'company-60k',
      capture: null,
      scenarios: ['quiet-day', 'dead-webhook'],
      seeds: [1],
      weekSeed: true,
      failUnder: null,
    })
  })

  test('is valid with everything in it that it says about captures', () => {
    const text = weeklyTemplate('x.json')
      .replace(/^snapshot:.*$/m, '')
      .replaceAll(/^# (capture:|  \w+:|failUnder)/gm, '$1')
    expect(parseWeekly(text, PATH)).toMatchObject({
      snapshot: null,
      failUnder: 70,
      capture: {
        from: 'env:QUEUE_DRILL_FROM',
        to: '/srv/drill/.queue-drill/snapshots',
        operations: '/srv/drill/operations.yaml',
        odooConf: '/etc/odoo/odoo.conf',
        doneDays: 14,
        policy: null,
      },
    })
  })
})

test('paths count from the file, names of bundled things stay names', () => {
  const config = parseWeekly(
    'snapshot: ../snap\nengine: ./mine.mjs\nscenarios: [dead-webhook, "my/*.yaml"]\n',
    PATH,
  )
  expect(config).toMatchObject({
    snapshot: '/srv/snap',
    engine: '/srv/drill/mine.mjs',
    scenarios: ['dead-webhook', '/srv/drill/my/*.yaml'],
    out: join('/srv/drill', '.queue-drill/weekly'),
  })
})

test.each([
  ['snapshot: a\nscenario: [x]\n', '2:1: unknown key "scenario" (did you mean "scenarios"?)'],
  ['engine: runbook\n', '1:1: snapshot: is missing'],
  ['snapshot: a\ncapture: {}\n', '2:10: capture: stands beside `snapshot`'],
  ['capture:\n  from: mysql://x\n', '2:9: capture.from: must be env:NAME'],
  ['snapshot: a\nseeds: [1, two]\n', '2:12: seeds[1]: must be a number, not "two"'],
  ['snapshot: a\nseeds: []\nweekSeed: false\n', '2:8: seeds: is empty'],
  ['snapshot: a\npostgres: docker\n', '2:11: postgres: must be auto, embedded'],
  ['snapshot: a\nfailUnder: 101\n', '2:12: failUnder: must be at most 100, not 101'],
])('%j is told with its place', (text, message) => {
  expect(() => parseWeekly(text, 'queue-drill.yaml')).toThrow(`queue-drill.yaml:${message}`)
})
