/** How `snapshot inspect` shows its figures: tables for people, ISO times and seconds for programs. */
import Table from 'cli-table3'
import { MINUTE, SECOND, formatDuration, isoUtc } from '../../foundation/time.ts'
import type { Manifest } from '../../snapshot/format.ts'
import type { Counts, Inspection } from '../../snapshot/inspect.ts'
import type { FunctionTraffic } from '../../snapshot/inspect/traffic.ts'
import type { Snapshot } from '../../snapshot/open.ts'

/** Lines of text in a cell that tells why. */
const REASON_LENGTH_MAX = 60

export function inspectionText(snapshot: Snapshot, inspection: Inspection): string {
  const ago = agoOf(snapshot.capturedAt)
  const sections = [
    [headOf(snapshot, inspection)],
    ['Jobs by state', table(['state', 'jobs'], Object.entries(inspection.byState))],
    [
      'Jobs by channel (* = not in queue_job_channel, so never cleaned up)',
      table(
        ['channel', ...COUNT_HEADS],
        inspection.channels.map((each) => [
          each.listed ? each.channel : `${each.channel} *`,
          ...countCells(each),
        ]),
      ),
    ],
    [
      'Jobs by function',
      table(
        ['job function', ...COUNT_HEADS],
        inspection.functions.map((each) => [each.jobFunction, ...countCells(each)]),
      ),
    ],
    [
      'Traffic by function (hours of the day from 0:00 UTC, each to its own peak)',
      trafficTable(inspection),
    ],
    [
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
    ],
    [
      'Most frequent failures',
      table(
        ['failed', 'last', 'signature'],
        inspection.signatures.map((each) => [each.count, ago(each.lastAt), each.signature]),
      ),
    ],
    [
      'Stuck, as far as one look can tell (none of it proves its cause)',
      stuckTable(snapshot, inspection),
    ],
  ]
  return sections.map((lines) => lines.join('\n')).join('\n\n')
}

/** Where the snapshot is from, and how that is known. */
function headOf({ manifest, capturedAt }: Snapshot, inspection: Inspection): string {
  const { detected, addon_version: addon, server_version: server, host, capture } = manifest
  const installed = addon === undefined ? '' : ` (${addon})`
  const source = server === undefined ? '' : `, PostgreSQL ${server}`
  const zone = manifest.time_zone === undefined ? '' : `, database in ${manifest.time_zone}`
  const oldest = agoOf(capturedAt)(inspection.oldestAt)
  return [
    `${manifest.name}: ${manifest.description}`,
    `captured ${isoUtc(capturedAt)}, Odoo ${manifest.odoo_series}, addon ${manifest.addon_profile}${installed}${source}${zone}`,
    ...(detected === undefined ? [] : [`known by: ${detected}`]),
    `data ${maskingText(manifest)}`,
    ...(capture === undefined
      ? []
      : [
          `taken from ${capture.source}: ${manifest.tables.queue_job.rows} of ${capture.rows} jobs, ` +
            (capture.limits.length === 0 ? 'no limit' : capture.limits.join(', ')),
          ...capture.warnings.map((warning) => `warning: ${warning}`),
        ]),
    ...(host === undefined
      ? []
      : [
          `host: ${Object.entries(host)
            .map(([name, value]) => `${name} ${value}`)
            .join(', ')}`,
        ]),
    `${inspection.rows} jobs, the oldest from ${oldest}; traffic ${inspection.jobsPerDay} jobs a day, ` +
      `${sparkline(inspection.rhythm.hourOfDay)} over the day, ${sparkline(inspection.rhythm.dayOfWeek)} Monday to Sunday`,
  ].join('\n')
}

function maskingText({ masking, masking_policy: policy }: Manifest): string {
  if (policy === undefined) return masking
  const list = (name: string, columns: readonly string[]) =>
    columns.length === 0 ? '' : `, ${name}: ${columns.join(', ')}`
  return `${masking} with key ${policy.key_id}${list('let through', policy.relaxed)}${list('masked besides', policy.added)}`
}

function trafficTable({ functions }: Inspection): string {
  return table(
    ['job function', 'a day', 'hours', 'p50', 'p90', 'p99', 'longest', 'fail', 'burst'],
    functions.flatMap(({ jobFunction, traffic }) =>
      traffic === null
        ? []
        : [
            [
              jobFunction,
              Math.round(traffic.jobsPerDay),
              sparkline(traffic.hourOfDay),
              ...[
                traffic.durationMs.p50,
                traffic.durationMs.p90,
                traffic.durationMs.p99,
                traffic.durationMs.max,
              ].map(runTime),
              `${(traffic.failureShare * 100).toFixed(1)} %`,
              traffic.burstMean.toFixed(1),
            ],
          ],
    ),
  )
}

function stuckTable({ capturedAt }: Snapshot, inspection: Inspection): string {
  const { waiting, duplicateKeys, stuck } = inspection
  const ago = agoOf(capturedAt)
  const lines = [
    ...stuck.map(({ mode, count, oldestAt, what, ids }) => [mode, count, ago(oldestAt), what, ids]),
    ['F11', waiting.parentsDone.count, '', WAITS_FOR_NOTHING, waiting.parentsDone.ids],
    ['F12', waiting.parentBroken.count, '', WAITS_FOR_BROKEN, waiting.parentBroken.ids],
  ] as [string, number, string, string, readonly number[]][]
  const seen = lines.filter(([, count]) => count > 0)
  const looked =
    waiting.looked < waiting.waiting - waiting.unreadable
      ? ` (the first ${waiting.looked} were looked at)`
      : ''
  return [
    seen.length === 0
      ? 'nothing'
      : table(
          ['mode', 'jobs', 'oldest', 'what', 'such as'],
          seen
            .sort(([left], [right]) => (left < right ? -1 : Number(left > right)))
            .map(([mode, count, oldest, what, ids]) => [mode, count, oldest, what, ids.join(' ')]),
        ),
    `${waiting.waiting} jobs wait for others, in ${waiting.graphs} graphs${looked}` +
      (waiting.unreadable === 0 ? '' : `; of ${waiting.unreadable} the dependencies are no JSON`),
    duplicateKeys.keys === 0
      ? 'no identity key is taken twice'
      : `${duplicateKeys.keys} identity keys are taken by ${duplicateKeys.jobs} unfinished jobs, the most by ` +
        `${duplicateKeys.worst[0]!.jobs}`,
  ].join('\n')
}

const WAITS_FOR_NOTHING = 'waits for others that are all done (or not in the snapshot)'
const WAITS_FOR_BROKEN = 'waits for a job that failed or was cancelled'

function agoOf(capturedAt: number): (at: number | null) => string {
  return (at) => (at === null ? '' : `${formatDuration(capturedAt - at)} ago`)
}

const BARS = '▁▂▃▄▅▆▇█'

/** One character a value, the highest is full. */
function sparkline(values: readonly number[]): string {
  const peak = Math.max(...values)
  if (peak === 0) return BARS[0]!.repeat(values.length)
  return values.map((value) => BARS[Math.round((value / peak) * (BARS.length - 1))]).join('')
}

/** `340ms`, `2.4s`, `3m 20s`. */
function runTime(ms: number): string {
  if (ms < SECOND) return `${Math.round(ms)}ms`
  return ms < MINUTE ? `${(ms / SECOND).toFixed(1)}s` : formatDuration(ms)
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

/** Times ISO 8601 UTC, null where there is none; run times in seconds, as in all reports. */
export function inspectionJson(snapshot: Snapshot, inspection: Inspection): unknown {
  const iso = (at: number | null): string | null => (at === null ? null : isoUtc(at))
  const { manifest } = snapshot
  return {
    snapshot: snapshot.name,
    description: manifest.description,
    capturedAt: isoUtc(snapshot.capturedAt),
    odooSeries: manifest.odoo_series,
    addonProfile: manifest.addon_profile,
    detected: manifest.detected ?? null,
    addonVersion: manifest.addon_version ?? null,
    serverVersion: manifest.server_version ?? null,
    timeZone: manifest.time_zone ?? null,
    host: manifest.host ?? null,
    masking: manifest.masking,
    maskingPolicy: manifest.masking_policy ?? null,
    capture: manifest.capture ?? null,
    ...inspection,
    oldestAt: iso(inspection.oldestAt),
    functions: inspection.functions.map(({ traffic, ...counts }) => ({
      ...counts,
      jobsPerDay: traffic?.jobsPerDay ?? null,
      traffic: traffic === null ? null : trafficJson(traffic),
    })),
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
    stuck: inspection.stuck.map((each) => ({ ...each, oldestAt: iso(each.oldestAt) })),
  }
}

function trafficJson({ durationMs, ...traffic }: FunctionTraffic): unknown {
  const seconds = Object.entries(durationMs).map(([name, ms]) => [name, ms / SECOND])
  return { ...traffic, durationSeconds: Object.fromEntries(seconds) as unknown }
}
