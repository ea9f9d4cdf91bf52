/**
 * What a test may expect of a drill, and the words for when it does not hold: what was expected, what came out, the
 * evidence line by line, and how to play the drill again. Pure; `vitest.ts` makes matchers of it.
 */
import { DrillError } from '../foundation/errors.ts'
import { formatDuration, parseDuration, SECOND } from '../foundation/time.ts'
import { count } from '../scoring/evidence.ts'
import type { Criterion, Evidence } from '../scoring/score.ts'
import { ENGINE_FAILURES } from '../scoring/verdict.ts'
import { oneLine } from './one-line.ts'
import type { Report } from './report-json.ts'

/** What `drill()` gives, or the report alone. */
export type Judged =
  | Report
  | {
      readonly report: Report
      readonly repeat?: string | undefined
      readonly directory?: string | null | undefined
    }

export interface Expectation {
  /** Null: the drill decided nothing, which proves neither this nor its opposite. */
  readonly holds: boolean | null
  /** Why it fails; where it holds, why its opposite does. */
  readonly message: () => string
}

/** Verdict `pass`. */
export function passing(subject: unknown): Expectation {
  const judged = judgedOf(subject, 'toPass')
  const { report } = judged
  const holds = report.verdict === 'pass'
  return {
    holds,
    message: () =>
      holds
        ? told(judged, 'not to pass, but it passed', report.reasons.map(oneLine))
        : told(judged, `to pass, but it ${WORDS[report.verdict]}`, failures(report)),
  }
}

const WORDS: Readonly<Record<Report['verdict'], string>> = {
  pass: 'passed',
  fail: 'failed',
  unsafe: 'was unsafe',
  inconclusive: 'decided nothing',
  error: 'could not be finished',
}

/** All exit criteria, or those that are named. Throws DrillError `input` for an id that the drill has not. */
export function meetingExitCriteria(subject: unknown, ids: readonly string[]): Expectation {
  const judged = judgedOf(subject, 'toMeetExitCriteria')
  const { criteria, drill } = judged.report
  const known = criteria.map(({ id }) => id)
  const unknown = ids.filter((id) => !known.some((each) => each === id))
  if (unknown.length > 0) {
    throw new DrillError(
      'input',
      `toMeetExitCriteria: ${drill.scenario} has no criterion ${unknown.join(', ')}; it has ${known.join(', ')}`,
    )
  }
  const asked = criteria.filter(({ id }) => ids.length === 0 || ids.includes(id))
  const unmet = asked.filter(({ met }) => !met)
  const names = ids.length === 0 ? 'its exit criteria' : ids.join(', ')
  const missed = `${unmet.map(({ id }) => id).join(', ')} ${unmet.length === 1 ? 'was' : 'were'} not met`
  return ofDecided(judged, unmet.length === 0, (holds) =>
    holds
      ? told(judged, `not to meet ${names}, but it did`, asked.flatMap(criterion))
      : told(judged, `to meet ${names}, but ${missed}`, [
          ...engineFailures(judged.report),
          ...unmet.flatMap(criterion),
        ]),
  )
}

/** No duplicate side effect and no stale overwrite that the engine owns. */
export function causingNoDuplicates(subject: unknown): Expectation {
  const judged = judgedOf(subject, 'toCauseNoDuplicates')
  const { effects, gates } = judged.report
  const { duplicates, staleOverwrites } = effects
  const caused = `${count(duplicates, 'duplicate')} and ${count(staleOverwrites, 'stale overwrite')}`
  const lines = gates
    .filter(({ id }) => id === 'no-duplicates')
    .flatMap(({ title, held, evidence }) => [line(held, title), ...proof(evidence)])
  return ofDecided(judged, duplicates + staleOverwrites === 0, (holds) =>
    holds
      ? told(judged, 'to cause duplicates, but it caused none', lines)
      : told(judged, `to cause no duplicates, but it caused ${caused}`, lines),
  )
}

/** `limit` such as `40m`, after the fault began to bite. Throws DrillError `input` for what is no duration. */
export function recoveringWithin(subject: unknown, limit: string): Expectation {
  const judged = judgedOf(subject, 'toRecoverWithin')
  const { drill, speed, criteria } = judged.report
  const limitSeconds = parseDuration(limit) / SECOND
  if (drill.control) {
    throw new DrillError(
      'input',
      `toRecoverWithin: ${drill.scenario} is a control scenario, there is nothing to recover from`,
    )
  }
  const { recoveredAfter: after } = speed
  const came = after === null ? 'it never recovered' : `it recovered after ${duration(after)}`
  const unmet = criteria.filter(({ id, met }) => !met && (id === 'E1' || id === 'E3'))
  return ofDecided(judged, after !== null && after <= limitSeconds, (holds) =>
    told(judged, `${holds ? 'not ' : ''}to recover within ${limit}, but ${came}`, [
      ...speedOf(judged.report),
      ...(holds ? [] : unmet.flatMap(criterion)),
    ]),
  )
}

function ofDecided(
  judged: JudgedReport,
  holds: boolean,
  message: (holds: boolean) => string,
): Expectation {
  const { verdict, reasons } = judged.report
  if (verdict !== 'inconclusive' && verdict !== 'error') {
    return { holds, message: () => message(holds) }
  }
  const what = `to prove something, but it ${WORDS[verdict]}`
  return { holds: null, message: () => told(judged, what, reasons.map(oneLine)) }
}

function speedOf({ speed, grade }: Report): string[] {
  const { detectedAfter, mitigatedAfter, lowerBound } = speed
  const after = (seconds: number | null) => (seconds === null ? 'never' : duration(seconds))
  const bound = lowerBound === null ? '' : `, at best ${duration(lowerBound)}`
  return [
    `detected after ${after(detectedAfter)}, mitigated after ${after(mitigatedAfter)}${bound}`,
    ...proof(grade.filter(({ id }) => id === 'recover').flatMap(({ evidence }) => evidence)),
  ]
}

function duration(seconds: number): string {
  return formatDuration(seconds * SECOND)
}

interface JudgedReport {
  readonly report: Report
  readonly repeat: string | null
  readonly directory: string | null
}

function judgedOf(subject: unknown, matcher: string): JudgedReport {
  const given = subject as Judged | null | undefined
  const whole = typeof given === 'object' && given !== null && 'report' in given ? given : null
  const report = whole?.report ?? (given as Report | null | undefined)
  if (typeof report?.verdict === 'string' && Array.isArray(report.gates)) {
    return { report, repeat: whole?.repeat ?? null, directory: whole?.directory ?? null }
  }
  const promise = subject instanceof Promise ? ', not a promise: await it' : ''
  throw new DrillError('input', `${matcher}: expected what drill() gives, or a report${promise}`)
}

function failures(report: Report): string[] {
  const { gates, criteria, verdict, reasons } = report
  if (verdict === 'inconclusive' || verdict === 'error') return reasons.map(oneLine)
  return [
    ...engineFailures(report),
    ...gates
      .filter(({ held }) => !held)
      .flatMap(({ title, evidence }) => [line(false, title), ...proof(evidence)]),
    ...criteria.filter(({ met }) => !met).flatMap(criterion),
  ]
}

function engineFailures({ findings }: Report): string[] {
  const failed = findings.filter(({ code }) => ENGINE_FAILURES.includes(code))
  if (failed.length === 0) return []
  return [
    line(false, 'The engine works to the end'),
    ...failed.map(({ at, code, detail }) => `    ${at} ${code}: ${oneLine(detail)}`),
  ]
}

function criterion({ id, title, met, evidence }: Criterion): string[] {
  return [line(met, id === 'control' ? title : `${id} ${title}`), ...proof(evidence)]
}

function line(held: boolean, title: string): string {
  return `${held ? '✓' : '✗'} ${title}`
}

function proof(evidence: readonly Evidence[]): string[] {
  return evidence.map(({ text }) => `    ${oneLine(text)}`)
}

function told(
  { report, repeat, directory }: JudgedReport,
  what: string,
  lines: readonly string[],
): string {
  const { drill, score, digest, end } = report
  return [
    `expected ${drill.scenario} ${what}`,
    `${score}/100, ${end}; engine ${oneLine(drill.engine)}, ${drill.snapshot}, seed ${drill.seed}`,
    '',
    ...(lines.length > 0 ? [...lines, ''] : []),
    ...(repeat === null ? [] : [`repeat   ${repeat}`]),
    ...(directory === null ? [] : [`files    ${directory}`]),
    `digest   ${digest}`,
  ].join('\n')
}
