/** Runs of the same seed in which nobody acts: `calm` without faults, `noop` with them. They need no database. */
import type { Journal, JournalEvent } from '../journal/events.ts'
import { World } from '../simulation/world.ts'
import { type DrillInputs, headerOf } from './inputs.ts'

/** The world of a drill; events go to `record` as they happen. */
export function createWorld(
  inputs: DrillInputs,
  record: (event: JournalEvent) => void,
  withFaults = true,
): World {
  const { snapshot, scenario, host, seed, startHourOfWeek, profile, operations, rows } = inputs
  return new World({
    seed,
    startedAt: snapshot.capturedAt,
    startHourOfWeek,
    host,
    profile,
    operations,
    workload: snapshot.workload,
    faults: withFaults ? inputs.faults : [],
    // A home-made script is part of the incident's story: without the fault nobody had switched it on.
    automations: withFaults ? scenario.automations : [],
    rows,
    record,
  })
}

/** `until`: virtual end of the drill that it stands beside. */
export function runTwin(inputs: DrillInputs, run: 'calm' | 'noop', until: number): Journal {
  const events: JournalEvent[] = []
  const world = createWorld(inputs, (event) => events.push(event), run === 'noop')
  world.advance(until)
  events.push({ at: until, type: 'end', reason: 'duration' })
  return { header: headerOf(inputs, run, 'noop'), events }
}
