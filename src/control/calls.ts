/**
 * Every call of the engine's contract as programs outside the harness make it: its name in `Incident`, its place in the
 * HTTP interface, what goes in and comes out, and what it does. Modules (over IPC) and the control plane share it.
 */
import { z } from 'zod'
import type { Incident } from '../recovery/contract.ts'
import * as schemas from './schemas.ts'

export interface Call<
  Request extends z.ZodType = z.ZodType,
  Response extends z.ZodType = z.ZodType,
> {
  /** GET calls take no body. */
  readonly method: 'get' | 'post'
  /** Below the version: `/v1/…`. */
  readonly path: string
  /** One line for people. */
  readonly summary: string
  readonly request: Request
  /** Of the JSON answer. */
  readonly response: Response
  readonly perform: (incident: Incident, request: z.output<Request>) => Promise<unknown>
}

/** Lets each entry type its own `perform`. */
function call<Request extends z.ZodType, Response extends z.ZodType>(
  entry: Call<Request, Response>,
): Call<Request, Response> {
  return entry
}

const nothing = z.strictObject({})

export const CALLS = {
  'operations.doctor': call({
    method: 'get',
    path: '/v1/doctor',
    summary: 'State of the host: processors, memory, connections, workers',
    request: nothing,
    response: schemas.doctorReport,
    perform: ({ operations }) => operations.doctor(),
  }),
  'operations.workers.show': call({
    method: 'get',
    path: '/v1/workers',
    summary: 'HTTP workers, and the slots of root',
    request: nothing,
    response: schemas.workersReport,
    perform: ({ operations }) => operations.workers.show(),
  }),
  'operations.workers.scale': call({
    method: 'post',
    path: '/v1/workers/scale',
    summary: 'Adds or removes HTTP workers, and with them slots of root',
    request: schemas.scaleRequest,
    response: schemas.workersReport,
    perform: ({ operations }, { by }) => operations.workers.scale(by),
  }),
  'operations.queue.shape': call({
    method: 'get',
    path: '/v1/queue/shape',
    summary: 'Jobs by state and by channel (runbook step 1)',
    request: nothing,
    response: schemas.queueShape,
    perform: ({ operations }) => operations.queue.shape(),
  }),
  'operations.queue.blockers': call({
    method: 'post',
    path: '/v1/queue/blockers',
    summary: 'The oldest pending and failed jobs of the incident (runbook step 2)',
    request: schemas.blockersRequest,
    response: schemas.blockers,
    perform: ({ operations }, { limit }) => operations.queue.blockers(limit),
  }),
  'operations.queue.retry': call({
    method: 'post',
    path: '/v1/queue/retry',
    summary: 'Brings back failed jobs of the incident that are documented safe (runbook step 3)',
    request: schemas.retryRequest,
    response: schemas.retryReport,
    perform: ({ operations }, request) => operations.queue.retry(request),
  }),
  'operations.queue.quarantine': call({
    method: 'post',
    path: '/v1/queue/quarantine',
    summary: 'Postpones what is pending of a channel or a job function (runbook step 3)',
    request: schemas.quarantineRequest,
    response: schemas.quarantineReport,
    perform: ({ operations }, request) => operations.queue.quarantine(request),
  }),
  'operations.queue.release': call({
    method: 'post',
    path: '/v1/queue/release',
    summary: 'Lets postponed jobs of a channel or a job function go, a few of them or all',
    request: schemas.releaseRequest,
    response: schemas.releaseReport,
    perform: ({ operations }, request) => operations.queue.release(request),
  }),
  'operations.target.probe': call({
    method: 'post',
    path: '/v1/target/probe',
    summary: 'Asks an integration whether it works; nothing happens there',
    request: schemas.probeRequest,
    response: schemas.probeReport,
    perform: ({ operations }, { integration }) => operations.target.probe(integration),
  }),
  'operations.target.lookup': call({
    method: 'post',
    path: '/v1/target/lookup',
    summary: 'Asks the partner whether the effect of one job has happened',
    request: schemas.lookupRequest,
    response: schemas.lookupReport,
    perform: async ({ operations }, { job }) => ({ answer: await operations.target.lookup(job) }),
  }),
  'operations.automations.list': call({
    method: 'get',
    path: '/v1/automations',
    summary: 'Home-made scripts that act on the queue by themselves',
    request: nothing,
    response: schemas.automationReports,
    perform: ({ operations }) => operations.automations.list(),
  }),
  'operations.automations.pause': call({
    method: 'post',
    path: '/v1/automations/pause',
    summary: 'Stops one of them',
    request: schemas.automationRequest,
    response: nothing,
    perform: ({ operations }, { name }) => operations.automations.pause(name),
  }),
  'operations.automations.resume': call({
    method: 'post',
    path: '/v1/automations/resume',
    summary: 'Lets one of them go on',
    request: schemas.automationRequest,
    response: nothing,
    perform: ({ operations }, { name }) => operations.automations.resume(name),
  }),
  catalogue: call({
    method: 'get',
    path: '/v1/catalogue',
    summary: 'What is documented about repeating each job function; what is missing is unsafe',
    request: nothing,
    response: schemas.catalogue,
    perform: async (incident) => incident.catalogue,
  }),
  open: call({
    method: 'post',
    path: '/v1/incident/open',
    summary: 'Declares the incident',
    request: schemas.openRequest,
    response: nothing,
    perform: (incident, { signals }) => incident.open(signals),
  }),
  close: call({
    method: 'post',
    path: '/v1/incident/close',
    summary: 'Declares it over; the watch window begins',
    request: schemas.summaryRequest,
    response: nothing,
    perform: (incident, { summary }) => incident.close(summary),
  }),
  handOver: call({
    method: 'post',
    path: '/v1/incident/hand-over',
    summary: 'Leaves the rest to people, where no safe closing exists',
    request: schemas.summaryRequest,
    response: nothing,
    perform: (incident, { summary }) => incident.handOver(summary),
  }),
  'notes.baseline': call({
    method: 'post',
    path: '/v1/notes/baseline',
    summary: 'Writes the baseline into the incident notes (runbook step 1)',
    request: schemas.baselineRequest,
    response: nothing,
    perform: ({ notes }, figures) => notes.baseline(figures),
  }),
  'notes.decision': call({
    method: 'post',
    path: '/v1/notes/decision',
    summary: 'Writes down what was decided, and why',
    request: schemas.decisionRequest,
    response: nothing,
    perform: ({ notes }, { what, why }) => notes.decision(what, why),
  }),
  'notes.trackedFix': call({
    method: 'post',
    path: '/v1/notes/tracked-fix',
    summary: 'Names work that outlives the incident, its owner, and what isolates it meanwhile',
    request: schemas.trackedFixRequest,
    response: nothing,
    perform: ({ notes }, fix) => notes.trackedFix(fix),
  }),
} as const

export type CallName = keyof typeof CALLS
/** What a caller gives; where the schema takes nothing, an empty object. */
export type RequestOf<Name extends CallName> = z.input<(typeof CALLS)[Name]['request']>

export function isCallName(name: unknown): name is CallName {
  return typeof name === 'string' && Object.hasOwn(CALLS, name)
}

/**
 * Checks `request` and performs the call. Rejects with a sentence where the request is not what the contract says, or
 * the operation refuses; a call that answers with nothing gives an empty object.
 */
export async function performCall(
  incident: Incident,
  name: CallName,
  request: unknown,
): Promise<unknown> {
  const { request: schema, perform } = CALLS[name] as Call
  return (await perform(incident, checked(name, schema, request))) ?? {}
}

/** What the schema makes of `request`. Throws WrongRequest with the first three problems. */
export function checked<Schema extends z.ZodType>(
  name: string,
  schema: Schema,
  request: unknown,
): z.output<Schema> {
  const parsed = schema.safeParse(request)
  if (parsed.success) return parsed.data
  throw new WrongRequest(`${name}: ${problemsOf(parsed.error)}`)
}

/** The caller's mistake, not a refusal of the operation. */
export class WrongRequest extends TypeError {
  override readonly name = 'WrongRequest'
}

/** `olderThanMs: expected number, received string; …`, the first three. */
function problemsOf({ issues }: z.ZodError): string {
  return issues
    .slice(0, 3)
    .map(({ path, message }) => [path.map(String).join('.'), message].filter(Boolean).join(': '))
    .join('; ')
}
