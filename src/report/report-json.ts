/**
 * `report.json`: the score of a drill with what it was a drill of, for programs (DESIGN section 7). Everything but
 * `postgres` and `wall` follows from the journals.
 */
import { createHash } from 'node:crypto'
import { isoUtc } from '../foundation/time.ts'
import type { JournalHeader } from '../journal/events.ts'
import type { Score } from '../scoring/score.ts'

export const REPORT_FORMAT = 'queue-drill-report/1'

/** What run.json measured; with `output` the only part that differs between two runs of one drill. */
export interface RunFacts {
  readonly postgres: { readonly kind: string; readonly version: string; readonly reason: string }
  /** Seconds. */
  readonly wall: { readonly load: number; readonly simulate: number; readonly total: number }
  /** SHA-256 of the uncompressed journal. */
  readonly digest: string
  /** What the engine printed, with virtual times; null for one of ours. */
  readonly output: EngineOutput | null
}

/** Lines that an engine in a process of its own printed. */
export interface EngineOutput {
  readonly lines: readonly {
    /** Virtual, ISO 8601. */
    readonly at: string
    readonly stream: 'stdout' | 'stderr'
    readonly text: string
  }[]
  /** Only the beginning is kept. */
  readonly cut: boolean
}

/** The score of a drill and what it was a drill of; docs/scoring.md explains its rules. */
export interface Report extends Score {
  readonly format: typeof REPORT_FORMAT
  readonly drill: {
    readonly scenario: string
    readonly title: string
    readonly summary: string
    readonly control: boolean
    readonly snapshot: string
    readonly snapshotSha256: string
    /** SHA-256 of the operations file, which is in no checksum of the snapshot. */
    readonly operationsSha256: string
    /** SHA-256 of the scenario as it was played, with every default and `--duration` filled in. */
    readonly scenarioSha256: string
    /** SHA-256 of the user's own SQL for the sandbox; null = there was none. */
    readonly extraSqlSha256: string | null
    readonly engine: string
    readonly seed: number
    readonly postgres: RunFacts['postgres']
    /** Odoo series of the snapshot, version line of its addon, and by whose rules the world played. */
    readonly odooSeries: JournalHeader['snapshot']['odooSeries']
    readonly addonProfile: string
    readonly profile: string
    /** How the snapshot's columns differ from those of its series; null = they do not. */
    readonly mapping: JournalHeader['snapshot']['mapping']
    /** Virtual. */
    readonly startedAt: string
    /** Hour of the workload's week that the start counts as, 0..167 from Monday 00:00 UTC. */
    readonly startHourOfWeek: number
  }
  readonly digest: string
  readonly wall: RunFacts['wall']
  readonly output: EngineOutput | null
}

export function buildReport(score: Score, header: JournalHeader, run: RunFacts): Report {
  const { scenario, snapshot, engine, seed, profile, startedAt, startHourOfWeek } = header
  return {
    format: REPORT_FORMAT,
    drill: {
      scenario: scenario.name,
      title: scenario.title,
      summary: scenario.summary,
      control: scenario.control,
      snapshot: snapshot.name,
      snapshotSha256: snapshot.manifestSha256,
      operationsSha256: snapshot.operationsSha256,
      extraSqlSha256: snapshot.extraSqlSha256 ?? null,
      scenarioSha256: createHash('sha256').update(JSON.stringify(scenario)).digest('hex'),
      engine,
      seed,
      postgres: run.postgres,
      odooSeries: snapshot.odooSeries,
      addonProfile: snapshot.addonProfile,
      profile,
      mapping: snapshot.mapping,
      startedAt: isoUtc(startedAt),
      startHourOfWeek,
    },
    ...score,
    digest: run.digest,
    wall: run.wall,
    output: run.output ?? null,
  }
}
