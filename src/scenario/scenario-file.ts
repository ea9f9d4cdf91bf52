/**
 * Reads a scenario file: YAML in plain words → `Scenario`, checked, with every default filled in, frozen. What is
 * wrong is said with file, line and column.
 */
import { readFile } from 'node:fs/promises'
import { basename } from 'node:path'
import { DrillError, messageOf } from '../foundation/errors.ts'
import { check, valueOrThrow, type Checked } from './problems.ts'
import type { AutomationSpec, FaultSpec, Scenario } from './scenario.ts'
import { scenarioSchema, type ScenarioInput } from './scenario-schema.ts'
import { readYamlSource } from './yaml-source.ts'

/** The scenario, or an input error that lists every problem. `path` is shown in errors and gives the default name. */
export function parseScenario(text: string, path: string): Scenario {
  return valueOrThrow(checkScenario(text, path), path)
}

/** The same without throwing: either the scenario or its problems. */
export function checkScenario(text: string, path: string): Checked<Scenario> {
  const { value, problems } = check(scenarioSchema, readYamlSource(text))
  return { value: value === null ? null : toScenario(value, path), problems }
}

/** Reads the text of a scenario or operations file; a missing one is an input error. */
export async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    throw new DrillError('input', `${path}: cannot be read: ${messageOf(error)}`, { cause: error })
  }
}

/** Keys stand in this order in every journal's header: the digest depends on it. */
function toScenario(input: ScenarioInput, path: string): Scenario {
  return freeze({
    name: input.name ?? basename(path).replace(/\.ya?ml$/i, ''),
    title: input.title,
    summary: input.summary,
    snapshot: input.snapshot,
    control: input.control,
    durationMs: input.duration,
    checkEveryMs: input.checkEvery,
    timeZone: input.timeZone,
    host: toHost(input.host),
    faults: input.faults.map(toFault),
    automations: input.automations.map(toAutomation),
    thresholds: toThresholds(input.thresholds),
  })
}

function toHost(host: ScenarioInput['host']): Scenario['host'] {
  const { limitTimeReal, limitTimeCpu, scaleDelay, ...same } = host
  const stated = {
    ...same,
    limitTimeRealMs: limitTimeReal,
    limitTimeCpuMs: limitTimeCpu,
    scaleDelayMs: scaleDelay,
  }
  return Object.fromEntries(Object.entries(stated).filter(([, value]) => value !== undefined))
}

function toFault(fault: ScenarioInput['faults'][number]): FaultSpec {
  if (fault.kind === 'workers-killed') {
    return { kind: fault.kind, fromMs: fault.at, untilMs: null, workers: fault.workers }
  }
  const { from: fromMs, until: untilMs = null, ...own } = fault
  return { ...own, fromMs, untilMs }
}

function toAutomation(automation: ScenarioInput['automations'][number]): AutomationSpec {
  return {
    name: automation.name,
    description: automation.description,
    kind: automation.kind,
    everyMs: automation.every,
    fromMs: automation.from,
    newerThanMs: automation.newerThan ?? null,
  }
}

function toThresholds(thresholds: ScenarioInput['thresholds']): Scenario['thresholds'] {
  return {
    touchedMin: thresholds.touchedMin,
    drainingFactor: thresholds.drainingFactor,
    drainingSlack: thresholds.drainingSlack,
    drainingSteps: thresholds.drainingSteps,
    returnCount: thresholds.returnCount,
    returnFactor: thresholds.returnFactor,
    watchMinMs: thresholds.watchMin,
    watchMaxMs: thresholds.watchMax,
    slaShare: thresholds.slaShare,
    workersFactor: thresholds.workersFactor,
    detectFullMs: thresholds.detectFull,
    openEarliestMs: thresholds.openEarliest,
  }
}

/** Freezes a tree of plain objects and lists. */
export function freeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value)
    for (const part of Object.values(value)) freeze(part)
  }
  return value
}
