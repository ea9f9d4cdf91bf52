/**
 * The scorecard on a terminal: the verdict first, then what decides it line by line with its evidence, then what would
 * have happened otherwise. Pure: a report in, text out; colour only where it is asked for.
 */
import { styleText } from 'node:util'
import Table from 'cli-table3'
import { formatDuration } from '../foundation/time.ts'
import type { Counterfactual, Evidence, GradeLine } from '../scoring/score.ts'
import { ENGINE_FAILURES } from '../scoring/verdict.ts'
import { renderDepthChart } from './depth-chart.ts'
import { oneLine } from './one-line.ts'
import type { Report } from './report-json.ts'
import { type Style, VERDICT_STYLE } from './verdict-style.ts'

/** How the scorecard is laid out, and what it cannot know by itself. */
export interface ScorecardOptions {
  readonly color: boolean
  /** Columns of the terminal. */
  readonly width: number
  /** Where the files of the drill stand. */
  readonly directory: string
  /** The command that repeats the drill. */
  readonly repeat: string
}

const GRID_MINUTES = 5
const INDENT = '    '

/** The scorecard as text, ending in a line feed; 60 to 110 columns wide. */
export function renderScorecard(report: Report, options: ScorecardOptions): string {
  const paint = (style: Style, text: string) =>
    options.color ? styleText(style, text, { validateStream: false }) : text
  const width = Math.max(60, Math.min(options.width, 110))
  const lines = [
    ...head(report, paint, width),
    '',
    ...judged(report, paint, width),
    '',
    ...grade(report, paint, width),
    '',
    ...chart(report, paint, width),
    '',
    counterfactuals(report),
    '',
    paint('dim', `files    ${options.directory}`),
    paint('dim', `repeat   ${options.repeat}`),
    paint('dim', `digest   ${report.digest}`),
  ]
  return `${lines.join('\n')}\n`
}

type Paint = (style: Style, text: string) => string

function head(
  { drill, verdict, score, end, reasons, wall, findings }: Report,
  paint: Paint,
  width: number,
): string[] {
  const { postgres } = drill
  const where = `${drill.snapshot}, engine ${drill.engine}, seed ${drill.seed}, PostgreSQL ${postgres.version} ${postgres.kind}`
  return [
    paint('dim', '─'.repeat(width)),
    `${paint(VERDICT_STYLE[verdict], ` ${verdict.toUpperCase()} `)} ${paint('bold', drill.scenario)}  ${score}/100  ${drill.title}`,
    ...wrap(`${where}; ${end}; ${wall.total.toFixed(1)} s`, width, ''),
    ...reasons.flatMap((reason) => wrap(reason, width, '')),
    ...found(findings, Date.parse(drill.startedAt))
      .flatMap((line) => wrap(line, width, ''))
      .map((line) => paint('yellow', line)),
  ]
}

/** `report.json` has all of them. */
const FINDINGS_MAX = 5

/** What was found, each once. What made the engine fail stands among the reasons. */
function found(findings: Report['findings'], startedAt: number): string[] {
  const lines = new Map<string, { readonly at: number; times: number }>()
  for (const { at, code, detail } of findings) {
    if (ENGINE_FAILURES.includes(code)) continue
    const line = code === 'rules-of-another-line' ? `note: ${detail}` : `found: ${code}: ${detail}`
    const known = lines.get(line) ?? { at: Date.parse(at) - startedAt, times: 0 }
    known.times += 1
    lines.set(line, known)
  }
  const told = [...lines].slice(0, FINDINGS_MAX).map(([line, { at, times }]) => {
    if (line.startsWith('note: ')) return line
    return `${line} (${times === 1 ? '' : `${times} times, first `}${formatDuration(at)} after the start)`
  })
  const more = lines.size - told.length
  return more > 0 ? [...told, `found: ${more} more in report.json`] : told
}

function judged({ gates, criteria, verdict }: Report, paint: Paint, width: number): string[] {
  const mark = (held: boolean) => {
    if (held) return paint('green', '✓')
    return verdict === 'inconclusive' ? paint('yellow', '?') : paint('red', '✗')
  }
  return [
    ...gates.flatMap(({ title, held, evidence }) => [
      `${mark(held)} ${paint('bold', title)}`,
      ...proof(evidence, width),
    ]),
    ...criteria.flatMap(({ id, title, met, points, pointsMax, evidence }) => [
      `${mark(met)} ${paint('bold', `${id === 'control' ? '' : `${id} `}${title}`)}  ${paint('dim', `${number(points)}/${number(pointsMax)}`)}`,
      ...proof(evidence, width),
    ]),
  ]
}

function proof(evidence: readonly Evidence[], width: number): string[] {
  return evidence.flatMap(({ text }) => wrap(text, width, INDENT))
}

function grade({ grade: list, speed }: Report, paint: Paint, width: number): string[] {
  const after = (seconds: number | null) =>
    seconds === null ? 'never' : `after ${formatDuration(seconds * 1000)}`
  const bound =
    speed.lowerBound === null ? '' : ` (at best ${formatDuration(speed.lowerBound * 1000)})`
  const times =
    speed.firstSignalAt === null
      ? 'no signal in the truth'
      : `${detected(speed.detectedAfter)}, mitigated ${after(speed.mitigatedAfter)}, recovered ${after(speed.recoveredAfter)}${bound}`
  const earned = ({ title, points, pointsMax }: GradeLine) =>
    `${title} ${number(points)}/${number(pointsMax)}`
  // Why points are missing is what a reader asks; full marks need no proof here, report.json has it.
  const missing = list.filter(({ points, pointsMax }) => points < pointsMax)
  return [
    ...wrap(times, width, ''),
    ...wrap(list.map(earned).join(', '), width, ''),
    ...missing.flatMap((line) => {
      const why = line.evidence.map(({ text }) => text).join('; ')
      return wrap(`${earned(line)}: ${why}`, width, INDENT).map((text) => paint('dim', text))
    }),
  ]
}

/** An engine that acted before there was anything to see detected nothing. */
function detected(seconds: number | null): string {
  if (seconds === null) return 'never detected'
  const duration = formatDuration(Math.abs(seconds) * 1000)
  return seconds < 0 ? `acted ${duration} before the first signal` : `detected after ${duration}`
}

function chart(
  { timeline, counterfactuals: others }: Report,
  paint: Paint,
  width: number,
): string[] {
  const own = timeline.map(({ dueBacklog }) => dueBacklog)
  return [
    paint('dim', 'jobs due and not finished: █ this engine, · nobody acts'),
    ...renderDepthChart(own, others.noop.dueBacklog, {
      width: width - 8,
      minutesPerPoint: GRID_MINUTES,
    }),
  ]
}

function counterfactuals({ counterfactuals: others }: Report): string {
  const { engine, noop, retryAll } = others
  const three = [engine, noop, retryAll]
  const table = new Table({
    head: ['', `this engine`, 'nobody acts', 'everything retried'],
    colAligns: ['left', 'right', 'right', 'right'],
    style: { head: [], border: [], compact: true },
  })
  const row = (name: string, value: (run: Counterfactual) => string | number) =>
    table.push([name, ...three.map((run) => String(value(run)))])
  row('duplicates (any cause)', (run) => run.duplicates)
  row('stale overwrites (any)', (run) => run.staleOverwrites)
  row('jobs lost', (run) => run.lost)
  row('critical jobs in their SLA', ({ slaShare }) =>
    slaShare === null ? '-' : `${(Math.floor(slaShare * 1000) / 10).toFixed(1)} %`,
  )
  row('due backlog, peak', (run) => run.dueBacklogPeak)
  row('due backlog, end', (run) => run.dueBacklogAtEnd)
  row('jobs done', (run) => run.done)
  row('jobs failed at the end', (run) => run.failed)
  return table.toString()
}

/** Breaks at spaces; a word longer than the line stands alone. What an engine says must not steer the terminal. */
function wrap(text: string, width: number, indent: string): string[] {
  const lines: string[] = []
  let line = ''
  for (const word of oneLine(text).split(' ')) {
    if (line !== '' && indent.length + line.length + 1 + word.length > width) {
      lines.push(indent + line)
      line = word
    } else line = line === '' ? word : `${line} ${word}`
  }
  return [...lines, indent + line]
}

function number(points: number): string {
  return String(Math.round(points * 10) / 10)
}
