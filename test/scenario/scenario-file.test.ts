import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { HOUR, MINUTE } from '../../src/foundation/time.ts'
import { checkScenario, parseScenario } from '../../src/scenario/scenario-file.ts'

const SMALL = `title: A title
summary: A story
snapshot: company-25k
faults:
  - kind: target-down
    roles: [webhook]
    from: 10m
    until: 80m
    answer: hang
`

/** Each problem as `line:column text`. */
function problemsOf(text: string): string[] {
  return checkScenario(text, 'x.yaml').problems.map(
    ({ position, text: problem }) => `${position.line}:${position.column} ${problem}`,
  )
}

describe('a scenario file', () => {
  test('becomes a scenario with every default filled in, but for the host: a snapshot may know it', () => {
    expect(parseScenario(SMALL, 'some/where/my-drill.yaml')).toEqual({
      name: 'my-drill',
      title: 'A title',
      summary: 'A story',
      snapshot: 'company-25k',
      control: false,
      durationMs: 3 * HOUR,
      checkEveryMs: 5 * MINUTE,
      timeZone: 'UTC',
      host: {},
      faults: [
        {
          kind: 'target-down',
          roles: ['webhook'],
          fromMs: 10 * MINUTE,
          untilMs: 80 * MINUTE,
          answer: 'hang',
        },
      ],
      automations: [],
      thresholds: {
        touchedMin: 1000,
        drainingFactor: 1.25,
        drainingSlack: 20,
        drainingSteps: 3,
        returnCount: 5,
        returnFactor: 3,
        watchMinMs: 30 * MINUTE,
        watchMaxMs: 2 * HOUR,
        slaShare: 0.95,
        workersFactor: 2,
        detectFullMs: 15 * MINUTE,
        openEarliestMs: 10 * MINUTE,
      },
    })
  })

  test('holds of the host what the file says, of the thresholds all', () => {
    const scenario = parseScenario(
      `${SMALL}host: { limitTimeReal: 3600s, httpWorkers: 20 }\nthresholds: { touchedMin: 200 }\n`,
      'x.yaml',
    )
    expect(scenario.host).toEqual({ limitTimeRealMs: HOUR, httpWorkers: 20 })
    expect(scenario.thresholds.touchedMin).toBe(200)
    expect(scenario.thresholds.drainingFactor).toBe(1.25)
  })

  test('knows every kind of fault', () => {
    const scenario = parseScenario(
      `title: t
summary: s
snapshot: x
faults:
  - { kind: target-down, roles: [a], answer: refuse }
  - { kind: target-slow, roles: [a, b], from: 1h 30m, factor: 4 }
  - { kind: answers-after-effect, roles: [a] }
  - { kind: credential-missing, roles: [a], until: 90s }
  - { kind: workers-killed, at: 10m, workers: 6 }
  - { kind: arrivals-burst, roles: [a], factor: 2.5 }
`,
      'x.yaml',
    )
    expect(scenario.faults).toEqual([
      { kind: 'target-down', roles: ['a'], fromMs: 0, untilMs: null, answer: 'refuse' },
      { kind: 'target-slow', roles: ['a', 'b'], fromMs: 5_400_000, untilMs: null, factor: 4 },
      { kind: 'answers-after-effect', roles: ['a'], fromMs: 0, untilMs: null },
      { kind: 'credential-missing', roles: ['a'], fromMs: 0, untilMs: 90_000 },
      { kind: 'workers-killed', fromMs: 600_000, untilMs: null, workers: 6 },
      { kind: 'arrivals-burst', roles: ['a'], fromMs: 0, untilMs: null, factor: 2.5 },
    ])
  })

  test('takes an automation of all failed jobs, or of the newer ones only', () => {
    const { automations } = parseScenario(
      `${SMALL}automations:
  - { name: all, description: d, kind: requeue-failed, every: 10m }
  - { name: newer, description: d, kind: requeue-failed, every: 1h, from: 5m, newerThan: 1d }
`,
      'x.yaml',
    )
    expect(automations.map(({ newerThanMs }) => newerThanMs)).toEqual([null, 24 * HOUR])
    expect(automations[1]).toMatchObject({ everyMs: HOUR, fromMs: 5 * MINUTE })
  })

  test('is frozen through and through', () => {
    const scenario = parseScenario(SMALL, 'x.yaml')
    expect(Object.isFrozen(scenario.faults[0])).toBe(true)
    expect(Object.isFrozen(scenario.host)).toBe(true)
    expect(() => (scenario.faults as unknown[]).push(1)).toThrow(TypeError)
  })

  test('may resolve anchors, and problems inside an alias are told where the anchor stands', () => {
    const text = `${SMALL}  - &second
    kind: credential-missing
    roles: [stock]
    until: 1h
  - *second
`
    expect(parseScenario(text, 'x.yaml').faults).toHaveLength(3)
    expect(problemsOf(text.replace('until: 1h', 'until: soon'))[1]).toMatch(/^13:12 faults\[2\]/)
  })
})

describe('what is wrong with a scenario file is told with line and column:', () => {
  test.each([
    ['an unknown key', 'tittle: x', /^10:1 unknown key "tittle" \(did you mean "title"\?\); allow/],
    [
      'an unknown key far inside',
      'host: { cpuCore: 2 }',
      /^10:9 host: unknown key "cpuCore" \(did/,
    ],
    ['a duration without a unit', 'duration: 30', /^10:11 duration: must be a number and its unit/],
    ['a duration in words', 'duration: soon', /^10:11 duration: .* not "soon"$/],
    ['a drill that is too short', 'duration: 9m', /^10:11 duration: must be at least 10m$/],
    ['a text instead of a number', 'host: { cpuCores: two }', /^10:19 host.cpuCores: .*not "two"$/],
    ['a share above 1', 'thresholds: { slaShare: 95 }', /^10:25 thresholds.slaShare: must be at m/],
    ['a time zone that does not exist', 'timeZone: Europe/Berln', /^10:11 .*"Europe\/Berlin"\?/],
    ['a time zone that is an offset', "timeZone: '+02:00'", /^10:11 .*is not a time zone/],
    ['a channel text', "host: { channels: 'root:x' }", /^10:19 host.channels: .*"root:x"/],
    [
      'checks rarer than the drill is long',
      'checkEvery: 4h',
      /^10:13 checkEvery: must not be long/,
    ],
    ['a control scenario with faults', 'control: true', /^5:3 faults: a control scenario has no/],
    ['a watch window upside down', 'thresholds: { watchMax: 20m }', /^10:25 .*at least `watchMin`/],
    ['a key that stands twice', 'title: again', /^10:1 this key stands here a second time$/],
    ['a second document', '---\ntitle: b', /^10:1 a second document begins here/],
    ['what is no YAML', 'name: "open', /^11:1 not YAML/],
    [
      'two automations of one name',
      'automations:\n  - &a { name: n, description: d, kind: requeue-failed, every: 5m }\n  - *a',
      /^11:1[0-9] automations\[1\].name: "n" is the name of an automation above$/,
    ],
  ])('%s', (_what, addition, expected) => {
    expect(problemsOf(`${SMALL}${addition}\n`)).toEqual([expect.stringMatching(expected)])
  })

  test.each([
    ['an unknown kind', 'kind: target-dwn', /^5:11 faults\[0\].kind: must be .*"target-down"\?\)$/],
    ['a fault without a kind', '', /^5:5 faults\[0\].kind: is missing; kind must be/],
    ['an answer that nobody gives', 'answer: hnag', /^9:13 faults\[0\].answer: .*mean "hang"\?\)$/],
    ['an end before the beginning', 'until: 5m', /^8:12 faults\[0\].until: must be later/],
    [
      'a role named twice',
      'roles: [webhook, webhook]',
      /^6:12 faults\[0\].roles: names a role twi/,
    ],
    ['no role', 'roles: []', /^6:12 faults\[0\].roles: must not be empty$/],
    [
      'a role of strange letters',
      'roles: [Web hook]',
      /^6:13 faults\[0\].roles\[0\]: must be a wo/,
    ],
  ])('%s', (_what, line, expected) => {
    const key = line === '' ? 'kind' : line.split(':')[0]!
    const text = SMALL.replace(new RegExp(`${key}: .*\n(    )?`), line === '' ? '' : `${line}\n$1`)
    expect(problemsOf(text)).toEqual([expect.stringMatching(expected)])
  })

  test('several problems come together, in the order of the file', () => {
    expect(() => parseScenario(`titel: x\nfaults: 3\nduration: 1\n`, 'my.yaml')).toThrow(
      [
        'my.yaml:1:1: title: is missing',
        'my.yaml:1:1: summary: is missing',
        'my.yaml:1:1: snapshot: is missing',
        'my.yaml:1:1: unknown key "titel" (did you mean "title"?); allowed: name, title, summary, ' +
          'snapshot, control, duration, checkEvery, timeZone, host, faults, automations, thresholds',
        'my.yaml:2:9: faults: must be a list, not 3',
        'my.yaml:3:11: duration: must be a number and its unit (ms, s, m, h, d), such as 90s, 30m ' +
          'or 1h 30m, not 1',
      ].join('\n'),
    )
  })

  test.each(['', '# only a comment\n', '- a\n', 'text\n', '3\n'])(
    'a file that holds %j',
    (text) => {
      expect(problemsOf(text)).toEqual([expect.stringMatching(/must be a block of keys/)])
    },
  )

  test('whatever the text, there is a scenario or a problem with a place, never a crash', () => {
    const line = fc.constantFrom(
      ...SMALL.split('\n'),
      'a: &a [*a]',
      'faults: [[]]',
      '  - ',
      ': :',
      '? x',
      '!!binary a',
      '\t',
      'host:',
      '__proto__: 1',
    )
    const text = fc.oneof(
      fc.string(),
      fc.array(line).map((lines) => lines.join('\n')),
    )
    fc.assert(
      fc.property(text, (source) => {
        const { value, problems } = checkScenario(source, 'x.yaml')
        expect(value === null).toBe(problems.length > 0)
        for (const { position } of problems) {
          expect(position.line).toBeGreaterThan(0)
          expect(position.column).toBeGreaterThan(0)
        }
      }),
      { numRuns: 500, seed: 1 },
    )
  })
})
