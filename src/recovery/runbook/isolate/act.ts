/**
 * Step 3: finds the broken flows by probe, keeps them apart while they are broken, lets a few jobs go ahead when they
 * are said to be well, and brings the others back when those went through.
 */
import type { ProbeReport } from '../../contract.ts'
import { requeue } from '../../sql/requeue.ts'
import { type Suspect, suspectsOf } from '../blockers/decide.ts'
import { functionsOf, repeatOf } from '../flows.ts'
import type { FlowCase } from '../memory.ts'
import { bringBack, type Budget } from '../retry/act.ts'
import { readFailed } from '../retry/observe.ts'
import { jobs as countOf, type Turn } from '../turn.ts'
import { settleUncertain } from '../uncertain/act.ts'
import { nextPhase, releaseBudget } from './decide.ts'
import { NO_PULSE, type Pulse, readCanaries, readPulses } from './pulse.ts'
import { countPostponed, postpone, release } from './quarantine.ts'

export async function treatFlows(turn: Turn): Promise<void> {
  const { open } = turn
  const probes = await probeFlows(turn)
  await openCases(turn, probes)
  const cases = [...open.flows.values()]
  const pulses = await readPulses(
    turn.incident.database,
    cases.map(({ flow, functions }) => ({ name: flow.name, functions })),
    open.idFloor,
    turn.lastAt,
  )
  for (const flowCase of cases) {
    await movePhase(turn, flowCase, probes, pulses.get(flowCase.flow.name) ?? NO_PULSE)
  }
  for (const flowCase of cases) if (flowCase.phase === 'isolated') await isolate(turn, flowCase)
  const budget = budgetOf(turn, cases, pulses)
  for (const flowCase of cases) {
    if (flowCase.phase === 'proving') await sendCanaries(turn, flowCase)
    const uncertain = flowCase.phase === 'clear' ? 0 : await settleUncertain(turn, flowCase)
    if (flowCase.phase === 'releasing') await bringBackUntilClear(turn, flowCase, budget, uncertain)
  }
}

type Probes = ReadonlyMap<string, ProbeReport>

/** Probes the integrations of suspects and of open cases, each once. */
async function probeFlows({ incident, facts, open, policy }: Turn): Promise<Probes> {
  const suspects = suspectsOf(facts, incident.catalogue, policy).map(({ flow }) => flow)
  const flows = [...suspects, ...[...open.flows.values()].map(({ flow }) => flow)]
  const names = new Set(flows.flatMap(({ integration }) => integration ?? []))
  const probes = new Map<string, ProbeReport>()
  for (const name of [...names].sort()) {
    probes.set(name, await incident.operations.target.probe(name))
  }
  return probes
}

/** A suspect that a probe confirms, or that failed in numbers, becomes a case. */
async function openCases(turn: Turn, probes: Probes): Promise<void> {
  const { incident, facts, open, policy, at } = turn
  for (const suspect of suspectsOf(facts, incident.catalogue, policy)) {
    const { flow, failed } = suspect
    if (open.flows.has(flow.name)) continue
    const probe = flow.integration === null ? null : probes.get(flow.integration)!
    const isBroken = probe !== null && !probe.healthy
    if (!isBroken && failed < policy.signals.failures) continue
    open.flows.set(flow.name, {
      flow,
      functions: functionsOf(flow, incident.catalogue),
      phase: 'proving',
      since: at,
      canaries: [],
      asked: new Set(),
    })
    await incident.notes.decision(
      `Treat ${flow.name} as ${isBroken ? 'broken' : 'in doubt'}`,
      `${describe(suspect)}; ${probe === null ? 'there is nobody to probe' : `the probe answers "${probe.answer}"`}`,
    )
  }
}

function describe({ failed, retrying, longRuns }: Suspect): string {
  return `${countOf(failed)} failed, ${countOf(retrying)} postponed by their own code, ${longRuns} hold a slot for long`
}

async function movePhase(
  { incident, at, open, policy }: Turn,
  flowCase: FlowCase,
  probes: Probes,
  pulse: Pulse,
): Promise<void> {
  const { flow, phase } = flowCase
  const { phase: next, why } = nextPhase(
    {
      phase,
      inPhaseMs: at - flowCase.since,
      probe: flow.integration === null ? null : probes.get(flow.integration)!,
      pulse,
      canaries: await readCanaries(incident.database, flowCase.canaries),
    },
    policy,
  )
  if (next === phase) return
  flowCase.phase = next
  flowCase.since = at
  flowCase.asked.clear()
  if (next !== 'proving') flowCase.canaries = []
  if (next === 'isolated') open.lastReleaseAt = at
  await incident.notes.decision(WORDS[next](flow.name), why)
}

const WORDS = {
  isolated: (name: string) => `Isolate ${name}: postpone its pending jobs, renewed at every check`,
  proving: (name: string) => `Try ${name} with a few jobs`,
  releasing: (name: string) => `Release ${name} in batches`,
  clear: (name: string) => `Nothing of ${name} is left to bring back`,
} as const

async function isolate(turn: Turn, flowCase: FlowCase): Promise<void> {
  const { incident, at, open, policy } = turn
  const { postponeMs, renewBeforeMs } = policy.isolate
  const postponed = await postpone(
    incident.database,
    flowCase.functions,
    incident.catalogue,
    open,
    { now: at, dueBefore: at + renewBeforeMs, until: at + postponeMs },
  )
  if (flowCase.since !== at || postponed === 0) return
  await incident.notes.decision(
    `Postponed ${countOf(postponed)} of ${flowCase.flow.name} by ${postponeMs / 60_000} minutes`,
    'they can only fail and hold slots that other jobs need; the others are not touched',
  )
}

/** A few postponed jobs go first; where there are none, a few failed ones that are safe to repeat. */
async function sendCanaries(turn: Turn, flowCase: FlowCase): Promise<void> {
  const { incident, at, open, memory, policy } = turn
  if (flowCase.canaries.length > 0) return
  const { database, catalogue, notes } = incident
  const askFirst = flowCase.functions.filter((fn) => repeatOf(fn, catalogue) === 'ask')
  const released = await release(database, flowCase.functions, open, {
    now: at,
    askFirst,
    held: [],
    limit: policy.retry.canaries,
  })
  let canaries = released
  if (released.length === 0) {
    const safe = flowCase.functions.filter(
      (fn) => repeatOf(fn, catalogue) === 'safe' && catalogue[fn]?.carriesValue !== true,
    )
    const failed = await readFailed(database, safe, open, policy.retry.canaries)
    canaries = failed.map(({ id }) => id)
    memory.takenFromFailed += await requeue(database, canaries, ['failed'], at)
    for (const id of canaries) open.requeues.set(id, (open.requeues.get(id) ?? 0) + 1)
  }
  flowCase.canaries = canaries
  if (canaries.length === 0) {
    // Nothing waits: there is nothing to find out either.
    flowCase.phase = 'releasing'
    flowCase.since = at
    return
  }
  open.lastReleaseAt = at
  await notes.decision(
    `Sent ${countOf(canaries.length)} of ${flowCase.flow.name} ahead as canaries`,
    'if the flow is still broken a few fail, not all of them at once',
  )
}

/** The slots are shared by whatever comes back at this check. */
function budgetOf(
  { facts, measures, at, lastAt, policy }: Turn,
  cases: readonly FlowCase[],
  pulses: ReadonlyMap<string, Pulse>,
): Budget {
  const releasing = cases.filter(({ phase }) => phase === 'releasing')
  const means = releasing.flatMap(({ flow }) => pulses.get(flow.name)?.meanMs ?? [])
  const left = releaseBudget(
    {
      rootCapacity: facts.workers.rootCapacity,
      due: measures.due,
      checkMs: at - lastAt,
      meanMs: means.length === 0 ? null : Math.max(...means),
    },
    policy,
  )
  return { left }
}

async function bringBackUntilClear(
  turn: Turn,
  flowCase: FlowCase,
  budget: Budget,
  uncertain: number,
): Promise<void> {
  const { released, requeued, remaining } = await bringBack(turn, flowCase, budget)
  if (remaining || uncertain > 0 || released + requeued > 0) return
  const postponed = await countPostponed(turn.incident.database, flowCase.functions, turn.open)
  if (postponed.length > 0) return
  flowCase.phase = 'clear'
  flowCase.since = turn.at
  await turn.incident.notes.decision(
    WORDS.clear(flowCase.flow.name),
    'every postponed job is released and every failed one is done, requeued or handed over',
  )
}
