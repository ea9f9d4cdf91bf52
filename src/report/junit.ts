/**
 * `junit.xml`: a suite a drill, a test case a gate and criterion, and one for the engine itself, with stable names so
 * that CI keeps their history. A drill that decides nothing is skipped with its reason, one that the harness could not
 * finish is an error.
 */
import { create } from 'xmlbuilder2'
import type { Criterion, Evidence, Gate } from '../scoring/score.ts'
import { ENGINE_FAILURES } from '../scoring/verdict.ts'
import type { Report } from './report-json.ts'

type Element = ReturnType<typeof create>

interface Case {
  readonly name: string
  readonly title: string
  readonly held: boolean
  readonly evidence: readonly Evidence[]
}

export function renderJunit(reports: readonly Report[]): string {
  const cases = reports.map((report) => [report, casesOf(report)] as const)
  // Messages of engines may hold characters that XML cannot carry at all.
  const options = { version: '1.0', encoding: 'UTF-8', invalidCharReplacement: '\uFFFD' } as const
  const total = (count: (report: Report, list: readonly Case[]) => number) =>
    cases.reduce((sum, [report, list]) => sum + count(report, list), 0)
  const root = create(options).ele('testsuites', {
    name: 'queue-drill',
    tests: total((_, list) => list.length),
    failures: total(failures),
    errors: total(errors),
    skipped: total(skipped),
    time: total(({ wall }) => wall.total).toFixed(3),
  })
  const names = reports.map(({ drill }) => drill.scenario)
  for (const [report, list] of cases) {
    const { scenario, seed } = report.drill
    const isAlone = names.indexOf(scenario) === names.lastIndexOf(scenario)
    // One name a history: with several seeds of a scenario each has its own.
    const name = `queue-drill.${scenario}${isAlone ? '' : `.seed-${seed}`}`
    addSuite(root, name, report, list)
  }
  return `${root.end({ prettyPrint: true })}\n`
}

function casesOf({ gates, criteria, findings }: Report): Case[] {
  const gate = ({ id, title, held, evidence }: Gate): Case => ({ name: id, title, held, evidence })
  const criterion = ({ id, title, met, evidence }: Criterion): Case => ({
    name: id,
    title,
    held: met,
    evidence,
  })
  const failed = findings.filter(({ code }) => ENGINE_FAILURES.includes(code))
  const engine: Case = {
    name: 'engine',
    title: 'The engine works to the end',
    held: failed.length === 0,
    evidence: failed.map(({ at, code, detail }) => ({ text: `${at} ${code}: ${detail}` })),
  }
  return [engine, ...gates.map(gate), ...criteria.map(criterion)]
}

function failures(report: Report, cases: readonly Case[]): number {
  return decides(report) ? cases.filter(({ held }) => !held).length : 0
}

function errors({ verdict }: Report, cases: readonly Case[]): number {
  return verdict === 'error' ? cases.length : 0
}

function skipped({ verdict }: Report, cases: readonly Case[]): number {
  return verdict === 'inconclusive' ? cases.length : 0
}

/** An inconclusive drill proves neither way; a broken gate always counts. */
function decides({ verdict }: Report): boolean {
  return verdict !== 'inconclusive' && verdict !== 'error'
}

function addSuite(root: Element, suiteName: string, report: Report, cases: readonly Case[]): void {
  const { drill, verdict, score, digest, wall, reasons } = report
  const suite = root.ele('testsuite', {
    name: suiteName,
    tests: cases.length,
    failures: failures(report, cases),
    errors: errors(report, cases),
    skipped: skipped(report, cases),
    time: wall.total.toFixed(3),
  })
  const properties = suite.ele('properties')
  const facts = {
    verdict,
    score,
    engine: drill.engine,
    seed: drill.seed,
    snapshot: drill.snapshot,
    snapshotSha256: drill.snapshotSha256,
    postgres: `${drill.postgres.kind} ${drill.postgres.version}`,
    digest,
  }
  for (const [name, value] of Object.entries(facts)) properties.ele('property', { name, value })
  for (const { name, title, held, evidence } of cases) {
    const one = suite.ele('testcase', { classname: suiteName, name, time: 0 })
    if (verdict === 'error') one.ele('error', { message: reasons.join('; ') })
    else if (verdict === 'inconclusive') one.ele('skipped', { message: reasons.join('; ') })
    else if (!held) {
      const text = evidence.map((line) => line.text).join('\n')
      one.ele('failure', { message: `${title}: not met` }).txt(text)
    }
  }
}
