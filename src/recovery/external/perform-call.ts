/**
 * Performs a call of an external engine on the incident of the harness. Its parameters come from another program: they
 * are checked here, and what is wrong with them is told to the engine, not thrown at the drill.
 */
import type { BaselineFigures, Incident, RetryRequest, Signal, TrackedFix } from '../contract.ts'
import { SIGNALS } from '../contract.ts'
import type { CallName } from './protocol.ts'

type Perform = (incident: Incident, parameters: readonly unknown[]) => Promise<unknown>

const PERFORM: Readonly<Record<CallName, Perform>> = {
  'operations.doctor': ({ operations }) => operations.doctor(),
  'operations.workers.show': ({ operations }) => operations.workers.show(),
  'operations.workers.scale': ({ operations }, [by]) =>
    operations.workers.scale(number(by, 'workers.scale')),
  'operations.queue.retry': ({ operations }, [request]) =>
    operations.queue.retry(retryRequest(request)),
  'operations.target.probe': ({ operations }, [integration]) =>
    operations.target.probe(text(integration, 'target.probe')),
  'operations.target.lookup': ({ operations }, [jobId]) =>
    operations.target.lookup(number(jobId, 'target.lookup')),
  'operations.automations.list': ({ operations }) => operations.automations.list(),
  'operations.automations.pause': ({ operations }, [name]) =>
    operations.automations.pause(text(name, 'automations.pause')),
  'operations.automations.resume': ({ operations }, [name]) =>
    operations.automations.resume(text(name, 'automations.resume')),
  'notes.baseline': ({ notes }, [figures]) => notes.baseline(baselineFigures(figures)),
  'notes.decision': ({ notes }, [what, why]) =>
    notes.decision(text(what, 'notes.decision'), text(why, 'notes.decision')),
  'notes.trackedFix': ({ notes }, [fix]) => notes.trackedFix(trackedFix(fix)),
  open: (incident, [signals]) => incident.open(signalList(signals)),
  close: (incident, [summary]) => incident.close(text(summary, 'close')),
  handOver: (incident, [summary]) => incident.handOver(text(summary, 'handOver')),
}

/** Rejects with a sentence where the parameters are not what the contract says, or the operation refuses. */
export async function performCall(
  incident: Incident,
  name: CallName,
  parameters: readonly unknown[],
): Promise<unknown> {
  return PERFORM[name](incident, parameters)
}

function text(value: unknown, where: string): string {
  if (typeof value !== 'string') throw wrong(where, 'a text', value)
  return value
}

function number(value: unknown, where: string): number {
  if (typeof value !== 'number' || !Number.isFinite(value)) throw wrong(where, 'a number', value)
  return value
}

function record(value: unknown, where: string): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw wrong(where, 'an object', value)
  }
  return value as Record<string, unknown>
}

function retryRequest(value: unknown): RetryRequest {
  const { channel, olderThanMs, limit } = record(value, 'queue.retry')
  return {
    channel: text(channel, 'queue.retry channel'),
    olderThanMs: number(olderThanMs, 'queue.retry olderThanMs'),
    limit: number(limit, 'queue.retry limit'),
  }
}

function counts(value: unknown, where: string): Record<string, number> {
  const entries = Object.entries(record(value, where))
  return Object.fromEntries(entries.map(([key, count]) => [key, number(count, where)]))
}

function baselineFigures(value: unknown): BaselineFigures {
  const { byState, pendingByChannel } = record(value, 'notes.baseline')
  return {
    byState: counts(byState, 'notes.baseline byState'),
    pendingByChannel: counts(pendingByChannel, 'notes.baseline pendingByChannel'),
  }
}

function trackedFix(value: unknown): TrackedFix {
  const { subject, owner, reason, isolatedBy } = record(value, 'notes.trackedFix')
  return {
    subject: subjectOf(record(subject, 'notes.trackedFix subject')),
    owner: text(owner, 'notes.trackedFix owner'),
    reason: text(reason, 'notes.trackedFix reason'),
    isolatedBy: text(isolatedBy, 'notes.trackedFix isolatedBy'),
  }
}

function subjectOf(value: Readonly<Record<string, unknown>>): TrackedFix['subject'] {
  const { signature, jobFunction, channel, jobs } = value
  if (Array.isArray(jobs)) return { jobs: jobs.map((id) => number(id, 'notes.trackedFix jobs')) }
  if (typeof signature === 'string') return { signature }
  if (typeof jobFunction === 'string') return { jobFunction }
  if (typeof channel === 'string') return { channel }
  throw wrong(
    'notes.trackedFix subject',
    'one of signature, jobFunction, channel and jobs',
    Object.keys(value),
  )
}

function signalList(value: unknown): readonly Signal[] {
  const isList =
    Array.isArray(value) && value.every((each) => (SIGNALS as readonly unknown[]).includes(each))
  if (!isList) throw wrong('open', `a list of ${SIGNALS.join(', ')}`, value)
  return value as Signal[]
}

function wrong(where: string, expected: string, value: unknown): Error {
  return new TypeError(`${where}: expected ${expected}, got ${JSON.stringify(value) ?? 'nothing'}`)
}
