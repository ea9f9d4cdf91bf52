/**
 * `junit.xml`: a suite a drill (scenario and seed), a test case a gate and criterion, and one for the engine itself. No
 * name holds a time, a figure or a path, so that CI keeps their history. A drill that decides nothing is skipped with
 * its reason, one that the harness could not finish is an error. Against a baseline its figures are test cases, too:
 * losses fail with the figure of the baseline and that of now, and what was not met there already is skipped.
 */
import { create } from 'xmlbuilder2'
import type { Evidence } from '../scoring/score.ts'
import { ENGINE_FAILURES } from '../scoring/verdict.ts'
import type { ComparedDrill, ComparedItem, Comparison } from './compare.ts'
import type { Report } from './report-json.ts'

type Element = ReturnType<typeof create>

/** Null = nothing to say: the case passed. */
type Outcome = {
  readonly kind: 'failure' | 'error' | 'skipped'
  readonly message: string
  readonly text?: string
} | null

interface Case {
  readonly name: string
  readonly outcome: Outcome
}

interface Suite {
  readonly name: string
  /** Wall seconds. */
  readonly seconds: number
  readonly properties: Readonly<Record<string, string | number>>
  readonly cases: readonly Case[]
}

/** What the engine, a gate or a criterion showed. */
interface Check {
  readonly id: string
  readonly title: string
  readonly held: boolean
  /** A broken gate is never excused. */
  readonly isGate: boolean
  readonly evidence: readonly Evidence[]
}

/** `comparison`: with the baseline of the run; null = there is none. */
export function renderJunit(
  reports: readonly Report[],
  comparison: Comparison | null = null,
): string {
  const suites = [
    ...reports.map((report) => suiteOf(report, comparison)),
    ...(comparison?.drills ?? []).filter(({ state }) => state === 'missing').map(missingSuite),
  ]
  // Messages of engines may hold characters that XML cannot carry at all.
  const options = { version: '1.0', encoding: 'UTF-8', invalidCharReplacement: '\uFFFD' } as const
  const root = create(options).ele('testsuites', {
    name: 'queue-drill',
    ...counts(suites.flatMap(({ cases }) => cases)),
    time: suites.reduce((sum, { seconds }) => sum + seconds, 0).toFixed(3),
  })
  for (const suite of suites) addSuite(root, suite)
  return `${root.end({ prettyPrint: true })}\n`
}

function suiteName({
  scenario,
  seed,
}: {
  readonly scenario: string
  readonly seed: number
}): string {
  return `queue-drill.${scenario}.seed-${seed}`
}

function suiteOf(report: Report, comparison: Comparison | null): Suite {
  const { drill, verdict, score, digest, wall } = report
  const compared = comparison?.drills.find(
    ({ scenario, seed }) => scenario === drill.scenario && seed === drill.seed,
  )
  const checks = checksOf(report)
  const items = compared?.items ?? []
  return {
    name: suiteName(drill),
    seconds: wall.total,
    properties: {
      verdict,
      score,
      engine: drill.engine,
      seed: drill.seed,
      snapshot: drill.snapshot,
      snapshotSha256: drill.snapshotSha256,
      postgres: `${drill.postgres.kind} ${drill.postgres.version}`,
      digest,
    },
    cases: [
      ...checks.map((check): Case => ({
        name: check.id,
        outcome: checkOutcome(
          report,
          check,
          items.find(({ item }) => item === check.id),
        ),
      })),
      ...items
        .filter(({ item }) => !ONLY_TOLD.includes(item) && !checks.some(({ id }) => id === item))
        .map((item): Case => ({ name: `baseline.${item.item}`, outcome: itemOutcome(item) })),
    ],
  }
}

/** Differences in them are no loss, whatever they are. */
const ONLY_TOLD: readonly string[] = ['digest', 'end']

function missingSuite(drill: ComparedDrill): Suite {
  const cases = drill.items.map((item): Case => ({
    name: `baseline.${item.item}`,
    outcome: itemOutcome(item),
  }))
  return { name: suiteName(drill), seconds: 0, properties: { seed: drill.seed }, cases }
}

function checksOf({ gates, criteria, findings }: Report): Check[] {
  const failed = findings.filter(({ code }) => ENGINE_FAILURES.includes(code))
  return [
    {
      id: 'engine',
      title: 'The engine works to the end',
      held: failed.length === 0,
      isGate: false,
      evidence: failed.map(({ at, code, detail }) => ({ text: `${at} ${code}: ${detail}` })),
    },
    ...gates.map((gate) => ({ ...gate, isGate: true })),
    ...criteria.map(({ met, ...criterion }) => ({ ...criterion, held: met, isGate: false })),
  ]
}

/** An inconclusive drill proves neither way; a broken gate always counts. */
function checkOutcome(
  { verdict, reasons }: Report,
  { title, held, isGate, evidence }: Check,
  item: ComparedItem | undefined,
): Outcome {
  if (verdict === 'error') return { kind: 'error', message: reasons.join('; ') }
  if (verdict === 'inconclusive') return { kind: 'skipped', message: reasons.join('; ') }
  if (held) return null
  const text = evidence.map((line) => line.text).join('\n')
  if (item?.difference === 'same' && !isGate) {
    return { kind: 'skipped', message: `${title}: not met, as in the baseline`, text }
  }
  const known = item?.difference === 'loss' ? ` (baseline: ${item.before})` : ''
  return { kind: 'failure', message: `${title}: not met${known}`, text }
}

function itemOutcome({ item, difference, before, now, why }: ComparedItem): Outcome {
  if (difference !== 'loss') return null
  const reason = why === '' ? '' : ` (${why})`
  return {
    kind: 'failure',
    message: `${item}: ${before} in the baseline, now ${now}${reason}`,
    text: `baseline: ${before}\nnow: ${now}`,
  }
}

function counts(cases: readonly Case[]): Record<string, number> {
  const number = (kind: NonNullable<Outcome>['kind']) =>
    cases.filter(({ outcome }) => outcome?.kind === kind).length
  return {
    tests: cases.length,
    failures: number('failure'),
    errors: number('error'),
    skipped: number('skipped'),
  }
}

function addSuite(root: Element, { name, seconds, properties, cases }: Suite): void {
  const suite = root.ele('testsuite', { name, ...counts(cases), time: seconds.toFixed(3) })
  const list = suite.ele('properties')
  for (const [key, value] of Object.entries(properties)) list.ele('property', { name: key, value })
  for (const { name: caseName, outcome } of cases) {
    const one = suite.ele('testcase', { classname: name, name: caseName, time: 0 })
    if (outcome === null) continue
    const element = one.ele(outcome.kind, { message: outcome.message })
    if (outcome.text !== undefined && outcome.text !== '') element.txt(outcome.text)
  }
}
