/**
 * The built-in engine: the runbook in five steps, at every check. Baseline before the first write, blockers named,
 * broken flows isolated until they are proven well, only what is safe brought back and in batches, workers added only
 * where that helps, closed only when all exit criteria hold. It keeps its state in the instance: one engine, one drill.
 */
import type { Incident, RecoveryEngine } from '../contract.ts'
import { pauseAutomations } from './automations/act.ts'
import { takeBaseline } from './baseline/baseline.ts'
import { repeatedSignatures } from './blockers/decide.ts'
import { readBlockers } from './blockers/observe.ts'
import { type End, tryExit } from './exit/act.ts'
import { treatFlows } from './isolate/act.ts'
import { countPostponed } from './isolate/quarantine.ts'
import { clearLeftovers } from './leftovers/act.ts'
import { countLeftovers } from './leftovers/decide.ts'
import { type IncidentMemory, type Memory, newMemory, remember } from './memory.ts'
import { RUNBOOK_POLICY, type RunbookPolicy } from './policy.ts'
import {
  backlogGrows,
  FIRST_LOOK_BACK_MS,
  lastingSignals,
  type LastingSignals,
  type Measures,
  measure,
  normalDue,
  readSigns,
  type Sign,
} from './signals/decide.ts'
import { type Facts, observe, readRecentlyFailed } from './signals/observe.ts'
import { adjustThroughput } from './throughput/act.ts'
import type { Turn } from './turn.ts'

export function createRunbookEngine(policy: RunbookPolicy = RUNBOOK_POLICY): RecoveryEngine {
  const memory = newMemory()
  return {
    name: 'runbook',
    check: (incident) => check(incident, memory, policy),
  }
}

async function check(incident: Incident, memory: Memory, policy: RunbookPolicy): Promise<void> {
  const at = incident.now.getTime()
  const last = memory.history.at(-1) ?? null
  const lastAt = last?.at ?? at - FIRST_LOOK_BACK_MS
  const facts = await observe(incident, {
    lastAt,
    recentFrom: at - policy.blockers.suspectWindowMs,
    createdFrom: memory.incident?.createdFrom ?? at - policy.incident.createdBeforeMs,
    slaShare: policy.signals.slaShare,
    dealtWith: [
      ...memory.failedBefore,
      ...memory.dealtWith,
      ...(memory.incident?.handledJobs ?? []),
    ],
  })
  const measures = measure(facts, last, incident.catalogue, memory.takenFromFailed)
  memory.takenFromFailed = 0
  countDead(facts, memory)
  const signs = await look(incident, facts, measures, memory, policy)
  const wasOpen = memory.incident !== null
  remember(memory, {
    at,
    due: measures.due,
    slots: measures.slots,
    failed: measures.failed,
    failures: measures.failures,
    returned: measures.returned,
    signs,
    quiet: signs.length === 0 && !wasOpen,
  })
  if (memory.handedOver !== null) await takeBack(incident, memory)
  else if (!wasOpen) await openIfLasting(incident, facts, memory, policy)
  const open = memory.incident
  if (open === null) {
    const isFirst = memory.history.length === 1
    if (signs.length === 0 || isFirst) await rememberFailed(incident, memory, policy)
    return
  }
  const turn: Turn = { incident, at, lastAt, facts, measures, memory, open, policy }
  const end = await work(turn, signs)
  if (end !== null) endIncident(memory, open, at, end)
}

async function openIfLasting(
  incident: Incident,
  facts: Facts,
  memory: Memory,
  policy: RunbookPolicy,
): Promise<void> {
  const lasting = lastingSignals(memory.history, memory.watchFrom, policy)
  if (lasting !== null) {
    memory.incident = await openIncident(incident, facts, memory, lasting, policy)
  }
}

/** An incident is in people's hands until one of its dead targets answers again: then its quarantine is released. */
async function takeBack(incident: Incident, memory: Memory): Promise<void> {
  const handedOver = memory.handedOver!
  for (const { flow, phase } of handedOver.flows.values()) {
    if (phase !== 'isolated' || flow.integration === null) continue
    if (!(await incident.operations.target.probe(flow.integration)).healthy) continue
    await incident.open(handedOver.signals)
    await incident.notes.decision(
      'Opened the incident again',
      `${flow.name} answers again, and its jobs are still kept apart`,
    )
    memory.incident = { ...handedOver, openedAt: incident.now.getTime(), depths: [] }
    memory.handedOver = null
    return
  }
}

function endIncident(memory: Memory, open: IncidentMemory, at: number, end: End): void {
  memory.incident = null
  memory.watchFrom = at
  memory.handedOver = end === 'handed-over' ? open : null
  for (const id of open.handledJobs) memory.dealtWith.add(id)
}

/** Steps 3 to 5; null = it goes on. */
async function work(turn: Turn, signs: readonly Sign[]): Promise<End | null> {
  const { incident, open, measures } = turn
  const functions = [...open.flows.values()].flatMap((flowCase) => flowCase.functions)
  const postponed = await countPostponed(incident.database, functions, open)
  open.depths.push(measures.due + postponed.reduce((sum, { jobs }) => sum + jobs, 0))
  await pauseAutomations(turn)
  const leftovers = await clearLeftovers(turn)
  await treatFlows(turn)
  await adjustThroughput(turn)
  return tryExit(
    turn,
    leftovers,
    signs.map(({ signal }) => signal),
  )
}

function countDead(facts: Facts, memory: Memory): void {
  const counted = countLeftovers(facts, memory.leftovers)
  memory.leftovers.clear()
  for (const [id, leftover] of counted) memory.leftovers.set(id, leftover)
}

/** `doctor` is asked only when a backlog grows: the CPU tells nothing otherwise. */
async function look(
  incident: Incident,
  facts: Facts,
  measures: Measures,
  memory: Memory,
  policy: RunbookPolicy,
): Promise<readonly Sign[]> {
  const grows = backlogGrows(measures, memory.history, facts, policy)
  const isOpen = memory.incident !== null
  const cpuUsed = grows && !isOpen ? (await incident.operations.doctor()).cpuUsed : null
  return readSigns(facts, measures, memory.history, cpuUsed, incident.catalogue, policy)
}

/** What is failed while all is well failed before whatever comes. */
async function rememberFailed(
  { database, now }: Incident,
  memory: Memory,
  { incident: { createdBeforeMs, beganBeforeMs } }: RunbookPolicy,
): Promise<void> {
  const from = now.getTime() - createdBeforeMs - 3 * beganBeforeMs
  memory.failedBefore = await readRecentlyFailed(database, from)
}

/** Steps 1 and 2, before anything is written. */
async function openIncident(
  incident: Incident,
  facts: Facts,
  memory: Memory,
  lasting: LastingSignals,
  policy: RunbookPolicy,
): Promise<IncidentMemory> {
  const { database, notes } = incident
  await incident.open(lasting.signals)
  await takeBaseline(database, notes, policy.baselineChannels)
  const from = lasting.firstSeenAt - policy.incident.beganBeforeMs
  const createdFrom = from - policy.incident.createdBeforeMs
  const { rows, messageLength } = policy.blockers
  const blockers = await readBlockers(database, {
    from,
    createdFrom,
    notOurs: memory.failedBefore,
    rows,
    messageLength,
  })
  const repeated = repeatedSignatures(blockers)
  await notes.decision('Opened the incident', `it lasts: ${lasting.because.join('; ')}`)
  await notes.decision(
    'Looked at the blockers first',
    repeated.length === 0
      ? 'no exception repeats among the failed and postponed jobs of this incident'
      : `of the ${blockers.length} oldest failed and postponed jobs of this incident: ${repeated.join('; ')}`,
  )
  return {
    openedAt: facts.at,
    signals: lasting.signals,
    from,
    createdFrom,
    idFloor: Math.max(0, facts.idMax - policy.incident.recentIds),
    normalDue: normalDue(memory.history, policy.signals.normalChecks),
    httpWorkersAtStart: facts.workers.httpWorkers + facts.workers.starting,
    notOurs: memory.failedBefore,
    flows: new Map(),
    quarantineEtas: new Set(),
    ownEtas: new Map(),
    requeues: new Map(),
    handledJobs: new Set(),
    pausedAutomations: new Set(),
    scale: null,
    depths: [],
    lastReleaseAt: facts.at,
  }
}
