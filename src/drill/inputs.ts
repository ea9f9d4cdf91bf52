/**
 * Everything a drill is a function of, read and checked before anything starts: snapshot, operations, scenario, seed,
 * and what hour of the week the start counts as.
 */
import { readFile } from 'node:fs/promises'
import { DrillError } from '../foundation/errors.ts'
import { hourOfWeek } from '../foundation/time.ts'
import type { JournalHeader, RunKind } from '../journal/events.ts'
import { JOURNAL_FORMAT } from '../journal/events.ts'
import type { HostParameters } from '../queue-job/host.ts'
import type { JobRow } from '../queue-job/job.ts'
import type { Operations } from '../queue-job/operations.ts'
import { type Profile, profileOf } from '../queue-job/profile.ts'
import { bindRoles, type RoleBinding } from '../scenario/bind-roles.ts'
import { parseOperations } from '../scenario/operations-file.ts'
import type { Scenario } from '../scenario/scenario.ts'
import { busiestHour } from '../simulation/arrivals.ts'
import type { BoundFault } from '../simulation/integrations.ts'
import { describeRows, type LoadedRow } from '../simulation/loaded-rows.ts'
import { mappingOf } from '../snapshot/mapping.ts'
import { openSnapshot, type Snapshot } from '../snapshot/open.ts'
import { readJobs } from '../snapshot/rows.ts'
import { hostOf } from './host.ts'

/** A snapshot with its rows in memory; shared by all drills of a campaign that use it. */
export interface LoadedSnapshot {
  readonly snapshot: Snapshot
  readonly operations: Operations
  /** By id. */
  readonly rows: readonly LoadedRow[]
}

export interface DrillInputs extends LoadedSnapshot {
  readonly scenario: Scenario
  /** By the scenario, else by the snapshot, else a usual one. */
  readonly host: HostParameters
  readonly profile: Profile
  readonly seed: number
  readonly startHourOfWeek: number
  readonly faults: readonly BoundFault[]
  /** Of SQL that was run in the sandbox beside the snapshot. */
  readonly extraSqlSha256?: string
  /** Roles of the scenario that nothing of this queue plays. */
  readonly unbound: RoleBinding['unbound']
}

export async function loadInputs(nameOrDirectory: string): Promise<LoadedSnapshot> {
  const snapshot = await openSnapshot(nameOrDirectory)
  const text = await readFile(snapshot.operationsPath, 'utf8')
  const operations = parseOperations(text, snapshot.operationsPath)
  const rows: JobRow[] = []
  for await (const row of readJobs(snapshot)) rows.push(row)
  return { snapshot, operations, rows: describeRows(rows, operations) }
}

export function drillInputs(
  loaded: LoadedSnapshot,
  scenario: Scenario,
  seed: number,
  start: string,
): DrillInputs {
  const binding = bindRoles(scenario, loaded.operations)
  return {
    ...loaded,
    scenario,
    host: hostOf(loaded.snapshot.manifest.host ?? {}, scenario.host),
    seed,
    profile: profileOf(loaded.snapshot.manifest.addon_profile),
    startHourOfWeek: startHour(start, loaded.snapshot),
    faults: scenario.faults.map((spec, index) => ({ spec, ...binding.faults[index]! })),
    unbound: binding.unbound,
  }
}

const DAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun']

/** `captured`, `busiest`, or a weekday and a full hour (UTC): `Mon 10:00`. */
function startHour(start: string, snapshot: Snapshot): number {
  if (start === 'captured') return hourOfWeek(snapshot.capturedAt)
  if (start === 'busiest') return busiestHour(snapshot.workload)
  const match = /^([A-Za-z]{3})[a-z]*\s+(\d{1,2}):00$/.exec(start.trim())
  const day = DAYS.indexOf(match?.[1]?.toLowerCase() ?? '')
  const hour = Number(match?.[2] ?? 24)
  if (day < 0 || hour > 23) {
    throw new DrillError(
      'input',
      `--start "${start}" is not understood: use captured, busiest, or a weekday and a full hour such as "Mon 10:00" (UTC)`,
    )
  }
  return day * 24 + hour
}

export function headerOf(inputs: DrillInputs, run: RunKind, engine: string): JournalHeader {
  const { snapshot, scenario, operations } = inputs
  return {
    type: 'header',
    format: JOURNAL_FORMAT,
    run,
    engine,
    seed: inputs.seed,
    profile: inputs.profile.name,
    snapshot: {
      name: snapshot.name,
      manifestSha256: snapshot.manifestSha256,
      workloadSha256: snapshot.manifest.workload.sha256,
      operationsSha256: snapshot.operationsSha256,
      odooSeries: snapshot.manifest.odoo_series,
      addonProfile: snapshot.manifest.addon_profile,
      mapping: mappingOf(snapshot.manifest),
      ...(inputs.extraSqlSha256 !== undefined && { extraSqlSha256: inputs.extraSqlSha256 }),
    },
    startedAt: snapshot.capturedAt,
    startHourOfWeek: inputs.startHourOfWeek,
    // In full: its keys keep their places.
    scenario: { ...scenario, host: inputs.host },
    operations,
    host: inputs.host,
  }
}
