import { stripVTControlCharacters } from 'node:util'
import { describe, expect, test } from 'vitest'
import { renderDepthChart } from '../../src/report/depth-chart.ts'
import type { Report } from '../../src/report/report-json.ts'
import { renderScorecard } from '../../src/report/scorecard.ts'
import { failed, inconclusive, passed, unsafe } from './sample.ts'

const REPEAT = 'queue-drill run by-hand --engine by-hand --seed 1'
const render = (report: Report, options: { color?: boolean; width?: number } = {}) =>
  renderScorecard(report, {
    color: false,
    width: 100,
    directory: '/runs/by-hand',
    repeat: REPEAT,
    ...options,
  })

describe('the scorecard', () => {
  test('tells the verdict first, then one line a gate and criterion with its evidence', () => {
    const lines = render(passed()).split('\n')
    expect(lines[1]).toBe(' PASS  by-hand  100/100  A journal by hand')
    const marked = lines.filter((line) => line.startsWith('✓'))
    expect(marked).toEqual([
      '✓ No duplicate side effect, no stale overwrite',
      '✓ Nothing lost',
      '✓ Sandbox not tampered with',
      '✓ E1 The due backlog drains  12.5/12.5',
      '✓ E2 No signature of the incident returns  12.5/12.5',
      '✓ E3 Critical jobs finish within their SLA  12.5/12.5',
      '✓ E4 Left clean  12.5/12.5',
    ])
    for (const line of marked) expect(lines[lines.indexOf(line) + 1]).toMatch(/^ {4}\S/)
  })

  test('names duplicates with both executions and the write that caused them', () => {
    const text = render(unsafe()).replaceAll(/\s+/g, ' ')
    expect(text).toContain(' UNSAFE by-hand 0/100')
    expect(text).toContain('✗ No duplicate side effect, no stale overwrite 3 duplicates')
    expect(text).toMatch(
      /sale\.order\.push 5030: happened by job 5030, run \d+ \(09:47:01\), again by job 5030, run \d+ \(10:01:01\); cause: engine write 6 \(update of 3 rows at 10:00:00\)/,
    )
  })

  test('names each finding once, with its first moment; what made the engine fail is a reason', () => {
    const report = passed()
    const startedAt = Date.parse(report.drill.startedAt)
    const finding = (minutes: number, code: string, detail: string) =>
      ({
        at: new Date(startedAt + minutes * 60_000).toISOString(),
        code,
        detail,
      }) as Report['findings'][number]
    const findings = [
      finding(5, 'denied', '2 statements'),
      finding(10, 'denied', '2 statements'),
      finding(10, 'engine-threw', 'oh'),
      ...[1, 2, 3, 4, 5, 6].map((number) => finding(15, 'slept-in-sql', `${number} times`)),
    ]
    const lines = render({ ...report, findings }).split('\n')
    expect(lines.filter((line) => line.startsWith('found: '))).toEqual([
      'found: denied: 2 statements (2 times, first 5m after the start)',
      ...[1, 2, 3, 4].map((number) => `found: slept-in-sql: ${number} times (15m after the start)`),
      'found: 2 more in report.json',
    ])
    expect(lines.join('\n')).not.toContain('engine-threw')
  })

  test('tells why points are missing', () => {
    const report = passed()
    const grade = report.grade.map((line) =>
      line.id === 'detect' ? { ...line, points: 3.5, evidence: [{ text: 'too hasty' }] } : line,
    )
    expect(render({ ...report, grade })).toContain('    Detected 3.5/7: too hasty\n')
    expect(render(report)).not.toContain('    Detected')
  })

  test('marks what an inconclusive drill leaves open instead of condemning it', () => {
    const text = render(inconclusive())
    expect(text).toContain(' INCONCLUSIVE ')
    expect(text).toContain('? E1 The due backlog drains')
    expect(text).not.toContain('✗')
  })

  test('shows the three worlds, where the files are, and how to repeat the drill', () => {
    const text = render(passed())
    expect(text).toMatch(/this engine +│ nobody acts +│ everything retried/)
    expect(text).toMatch(/due backlog, peak +│ +75 │ +150 │ +150 │/)
    expect(text).toContain('files    /runs/by-hand\n')
    expect(text).toContain(`repeat   ${REPEAT}\n`)
  })

  test.each([80, 100])('fits into %i columns', (width) => {
    for (const report of [passed(), unsafe(), failed(), inconclusive()]) {
      // The digest is a word that is longer than the line and stands alone.
      const lines = render(report, { width })
        .split('\n')
        .filter((line) => !line.startsWith('digest'))
      expect(Math.max(...lines.map(({ length }) => length))).toBeLessThanOrEqual(width)
    }
  })

  test('says the same with colour and without', () => {
    const coloured = render(unsafe(), { color: true })
    expect(coloured).toContain('\u001B[')
    expect(stripVTControlCharacters(coloured)).toBe(render(unsafe()))
  })

  test('lets nothing that an engine says steer the terminal', () => {
    const text = render(failed())
    expect(text).toContain('engine-threw: Error: no')
    expect(text).not.toContain('\u001B')
  })
})

describe('the depth chart', () => {
  test('has seven lines and an axis, this engine in blocks, nobody acting in dots above', () => {
    expect(
      renderDepthChart([0, 35, 70, 35, 0, 0, 0], [0, 35, 70, 140, 70, 35, 0], {
        width: 60,
        minutesPerPoint: 5,
      }),
    ).toEqual([
      '140 ┤   ·',
      '    ┤   ·',
      '    ┤   ·',
      '    ┤  ▄··',
      '    ┤  █··',
      '    ┤ ▆█▆··',
      '  0 ┤ ███··',
      '     0h    0h30',
    ])
  })

  test('keeps peaks where several points share a column', () => {
    const values = Array.from({ length: 200 }, (_, index) => (index === 101 ? 80 : 0))
    const lines = renderDepthChart(values, [], { width: 50, minutesPerPoint: 5 })
    expect(lines[0]).toBe(`80 ┤${' '.repeat(25)}█`)
    expect(Math.max(...lines.map(({ length }) => length))).toBeLessThanOrEqual(58)
  })

  test('an empty queue is an empty chart', () => {
    const lines = renderDepthChart([0, 0], [0, 0], { width: 50, minutesPerPoint: 5 })
    expect(lines.slice(0, 7).join('')).not.toMatch(/[▁-█·]/)
  })
})
