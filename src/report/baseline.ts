/**
 * A baseline: what the drills of a team are known to do, as a file made to be committed and reviewed in a diff. One
 * figure a line, drills in a fixed order; no wall times, no paths, nothing of a snapshot but its name and hashes.
 */
import { ENGINE_FAILURES } from '../scoring/verdict.ts'
import type { End, Verdict } from '../scoring/score.ts'
import type { Report } from './report-json.ts'

export const BASELINE_FORMAT = 'queue-drill-baseline/1'

/** Figures of a drill that are compared one by one; durations in seconds. */
export interface DrillFigures {
  readonly duplicates: number
  readonly staleOverwrites: number
  readonly lost: number
  readonly undecided: number
  readonly duplicatesNotByEngine: number
  /** Null = never, or nothing was to detect or recover from. */
  readonly detectedAfter: number | null
  readonly mitigatedAfter: number | null
  readonly recoveredAfter: number | null
  /** Share of critical jobs done in their SLA, 0..1 with four decimals; null = none were due. */
  readonly slaShare: number | null
}

/** One drill: known by its scenario and seed. */
export interface BaselineDrill {
  readonly scenario: string
  readonly seed: number
  readonly engine: string
  readonly snapshot: string
  /** Beginnings of SHA-256: they tell which input changed when the digest did. */
  readonly inputs: {
    readonly scenario: string
    readonly snapshot: string
    readonly operations: string
    /** Null = there was none. */
    readonly extraSql: string | null
    /** Hour of the workload's week that the start counts as, 0..167. */
    readonly startHourOfWeek: number
  }
  readonly verdict: Verdict
  readonly end: End
  /** 0..100. */
  readonly score: number
  /** `engine` (it worked to the end), gates, criteria → held or met, under the names of the test cases in junit.xml. */
  readonly checks: Readonly<Record<string, boolean>>
  readonly figures: DrillFigures
  readonly digest: string
}

/** The content of a baseline file. */
export interface Baseline {
  readonly format: typeof BASELINE_FORMAT
  /** By scenario, then seed. */
  readonly drills: readonly BaselineDrill[]
}

/** What of a baseline a run was asked to play; null = no choice was made, so all of it. */
export interface Asked {
  readonly scenarios: readonly string[] | null
  readonly seeds: readonly number[] | null
}

/** So many digits of a hash tell two inputs apart. */
const HASH_DIGITS = 12

export function baselineDrill(report: Report): BaselineDrill {
  const { drill, verdict, end, score, effects, speed, counterfactuals, digest } = report
  const { slaShare } = counterfactuals.engine
  const hash = (sha256: string) => sha256.slice(0, HASH_DIGITS)
  const seconds = (value: number | null) => (value === null ? null : Math.round(value))
  return {
    scenario: drill.scenario,
    seed: drill.seed,
    engine: drill.engine,
    snapshot: drill.snapshot,
    inputs: {
      scenario: hash(drill.scenarioSha256),
      snapshot: hash(drill.snapshotSha256),
      operations: hash(drill.operationsSha256),
      extraSql: drill.extraSqlSha256 === null ? null : hash(drill.extraSqlSha256),
      startHourOfWeek: drill.startHourOfWeek,
    },
    verdict,
    end,
    score,
    checks: checksOf(report),
    figures: {
      duplicates: effects.duplicates,
      staleOverwrites: effects.staleOverwrites,
      lost: effects.lost,
      undecided: effects.undecided,
      duplicatesNotByEngine: effects.duplicatesNotByEngine,
      detectedAfter: seconds(speed.detectedAfter),
      mitigatedAfter: seconds(speed.mitigatedAfter),
      recoveredAfter: seconds(speed.recoveredAfter),
      slaShare: slaShare === null ? null : Math.round(slaShare * 10_000) / 10_000,
    },
    digest,
  }
}

function checksOf({ gates, criteria, findings }: Report): Record<string, boolean> {
  return {
    engine: !findings.some(({ code }) => ENGINE_FAILURES.includes(code)),
    ...Object.fromEntries(gates.map(({ id, held }) => [id, held])),
    ...Object.fromEntries(criteria.map(({ id, met }) => [id, met])),
  }
}

/** Whether a run was to play this drill of a baseline. */
export function wasAsked(
  { scenarios, seeds }: Asked,
  { scenario, seed }: Pick<BaselineDrill, 'scenario' | 'seed'>,
): boolean {
  return (scenarios?.includes(scenario) ?? true) && (seeds?.includes(seed) ?? true)
}

/** The next baseline: drills that the run was not asked for stay, those that it was asked for and lacks go. */
export function updatedBaseline(
  baseline: Baseline | null,
  reports: readonly Report[],
  asked: Asked,
): Baseline {
  const played = reports.map(baselineDrill)
  const kept = (baseline?.drills ?? []).filter(
    (drill) => !wasAsked(asked, drill) && !played.some((other) => isSame(drill, other)),
  )
  return { format: BASELINE_FORMAT, drills: [...kept, ...played].sort(byScenarioAndSeed) }
}

type Key = Pick<BaselineDrill, 'scenario' | 'seed'>

/** The same drill, whatever came out of it. */
export function isSame(left: Key, right: Key): boolean {
  return left.scenario === right.scenario && left.seed === right.seed
}

/** The order of a baseline: by code point, the same on every machine. */
export function byScenarioAndSeed(left: Key, right: Key): number {
  if (left.scenario !== right.scenario) return left.scenario < right.scenario ? -1 : 1
  return left.seed - right.seed
}

export function renderBaseline(baseline: Baseline): string {
  return `${JSON.stringify(baseline, null, 2)}\n`
}
