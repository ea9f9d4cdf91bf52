/** How `snapshot inspect` shows its figures: tables for people, ISO times and seconds for programs. */
import Table from 'cli-table3'
import { formatDuration, isoUtc } from '../../foundation/time.ts'
import type { Counts, Inspection } from '../../snapshot/inspect.ts'
import type { Snapshot } from '../../snapshot/open.ts'

/** Lines of text in a cell that tells why. */
const REASON_LENGTH_MAX = 60

export function inspectionText(snapshot: Snapshot, inspection: Inspection): string {
  const { manifest, capturedAt } = snapshot
  const ago = (at: number | null): string =>
    at === null ? '' : `${formatDuration(capturedAt - at)} ago`
  return [
    `${manifest.name}: ${manifest.description}`,
    `captured ${isoUtc(capturedAt)}, Odoo ${manifest.odoo_series}, addon ${manifest.addon_profile}, data ${manifest.masking}`,
    `${inspection.rows} jobs, the oldest from ${ago(inspection.oldestAt)}; traffic ${inspection.jobsPerDay} jobs a day`,
    '',
    'Jobs by state',
    table(
      ['state', 'jobs'],
      Object.entries(inspection.byState).map(([state, count]) => [state, count]),
    ),
    '',
    'Jobs by channel (* = not in queue_job_channel, so never cleaned up)',
    table(
      ['channel', ...COUNT_HEADS],
      inspection.channels.map((each) => [
        each.listed ? each.channel : `${each.channel} *`,
        ...countCells(each),
      ]),
    ),
    '',
    'Jobs by function',
    table(
      ['job function', ...COUNT_HEADS, 'a day'],
      inspection.functions.map((each) => [
        each.jobFunction,
        ...countCells(each),
        each.jobsPerDay === null ? '-' : Math.round(each.jobsPerDay),
      ]),
    ),
    '',
    'Oldest pending jobs',
    table(
      ['id', 'job function', 'created', 'eta', 'came back because'],
      inspection.oldestPending.map((job) => [
        job.id,
        job.jobFunction,
        ago(job.createdAt),
        job.eta === null ? '' : isoUtc(job.eta).slice(0, 16),
        cut(job.result ?? ''),
      ]),
    ),
    '',
    'Most frequent failures',
    table(
      ['failed', 'last', 'signature'],
      inspection.signatures.map((each) => [each.count, ago(each.lastAt), each.signature]),
    ),
  ].join('\n')
}

const COUNT_HEADS = ['jobs', 'pending', 'due', 'running', 'failed']

function countCells({ rows, pending, due, running, failed }: Counts): number[] {
  return [rows, pending, due, running, failed]
}

/** No frames: the output can be cut, sorted and pasted. */
const NO_FRAME: Readonly<Record<string, string>> = {
  ...Object.fromEntries(
    ['top', 'bottom', 'left', 'right'].flatMap((side) =>
      [side, `${side}-mid`, `${side}-left`, `${side}-right`].map((part) => [part, '']),
    ),
  ),
  mid: '',
  'mid-mid': '',
  middle: '  ',
}

/** Numbers stand on the right. */
function table(head: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const isNumeric = (index: number) => rows.every((row) => typeof row[index] === 'number')
  const grid = new Table({
    head: [...head],
    colAligns: head.map((_, index) => (isNumeric(index) ? 'right' : 'left')),
    chars: NO_FRAME,
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 },
  })
  grid.push(...rows.map((row) => row.map(String)))
  return grid
    .toString()
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n')
}

function cut(text: string): string {
  const line = text.split('\n')[0]!
  return line.length <= REASON_LENGTH_MAX ? line : `${line.slice(0, REASON_LENGTH_MAX - 1)}…`
}

/** Times ISO 8601 UTC, null where there is none. */
export function inspectionJson(snapshot: Snapshot, inspection: Inspection): unknown {
  const iso = (at: number | null): string | null => (at === null ? null : isoUtc(at))
  return {
    snapshot: snapshot.name,
    capturedAt: isoUtc(snapshot.capturedAt),
    odooSeries: snapshot.manifest.odoo_series,
    addonProfile: snapshot.manifest.addon_profile,
    masking: snapshot.manifest.masking,
    ...inspection,
    oldestAt: iso(inspection.oldestAt),
    oldestPending: inspection.oldestPending.map((job) => ({
      ...job,
      createdAt: iso(job.createdAt),
      eta: iso(job.eta),
    })),
    signatures: inspection.signatures.map((each) => ({
      ...each,
      firstAt: iso(each.firstAt),
      lastAt: iso(each.lastAt),
    })),
  }
}
