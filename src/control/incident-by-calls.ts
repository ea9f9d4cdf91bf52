/**
 * The engine's view of an incident where whoever performs it stands elsewhere: each member is one of the calls, by name.
 * It needs no schema, so that the process of a module does not load them; the other side checks.
 */
import type { Incident, LookupAnswer } from '../recovery/contract.ts'
import type { CallName, RequestOf } from './calls.ts'

/** Performs a call and gives its answer as the contract promises it. */
export type MakeCall = (name: CallName, request: unknown) => Promise<unknown>

export function incidentByCalls(
  { now, database, catalogue }: Pick<Incident, 'now' | 'database' | 'catalogue'>,
  make: MakeCall,
): Incident {
  const call = <Name extends CallName, Answer>(
    name: Name,
    request: RequestOf<Name>,
  ): Promise<Answer> => make(name, request) as Promise<Answer>
  /** Of a call that answers with nothing the engine gets nothing. */
  const tell = async <Name extends CallName>(name: Name, request: RequestOf<Name>) => {
    await make(name, request)
  }
  return {
    now,
    database,
    catalogue,
    operations: {
      doctor: () => call('operations.doctor', {}),
      workers: {
        show: () => call('operations.workers.show', {}),
        scale: (by) => call('operations.workers.scale', { by }),
      },
      queue: {
        shape: () => call('operations.queue.shape', {}),
        blockers: (limit) => call('operations.queue.blockers', { limit }),
        retry: (request) => call('operations.queue.retry', request),
        quarantine: (request) => call('operations.queue.quarantine', request),
        release: (request) => call('operations.queue.release', request),
      },
      target: {
        probe: (integration) => call('operations.target.probe', { integration }),
        lookup: async (job) => {
          const answer = (await make('operations.target.lookup', { job })) as {
            answer: LookupAnswer
          }
          return answer.answer
        },
      },
      automations: {
        list: () => call('operations.automations.list', {}),
        pause: (name) => tell('operations.automations.pause', { name }),
        resume: (name) => tell('operations.automations.resume', { name }),
      },
    },
    notes: {
      baseline: (figures) => tell('notes.baseline', figures),
      decision: (what, why) => tell('notes.decision', { what, why }),
      trackedFix: (fix) => tell('notes.trackedFix', fix as RequestOf<'notes.trackedFix'>),
    },
    open: (signals) => tell('open', { signals: signals as RequestOf<'open'>['signals'] }),
    close: (summary) => tell('close', { summary }),
    handOver: (summary) => tell('handOver', { summary }),
  }
}
