/** Turns drafts into rows of `queue_job` in COPY text: ids, payload, names, and what the addon keeps of a run. */
import { random } from '../../foundation/random.ts'
import { DAY } from '../../foundation/time.ts'
import type { JOB_COLUMNS } from '../../queue-job/series.ts'
import { encodeRow } from '../copy-text.ts'
import type { Field } from '../copy-text.ts'
import { functionId } from './channels.ts'
import type { Dialect } from './dialect.ts'
import { MICROSECONDS, uuidFrom } from './draft.ts'
import type { JobDraft } from './draft.ts'
import type { JobFunction } from './job-function.ts'
import { COMPANY_IDS, COMPANY_WEIGHTS, payloadOf, pythonJson } from './payload.ts'
import { displayName } from './texts.ts'
import type { Texts } from './texts.ts'
import { tracebackOf } from './tracebacks.ts'

/** HTTP workers of the invented hosts; their process ids change with every nightly restart. */
const WORKERS = 12

/** States that an identity key protects from a second job. */
const KEYED_STATES: readonly string[] = ['pending', 'enqueued', 'wait_dependencies']

/** The columns of all series. */
type JobFields = Record<keyof typeof JOB_COLUMNS | 'record_ids', Field>

export type RowEncoder = (draft: JobDraft, id: number) => string

/** Older rows than this came from an older series: their JSON is what a conversion of the column makes of it. */
const UPGRADED_DAYS = 400

export interface EncoderOptions {
  readonly dialect: Dialect
  readonly functions: readonly JobFunction[]
  readonly seed: string
  /** ms. */
  readonly capturedAt: number
  readonly texts: Texts
}

/** The encoder keeps counters: rows must come in the order of their ids. */
export function rowEncoder({
  dialect,
  functions,
  seed,
  capturedAt,
  texts,
}: EncoderOptions): RowEncoder {
  const columns = Object.keys(dialect.schema.tables.queue_job) as (keyof JobFields)[]
  const upgradedUs = (capturedAt - UPGRADED_DAYS * DAY) * MICROSECONDS
  const draw = random(seed, 'rows')
  const lastRecord = new Map<string, number>()
  const liveKeys = new Set<string>()

  const recordOf = (fn: JobFunction, model: string): number => {
    if (fn.recordPool !== null) return draw.int(1, fn.recordPool)
    const id = (lastRecord.get(model) ?? 4000) + draw.int(1, 60)
    lastRecord.set(model, id)
    return id
  }

  const keyOf = (draft: JobDraft, recordId: number): Field => {
    if (!draft.fn.identityKey) return null
    const key = `${draft.fn.name}-${recordId}`
    if (!KEYED_STATES.includes(draft.state)) return key
    if (liveKeys.has(key)) return null
    liveKeys.add(key)
    return key
  }

  return (draft, id) => {
    const { fn, graph } = draft
    const model = fn.name.slice(0, fn.name.lastIndexOf('.'))
    const companyId = COMPANY_IDS[draw.weighted(COMPANY_WEIGHTS)]!
    const userId = draw.chance(0.6) ? 1 : draw.int(6, 40)
    const recordId = recordOf(fn, model)
    const createdAt = Math.floor(draft.createdUs / MICROSECONDS)
    const payload = payloadOf({ dialect, fn, recordId, companyId, userId, createdAt }, texts, draw)
    const json = (text: string) =>
      dialect.json === 'jsonb' && draft.createdUs >= upgradedUs ? pythonJson(text) : text
    const configuration = functionId(functions, fn)
    const fields: JobFields = {
      id: String(id),
      uuid: draft.uuid ?? uuidFrom(draw),
      graph_uuid: graph?.uuid ?? null,
      user_id: String(userId),
      company_id: String(companyId),
      name: `${fn.title}: ${displayName(model, recordId, new Date(createdAt).getUTCFullYear(), texts)}`,
      model_name: model,
      method_name: fn.name.slice(model.length + 1),
      record_ids: payload.recordIds,
      records: json(payload.records),
      args: json(payload.args),
      kwargs: json(payload.kwargs),
      func_string: payload.funcString,
      dependencies: pythonJson({
        depends_on: graph?.dependsOn ?? [],
        reverse_depends_on: graph?.reverseDependsOn ?? [],
      }),
      ...lifeFields(draft, dialect, recordId),
      worker_pid: draft.startedUs === undefined ? '0' : workerPid(draft.startedUs, id),
      channel: fn.channel,
      channel_method_name: `<${model}>.${fn.name.slice(model.length + 1)}`,
      job_function_id: configuration === null ? null : String(configuration),
      identity_key: keyOf(draft, recordId),
      message_main_attachment_id: null,
    }
    return encodeRow(columns.map((column) => fields[column]))
  }
}

function lifeFields(draft: JobDraft, dialect: Dialect, recordId: number) {
  const { fn, failure } = draft
  const message = failure?.excMessage.replace('{id}', String(recordId))
  return {
    state: draft.state,
    priority: String(fn.priority),
    retry: String(draft.retry),
    max_retries: String(fn.maxRetries),
    eta: timestamp(draft.etaUs),
    date_created: timestamp(draft.createdUs),
    date_enqueued: timestamp(
      draft.enqueuedUs === undefined ? undefined : Math.floor(draft.enqueuedUs / 1e6) * 1e6,
    ),
    date_started: timestamp(draft.startedUs),
    date_done: timestamp(draft.doneUs),
    date_cancelled: timestamp(draft.cancelledUs),
    exec_time: execTime(draft),
    exc_name: failure?.excName ?? null,
    exc_message: message ?? null,
    exc_info: failure === undefined ? null : tracebackOf(dialect, fn, failure, message!),
    result: draft.result ?? null,
  }
}

/** The process that ran the job: one of the day's workers. */
function workerPid(startedUs: number, id: number): string {
  const day = Math.floor(startedUs / MICROSECONDS / DAY)
  return String(1200 + ((day * 271) % 29_000) + (id % WORKERS) * 3)
}

/** Seconds; Odoo stores 0, not NULL, where there is none. */
function execTime({ startedUs, doneUs }: JobDraft): string {
  if (startedUs === undefined || doneUs === undefined) return '0'
  return String((doneUs - startedUs) / 1e6)
}

const TWO_DIGITS = Array.from({ length: 60 }, (_, value) => String(value).padStart(2, '0'))

/** The day of the last call: rows come in order, so nearly every call asks for the same one. */
let lastDay = { day: -1, text: '' }

/** As PostgreSQL prints it: microseconds, without the zeros at the end. A third of the time of `toISOString`. */
function timestamp(us: number | undefined): Field {
  if (us === undefined) return null
  const second = Math.floor(us / 1e6)
  const day = Math.floor(second / 86_400)
  if (day !== lastDay.day) {
    lastDay = { day, text: new Date(day * DAY).toISOString().slice(0, 10) }
  }
  const ofDay = second - day * 86_400
  const clock = `${TWO_DIGITS[Math.floor(ofDay / 3600)]}:${TWO_DIGITS[Math.floor(ofDay / 60) % 60]}:${TWO_DIGITS[ofDay % 60]}`
  const fraction = us % 1e6
  if (fraction === 0) return `${lastDay.text} ${clock}`
  return `${lastDay.text} ${clock}.${String(fraction).padStart(6, '0').replace(/0+$/, '')}`
}
