/**
 * The history of weekly drills: NDJSON, one line a drill, appended in one write when the whole run is on disk. A run
 * that was cut off appends nothing.
 */
import { mkdir, open } from 'node:fs/promises'
import { dirname } from 'node:path'
import { DrillError } from '../../foundation/errors.ts'
import type { Report } from '../../report/report-json.ts'
import { statusOf } from '../status.ts'

export interface HistoryLine {
  /** ISO week in UTC, `2026-W48`. */
  readonly week: string
  /** ISO 8601 UTC: when the run began. */
  readonly date: string
  readonly scenario: string
  readonly engine: string
  readonly seed: number
  readonly verdict: Report['verdict']
  /** 0..100. */
  readonly score: number
  /** What the run asked for, 0..100; null = no limit. */
  readonly failUnder: number | null
  /** Of this drill alone, as of the command: 0 also means that the score is not below `failUnder`. */
  readonly exitStatus: number
  /** Gate → held, criterion → met. */
  readonly gates: Readonly<Record<string, boolean>>
  readonly criteria: Readonly<Record<string, boolean>>
  /** Seconds; null = never, or nothing was to recover from. */
  readonly recoveredAfter: number | null
  /** Those that the engine owns. */
  readonly duplicates: number
  /** SHA-256 of the journal: equal = the same drill, byte for byte. */
  readonly digest: string
  readonly snapshot: string
  readonly snapshotSha256: string
  /** Version of queue-drill. */
  readonly version: string
}

export interface HistoryContext {
  readonly week: string
  readonly startedAt: Date
  readonly failUnder: number | null
  readonly version: string
}

export function historyLine(
  report: Report,
  { week, startedAt, failUnder, version }: HistoryContext,
): HistoryLine {
  const { drill, verdict, score, gates, criteria, speed, effects, digest } = report
  return {
    week,
    date: startedAt.toISOString(),
    scenario: drill.scenario,
    engine: drill.engine,
    seed: drill.seed,
    verdict,
    score,
    failUnder,
    exitStatus: statusOf(report, failUnder),
    gates: Object.fromEntries(gates.map(({ id, held }) => [id, held])),
    criteria: Object.fromEntries(criteria.map(({ id, met }) => [id, met])),
    recoveredAfter: speed.recoveredAfter,
    duplicates: effects.duplicates,
    digest,
    snapshot: drill.snapshot,
    snapshotSha256: drill.snapshotSha256,
    version,
  }
}

/** Throws DrillError `harness` when the file cannot be written; the run directory then still has the reports. */
export async function appendHistory(path: string, lines: readonly HistoryLine[]): Promise<void> {
  const text = lines.map((line) => `${JSON.stringify(line)}\n`).join('')
  try {
    await mkdir(dirname(path), { recursive: true })
    await using file = await open(path, 'a+')
    // A line that somebody's editor left open must not swallow the first of ours.
    const { size } = await file.stat()
    const { buffer } = await file.read(Buffer.alloc(1), 0, 1, Math.max(0, size - 1))
    const isOpen = size > 0 && buffer.toString() !== '\n'
    await file.appendFile((isOpen ? '\n' : '') + text)
    await file.sync()
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    throw new DrillError('harness', `${path} cannot be appended to (${code})`, { cause: error })
  }
}
