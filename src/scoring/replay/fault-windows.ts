/**
 * When which integration was broken, in the truth. A job whose target is down cannot finish, whatever anybody does: the
 * due backlog leaves it out, and its SLA clock starts when the fault ends (DESIGN 6.3).
 */
import type { FaultEvent, JournalHeader } from '../../journal/events.ts'
import type { FaultInjectedEvent } from '../../journal/facilitator.ts'
import type { FaultKind } from '../../scenario/scenario.ts'

/** Faults under which no call of the integration can succeed. */
const BLOCKING: readonly FaultKind[] = ['target-down', 'answers-after-effect', 'credential-missing']

export interface FaultWindow {
  readonly fault: number
  readonly integrations: readonly string[]
  readonly isBlocking: boolean
  readonly from: number
  /** Infinity = it did not end in this journal. */
  readonly until: number
  /** First job or worker that it hit; null = none. */
  readonly bitAt: number | null
}

export class FaultWindows {
  readonly all: readonly FaultWindow[]
  readonly #blocking = new Map<string, FaultWindow[]>()

  constructor(header: JournalHeader, events: readonly (FaultEvent | FaultInjectedEvent)[]) {
    this.all = windowsOf(header, events)
    for (const window of this.all) {
      if (!window.isBlocking) continue
      for (const integration of window.integrations) {
        const windows = this.#blocking.get(integration) ?? []
        windows.push(window)
        this.#blocking.set(integration, windows)
      }
    }
  }

  /** Whether calls of `integration` cannot succeed at `at`. */
  isDown(integration: string | null, at: number): boolean {
    return this.blockingAt(integration, at) !== null
  }

  /** The blocking window of the integration at `at`, or null. */
  blockingAt(integration: string | null, at: number): FaultWindow | null {
    if (integration === null) return null
    const windows = this.#blocking.get(integration) ?? []
    return windows.find(({ from, until }) => from <= at && at < until) ?? null
  }

  /** Blocking windows that touch [from, until], in the order of their beginning. */
  blockingWithin(integration: string | null, from: number, until: number): readonly FaultWindow[] {
    if (integration === null) return []
    const windows = this.#blocking.get(integration) ?? []
    return windows.filter((window) => window.from <= until && window.until > from)
  }

  /** When the first fault was seen in force in the truth; null = none was. */
  get firstBiteAt(): number | null {
    const bites = this.all.flatMap(({ bitAt }) => (bitAt === null ? [] : [bitAt]))
    return bites.length === 0 ? null : Math.min(...bites)
  }

  /** When the last fault that blocks ended; null = none blocks. Infinity = one never ends. */
  get lastBlockingEnd(): number | null {
    const ends = this.all.filter(({ isBlocking }) => isBlocking).map(({ until }) => until)
    return ends.length === 0 ? null : Math.max(...ends)
  }
}

function windowsOf(
  header: JournalHeader,
  events: readonly (FaultEvent | FaultInjectedEvent)[],
): FaultWindow[] {
  const kinds = new Map(header.scenario.faults.map(({ kind }, index) => [index, kind]))
  const open = new Map<number, { -readonly [Key in keyof FaultWindow]: FaultWindow[Key] }>()
  const all: { -readonly [Key in keyof FaultWindow]: FaultWindow[Key] }[] = []
  for (const event of events) {
    if (event.type === 'fault-injected') {
      kinds.set(event.fault, event.spec.kind)
      continue
    }
    const { at, fault, phase, integrations } = event
    const kind = kinds.get(fault)
    let window = open.get(fault)
    if (window === undefined) {
      window = {
        fault,
        integrations,
        isBlocking: kind !== undefined && BLOCKING.includes(kind),
        from: at,
        until: Infinity,
        bitAt: null,
      }
      open.set(fault, window)
      all.push(window)
    }
    // More arrivals are felt from their first moment; nobody is hit by them in particular.
    if (phase === 'bites' || (phase === 'begins' && kind === 'arrivals-burst')) window.bitAt ??= at
    if (phase === 'ends') window.until = at
  }
  return all.sort((left, right) => left.from - right.from || left.fault - right.fault)
}
