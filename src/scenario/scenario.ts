/**
 * A validated scenario: what goes wrong, when, and what is expected of a recovery. Told in roles, never in job
 * functions, so that it runs on anybody's queue. All times are ms after the start of the drill; every default is
 * filled in (`scenario-file.ts` reads the YAML).
 */
import type { HostParameters } from '../queue-job/host.ts'

/** When a fault is in force; `untilMs` null = to the end. */
interface Window {
  readonly fromMs: number
  readonly untilMs: number | null
}

/** A fault of the integrations that the functions of these roles call. */
interface TargetFault extends Window {
  readonly roles: readonly string[]
}

/** A fault of a scenario, and when it is in force. */
export type FaultSpec =
  /** No answer (`hang`: each call takes the client's whole time-out) or connection refused at once. Nothing happens there. */
  | (TargetFault & { readonly kind: 'target-down'; readonly answer: 'hang' | 'refuse' })
  /** Every call takes `factor` times as long; beyond the client's time-out it fails. */
  | (TargetFault & { readonly kind: 'target-slow'; readonly factor: number })
  /** The effect happens, the answer never comes: time-out after the effect. */
  | (TargetFault & { readonly kind: 'answers-after-effect' })
  /** 401 at once, nothing happens at the partner. */
  | (TargetFault & { readonly kind: 'credential-missing' })
  /** At `fromMs` this many busy workers are killed in mid-job (a deploy); new ones take their place. */
  | (Window & { readonly kind: 'workers-killed'; readonly workers: number })
  /** Arrivals of the roles multiply. */
  | (TargetFault & { readonly kind: 'arrivals-burst'; readonly factor: number })

/** One of the kinds of faults. */
export type FaultKind = FaultSpec['kind']

/** Something home-made that acts on the queue by itself. */
export interface AutomationSpec {
  readonly name: string
  /** What an operator reads about it. */
  readonly description: string
  /** `requeue-failed`: sets every failed job to pending (T10). */
  readonly kind: 'requeue-failed'
  readonly everyMs: number
  readonly fromMs: number
  /** Only jobs that failed less than this ago; null = all of them, old ones too. */
  readonly newerThanMs: number | null
}

/** Figures of the score; defaults in `scenario-file.ts`, meaning in DESIGN section 6 and `docs/scoring.md`. */
export interface Thresholds {
  /** Under `noop` at least so many jobs failed by the fault or waited for it; default 1,000. */
  readonly touchedMin: number
  /** E1: B(t) ≤ factor × calm + slack at the last `drainingSteps` grid points, or falling so many times; 1.25, 20, 3. */
  readonly drainingFactor: number
  readonly drainingSlack: number
  readonly drainingSteps: number
  /** E2: a signature is back at ≥ count and > factor × calm; 5, 3. */
  readonly returnCount: number
  readonly returnFactor: number
  /** E2: watch window max(min, 2 × longest quarantine), at most max; 30 min, 2 h. */
  readonly watchMinMs: number
  readonly watchMaxMs: number
  /** E3: share of critical jobs done in their SLA; 0.95. */
  readonly slaShare: number
  /** E4: workers never above so many times the start without a healthy doctor; 2. */
  readonly workersFactor: number
  /** Detection: full marks up to here after the first signal; opening earlier than `openEarliestMs` costs; 15, 10 min. */
  readonly detectFullMs: number
  readonly openEarliestMs: number
}

/** A scenario as a drill plays it. */
export interface Scenario {
  readonly name: string
  readonly title: string
  /** The story for an operator, a few sentences. */
  readonly summary: string
  /** Name of the bundled snapshot, or a path, used when the command names none. */
  readonly snapshot: string
  /** Nothing is wrong: any intervention is a false alarm. */
  readonly control: boolean
  readonly durationMs: number
  /** Grid of the engine's checks. */
  readonly checkEveryMs: number
  /** Session time zone of the engine's connections. */
  readonly timeZone: string
  /** What differs from the company's own, or from a usual one where that is not known. */
  readonly host: Partial<HostParameters>
  readonly faults: readonly FaultSpec[]
  readonly automations: readonly AutomationSpec[]
  readonly thresholds: Thresholds
}
