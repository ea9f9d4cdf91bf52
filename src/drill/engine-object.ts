/**
 * An engine that is an object in this process, as a test suite has it. It goes through the contract as a module in a
 * process of its own does: parameters are checked and copied, so are answers, nothing can be done once the check is
 * over, and whatever it throws is its own failure. Only an endless loop cannot be ended from here.
 */
import { type CallName, performCall } from '../control/calls.ts'
import { incidentByCalls } from '../control/incident-by-calls.ts'
import { DrillError, messageOf } from '../foundation/errors.ts'
import type { Incident, RecoveryEngine } from '../recovery/contract.ts'
import type { DrilledEngine } from '../recovery/drilled-engine.ts'
import { EngineFailure } from '../recovery/engine-failure.ts'
import { inProcess } from '../recovery/engines.ts'
import { CHECK_TIMEOUT_MS } from '../recovery/external/limits.ts'

export interface EngineObjectOptions {
  /** Ends a check that waits for something else. */
  readonly signal: AbortSignal
  /** Wall time of one check, ms; default 60 s. */
  readonly timeoutMs?: number | undefined
}

/** Throws DrillError `input` for an object that is no engine. */
export function openEngineObject(
  engine: RecoveryEngine,
  { signal, timeoutMs = CHECK_TIMEOUT_MS }: EngineObjectOptions,
): DrilledEngine {
  const { name, check } = (engine ?? {}) as Partial<RecoveryEngine>
  if (typeof name !== 'string' || name === '' || typeof check !== 'function') {
    throw new DrillError(
      'input',
      'engine: an engine is an object with a name and a function check(incident) (docs/engines.md)',
    )
  }
  return inProcess({
    name,
    check: async (incident) => {
      const turn = new Turn(incident)
      try {
        await within(timeoutMs, signal, Promise.resolve(engine.check(turn.incident)))
      } catch (error) {
        if (error instanceof Stopped) throw new DrillError('interrupted', 'interrupted')
        if (error instanceof EngineFailure) throw error
        throw new EngineFailure('engine-threw', messageOf(error), { cause: error })
      } finally {
        await turn.end()
      }
    },
  })
}

/** The incident as the engine sees it during one check. */
class Turn {
  readonly incident: Incident
  readonly #inner: Incident
  /** Calls that are being performed: the world must not go on before they are. */
  readonly #calls = new Set<Promise<unknown>>()
  #over = false

  constructor(inner: Incident) {
    this.#inner = inner
    const { now, database, catalogue } = inner
    this.incident = incidentByCalls(
      { now: new Date(now), database, catalogue: structuredClone(catalogue) },
      (name, request) => this.#call(name, request),
    )
  }

  async end(): Promise<void> {
    this.#over = true
    while (this.#calls.size > 0) await Promise.allSettled(this.#calls)
  }

  /** Answers are what the contract promises. */
  async #call(name: CallName, request: unknown): Promise<unknown> {
    if (this.#over) throw new Error(`${name}: the check it belongs to is over`)
    const performed = performCall(this.#inner, name, structuredClone(request))
    this.#calls.add(performed)
    try {
      return structuredClone(await performed)
    } finally {
      this.#calls.delete(performed)
    }
  }
}

class Stopped extends Error {}

/** Settles as `work` does, or rejects when the time is up or somebody wants to leave. */
async function within(timeoutMs: number, signal: AbortSignal, work: Promise<void>): Promise<void> {
  let stop: () => void = () => undefined
  let timer: NodeJS.Timeout | undefined
  const cutOff = new Promise<never>((_, reject) => {
    stop = () => reject(new Stopped())
    timer = setTimeout(() => {
      const text = `it took longer than ${Math.round(timeoutMs / 1000)} s for one check`
      reject(new EngineFailure('engine-timed-out', text))
    }, timeoutMs)
  })
  signal.addEventListener('abort', stop)
  if (signal.aborted) stop()
  try {
    await Promise.race([work, cutOff])
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', stop)
  }
}
