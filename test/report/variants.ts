/** Reports that differ in what a baseline knows of them, made from the story that the other tests tell. */
import fc from 'fast-check'
import type { Report } from '../../src/report/report-json.ts'
import { VERDICTS, type Verdict } from '../../src/scoring/score.ts'
import { passed } from './sample.ts'

export interface Variant {
  readonly scenario?: string
  readonly seed?: number
  readonly engine?: string
  readonly verdict?: Verdict
  readonly score?: number
  /** Ids of gates and criteria that are not held or met. */
  readonly broken?: readonly string[]
  readonly effects?: Partial<Report['effects']>
  readonly speed?: Partial<Report['speed']>
  readonly slaShare?: number | null
  readonly digest?: string
}

const BASE = passed()

export function variant(change: Variant = {}): Report {
  const { scenario = 'by-hand', seed = 1, engine = 'by-hand', broken = [] } = change
  const { engine: own, ...others } = BASE.counterfactuals
  return {
    ...BASE,
    drill: { ...BASE.drill, scenario, seed, engine },
    verdict: change.verdict ?? BASE.verdict,
    score: change.score ?? BASE.score,
    gates: BASE.gates.map((gate) => ({ ...gate, held: !broken.includes(gate.id) })),
    criteria: BASE.criteria.map((each) => ({ ...each, met: !broken.includes(each.id) })),
    effects: { ...BASE.effects, ...change.effects },
    speed: { ...BASE.speed, ...change.speed },
    counterfactuals: {
      ...others,
      engine: { ...own, slaShare: change.slaShare === undefined ? own.slaShare : change.slaShare },
    },
    digest: change.digest ?? BASE.digest,
  }
}

const count = fc.nat(200)
const seconds = fc.option(fc.integer({ min: -1200, max: 20_000 }))

/** Any drill that may come out, of a few scenarios and seeds. */
export const variants = fc.record({
  scenario: fc.constantFrom('dead-webhook', 'missing-credential', 'quiet-day'),
  seed: fc.integer({ min: 1, max: 3 }),
  engine: fc.constantFrom('runbook', 'mine'),
  verdict: fc.constantFrom(...VERDICTS),
  score: fc.integer({ min: 0, max: 1000 }).map((tenths) => tenths / 10),
  broken: fc.subarray(['no-duplicates', 'nothing-lost', 'not-tampered', 'E1', 'E2', 'E3', 'E4']),
  effects: fc.record({
    duplicates: count,
    staleOverwrites: count,
    lost: count,
    undecided: count,
    duplicatesNotByEngine: count,
  }),
  speed: fc.record({ detectedAfter: seconds, mitigatedAfter: seconds, recoveredAfter: seconds }),
  slaShare: fc.option(fc.double({ min: 0, max: 1, noNaN: true })),
  digest: fc.constantFrom('a'.repeat(64), 'b'.repeat(64)),
})

/** No drill twice. */
export const runs = fc.uniqueArray(variants, {
  maxLength: 6,
  selector: ({ scenario, seed }) => `${scenario} ${seed}`,
})
