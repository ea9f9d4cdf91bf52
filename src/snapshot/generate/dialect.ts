/**
 * How the addon of one series writes its rows (reference 1.1–1.5): which columns there are, how JSON is encoded, which
 * states can occur, what paths stand in tracebacks.
 */
import { DrillError } from '../../foundation/errors.ts'
import type { AddonLine } from '../../queue-job/profile.ts'
import { SERIES, schemaOf } from '../../queue-job/series.ts'
import type { QueueSchema, Series } from '../../queue-job/series.ts'

/** `text` — JSON as it is; `jsonb` — 18.0 hands an already encoded text to jsonb, which keeps it as a JSON string. */
export type JsonEncoding = 'text' | 'jsonb'

export interface Dialect {
  readonly series: Series
  readonly profile: AddonLine
  readonly schema: QueueSchema
  readonly json: JsonEncoding
  /** What a recordset says beyond its model, ids and user. */
  readonly recordset: { readonly su: boolean; readonly context: boolean }
  /** `records`; without it, `record_ids`. */
  readonly hasRecords: boolean
  /** `wait_dependencies` and the two columns that belong to it. */
  readonly hasGraphs: boolean
  readonly hasCancelled: boolean
  /** `exec_time`, `exc_name`, `exc_message`. */
  readonly hasFailureParts: boolean
  /** `message_main_attachment_id`. */
  readonly hasAttachment: boolean
  /** Python of that time, as it stands in the paths of tracebacks. */
  readonly python: string
}

/** Lines of the addon in each series, the default first. */
const PROFILES: Readonly<Record<Series, readonly AddonLine[]>> = {
  '12.0': ['12.0'],
  // Between 12.0 and 14.0: its runner is that of 12.0, as a capture says, too.
  '13.0': ['12.0'],
  '14.0': ['2024'],
  '15.0': ['2024'],
  '16.0': ['2024', '2025', '2026'],
  '17.0': ['2024', '2025'],
  '18.0': ['2024', '2025', '2026'],
  '19.0': ['2026'],
}

const PYTHON: Readonly<Record<Series, string>> = {
  '12.0': '3.7',
  '13.0': '3.7',
  '14.0': '3.8',
  '15.0': '3.9',
  '16.0': '3.10',
  '17.0': '3.11',
  '18.0': '3.12',
  '19.0': '3.12',
}

/** Throws DrillError `input` for a series or a line of the addon that never existed. */
export function dialectOf(series: string, profile?: string): Dialect {
  if (!isSeries(series)) {
    throw new DrillError(
      'input',
      `there is no Odoo series "${series}" to generate for; known are ${SERIES.join(', ')}`,
    )
  }
  const chosen = PROFILES[series].find((each) => profile === undefined || each === profile)
  if (chosen === undefined) {
    throw new DrillError(
      'input',
      `Odoo ${series} never had the addon line "${profile}"; give ${PROFILES[series].join(' or ')}`,
    )
  }
  const number = Number(series)
  const schema = schemaOf(series, { lock: chosen === '2025' || chosen === '2026' })
  const has = (column: string): boolean => Object.hasOwn(schema.tables.queue_job, column)
  return {
    series,
    profile: chosen,
    schema,
    json: number >= 18 ? 'jsonb' : 'text',
    recordset: { su: number >= 13, context: number >= 14 },
    hasRecords: has('records'),
    hasGraphs: has('graph_uuid'),
    hasCancelled: has('date_cancelled'),
    hasFailureParts: has('exc_name'),
    hasAttachment: has('message_main_attachment_id'),
    python: PYTHON[series],
  }
}

function isSeries(name: string): name is Series {
  return (SERIES as readonly string[]).includes(name)
}
