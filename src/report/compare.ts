/**
 * A run against a baseline: what was lost, what was gained, what is merely different. A pure function of reports and
 * baseline. A drill is deterministic, so that figures move only where the engine, an input or queue-drill itself has
 * changed; the tolerances below let small moves pass, and the baseline stays where it is, so that many small ones are
 * seen once they add up (docs/ci.md has the rules as a table).
 */
import { formatDuration, MINUTE, SECOND } from '../foundation/time.ts'
import type { Verdict } from '../scoring/score.ts'
import {
  type Asked,
  type Baseline,
  type BaselineDrill,
  baselineDrill,
  type DrillFigures,
  byScenarioAndSeed,
  isSame,
  wasAsked,
} from './baseline.ts'
import type { Report } from './report-json.ts'

/** `loss` fails the gate; `gain` and `change` are told. */
export type Difference = 'loss' | 'gain' | 'change' | 'same'

/** One thing that was compared. */
export interface ComparedItem {
  /** Stable: `drill`, `verdict`, an id of a check, `score`, a figure, `end`, `digest`. */
  readonly item: string
  readonly difference: Difference
  /** For people. */
  readonly before: string
  readonly now: string
  /** What makes it a loss, or what else there is to know; empty = it speaks for itself. */
  readonly why: string
}

/** One drill of the run or of the baseline, item by item. */
export interface ComparedDrill {
  readonly scenario: string
  readonly seed: number
  /** `new`: not in the baseline; `missing`: in it, asked for, and not played. */
  readonly state: 'compared' | 'new' | 'missing'
  readonly items: readonly ComparedItem[]
}

/** A run against a baseline. */
export interface Comparison {
  /** By scenario, then seed. */
  readonly drills: readonly ComparedDrill[]
  /** Drills of the baseline that this run was not asked for. */
  readonly notAsked: number
  /** Numbers of items. */
  readonly losses: number
  readonly gains: number
  readonly changes: number
}

/** Points; beyond them a lower score is a loss. */
const SCORE_TOLERANCE = 1
/** Of `slaShare`: one percentage point. */
const SHARE_TOLERANCE = 0.01
/** The larger of the two: a check of the engine, a tenth of the time. */
const LATER_TOLERANCE_SECONDS = (5 * MINUTE) / SECOND
const LATER_TOLERANCE_SHARE = 0.1
/** Duplicates that the queue makes by itself: the larger of the two. */
const BYSTANDER_TOLERANCE = 5
const BYSTANDER_TOLERANCE_SHARE = 0.1

/** `asked`: what the run was to play; the reports are what it did play. */
export function compareWithBaseline(
  reports: readonly Report[],
  baseline: Baseline,
  asked: Asked,
): Comparison {
  const played = reports.map(baselineDrill)
  const drills = played.map((now): ComparedDrill => {
    const before = baseline.drills.find((drill) => isSame(drill, now))
    return before === undefined ? newDrill(now) : comparedDrill(before, now)
  })
  const absent = baseline.drills.filter((drill) => !played.some((now) => isSame(drill, now)))
  const missing = absent.filter((drill) => wasAsked(asked, drill))
  const all = [
    ...drills,
    ...missing.map((drill) =>
      missingDrill(
        drill,
        played.some(({ scenario }) => scenario === drill.scenario),
      ),
    ),
  ].sort(byScenarioAndSeed)
  const number = (kind: Difference) =>
    all.flatMap(({ items }) => items).filter(({ difference }) => difference === kind).length
  return {
    drills: all,
    notAsked: absent.length - missing.length,
    losses: number('loss'),
    gains: number('gain'),
    changes: number('change'),
  }
}

function comparedDrill(before: BaselineDrill, now: BaselineDrill): ComparedDrill {
  const { scenario, seed } = now
  // Where either decided nothing, its figures mean nothing.
  const decided = decides(before.verdict) && decides(now.verdict)
  const items = [
    verdict(before, now),
    ...(decided ? [...checks(before, now), ...figures(before, now), end(before, now)] : []),
    digest(before, now),
  ]
  return { scenario, seed, state: 'compared', items }
}

/** Nothing excuses a drill that is not in the baseline: it has to pass. */
function newDrill({ scenario, seed, verdict }: BaselineDrill): ComparedDrill {
  const passed = verdict === 'pass'
  const why = passed ? '' : 'no baseline excuses it'
  const difference = passed ? 'change' : 'loss'
  const item = { item: 'drill', difference, before: 'none', now: verdict, why } as const
  return { scenario, seed, state: 'new', items: [item] }
}

function missingDrill(
  { scenario, seed, verdict }: BaselineDrill,
  otherSeeds: boolean,
): ComparedDrill {
  const why = otherSeeds ? 'name its seed with --seed' : 'there is no such scenario now'
  const item = { item: 'drill', difference: 'loss', before: verdict, now: 'missing', why } as const
  return { scenario, seed, state: 'missing', items: [item] }
}

function decides(verdict: Verdict): boolean {
  return verdict !== 'inconclusive' && verdict !== 'error'
}

/** Worst first. What decides nothing stands above what is known to be bad, and is a loss for whatever was known. */
const RANKS: readonly Verdict[] = ['unsafe', 'fail', 'error', 'inconclusive', 'pass']

function verdict(before: BaselineDrill, now: BaselineDrill): ComparedItem {
  const [from, to] = [before.verdict, now.verdict]
  const item = { item: 'verdict', before: from, now: to, why: '' }
  if (from === to) return { ...item, difference: 'same' }
  if (decides(from) && !decides(to)) {
    return { ...item, difference: 'loss', why: 'nothing is proven any more' }
  }
  return { ...item, difference: RANKS.indexOf(to) < RANKS.indexOf(from) ? 'loss' : 'gain' }
}

function checks(before: BaselineDrill, now: BaselineDrill): ComparedItem[] {
  const ids = [...new Set([...Object.keys(before.checks), ...Object.keys(now.checks)])]
  const word = (held: boolean | undefined) =>
    held === undefined ? 'none' : held ? 'held' : 'not held'
  return ids.map((id) => {
    const [from, to] = [before.checks[id], now.checks[id]]
    const item = { item: id, before: word(from), now: word(to), why: '' }
    if (from === to) return { ...item, difference: 'same' }
    if (from === undefined) {
      return to === true
        ? { ...item, difference: 'change' }
        : { ...item, difference: 'loss', why: 'no baseline excuses it' }
    }
    if (to === undefined) return { ...item, difference: from ? 'loss' : 'change' }
    return { ...item, difference: to ? 'gain' : 'loss' }
  })
}

function figures(before: BaselineDrill, now: BaselineDrill): ComparedItem[] {
  const compared = Object.entries(FIGURES).map(([name, compare]) => {
    const figure = name as keyof DrillFigures
    return { item: name, ...compare(before.figures[figure], now.figures[figure]) }
  })
  return [{ item: 'score', ...score(before.score, now.score) }, ...compared]
}

type Compared = Omit<ComparedItem, 'item'>
type Compare = (before: number | null, now: number | null) => Compared

const FIGURES: Readonly<Record<keyof DrillFigures, Compare>> = {
  duplicates: more(() => 0),
  staleOverwrites: more(() => 0),
  lost: more(() => 0),
  undecided: more(() => 0),
  duplicatesNotByEngine: more((before) =>
    Math.max(BYSTANDER_TOLERANCE, before * BYSTANDER_TOLERANCE_SHARE),
  ),
  detectedAfter: later,
  mitigatedAfter: later,
  recoveredAfter: later,
  slaShare: share,
}

/** Counts of what should not be: more beyond the tolerance is a loss. */
function more(toleranceOf: (before: number) => number): Compare {
  return (before, now) => {
    const [from, to] = [before ?? 0, now ?? 0]
    const tolerance = toleranceOf(from)
    const limit = Math.floor(from + tolerance)
    return {
      before: String(from),
      now: String(to),
      difference: kindOf(to - from, tolerance),
      why: to > from + tolerance && tolerance > 0 ? `at most ${limit}` : '',
    }
  }
}

/** Seconds; null = never. */
function later(before: number | null, now: number | null): Compared {
  const word = (seconds: number | null) =>
    seconds === null ? 'never' : formatDuration(seconds * SECOND)
  const item = { before: word(before), now: word(now), why: '' }
  if (before === null || now === null) {
    const difference = before === now ? 'same' : now === null ? 'loss' : 'gain'
    return { ...item, difference }
  }
  const tolerance = Math.max(LATER_TOLERANCE_SECONDS, Math.abs(before) * LATER_TOLERANCE_SHARE)
  const difference = kindOf(now - before, tolerance)
  if (difference === 'loss') {
    return { ...item, difference, why: `at the latest ${word(Math.floor(before + tolerance))}` }
  }
  // To act before there was anything to see is not to be faster.
  return { ...item, difference: difference === 'gain' && now < 0 ? 'change' : difference }
}

function share(before: number | null, now: number | null): Compared {
  const word = (value: number | null) => (value === null ? 'none due' : percent(value))
  const item = { before: word(before), now: word(now), why: '' }
  if (before === null || now === null) {
    return { ...item, difference: before === now ? 'same' : 'change' }
  }
  const difference = kindOf(before - now, SHARE_TOLERANCE)
  const why = difference === 'loss' ? `at least ${percent(before - SHARE_TOLERANCE)}` : ''
  return { ...item, difference, why }
}

/** As exact as a baseline is. */
function percent(value: number): string {
  return `${(value * 100).toFixed(2)} %`
}

function score(before: number, now: number): Compared {
  const difference = kindOf(before - now, SCORE_TOLERANCE)
  const why = difference === 'loss' ? `at least ${points(before - SCORE_TOLERANCE)}` : ''
  return { before: points(before), now: points(now), difference, why }
}

function points(value: number): string {
  return String(Math.round(value * 10) / 10)
}

/** `worse`: by how much it is worse, below zero where it is better. A billionth is what decimals are wrong by. */
function kindOf(worse: number, tolerance: number): Difference {
  if (worse === 0) return 'same'
  if (Math.abs(worse) <= tolerance + 1e-9) return 'change'
  return worse > 0 ? 'loss' : 'gain'
}

function end(before: BaselineDrill, now: BaselineDrill): ComparedItem {
  const difference = before.end === now.end ? 'same' : 'change'
  return { item: 'end', difference, before: before.end, now: now.end, why: '' }
}

/** Another journal: told with what it may come from. */
function digest(before: BaselineDrill, now: BaselineDrill): ComparedItem {
  const short = (text: string) => text.slice(0, 12)
  const item = { item: 'digest', before: short(before.digest), now: short(now.digest) }
  if (before.digest === now.digest) return { ...item, difference: 'same', why: '' }
  return { ...item, difference: 'change', why: changedInputs(before, now) }
}

function changedInputs(before: BaselineDrill, now: BaselineDrill): string {
  const changed = [
    ...(before.engine === now.engine ? [] : [`engine ${before.engine} → ${now.engine}`]),
    ...(before.snapshot === now.snapshot ? [] : [`snapshot ${before.snapshot} → ${now.snapshot}`]),
    ...(before.snapshot === now.snapshot && before.inputs.snapshot !== now.inputs.snapshot
      ? ['the snapshot']
      : []),
    ...(before.inputs.scenario === now.inputs.scenario ? [] : ['the scenario']),
    ...(before.inputs.operations === now.inputs.operations ? [] : ['the operations file']),
    ...(before.inputs.extraSql === now.inputs.extraSql ? [] : ['the extra SQL']),
    ...(before.inputs.startHourOfWeek === now.inputs.startHourOfWeek ? [] : ['the start']),
  ]
  return changed.length === 0
    ? 'same inputs: the engine acts differently, or queue-drill is another'
    : `changed: ${changed.join(', ')}`
}
