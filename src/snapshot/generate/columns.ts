/** How each column of `queue_job` is written; the schema of the series says which of them, and in what order. */
import type { Random } from '../../foundation/random.ts'
import { DAY } from '../../foundation/time.ts'
import type { JOB_COLUMNS, QueueSchema } from '../../queue-job/series.ts'
import { NULL, piece } from './byte-text.ts'
import type { ByteText, Piece } from './byte-text.ts'
import type { Dialect } from './dialect.ts'
import { MICROSECONDS, writeUuid } from './draft.ts'
import type { JobDraft } from './draft.ts'
import { insideString } from './function-pieces.ts'
import type { FunctionPieces } from './function-pieces.ts'
import { pythonJson } from './payload.ts'
import type { Arguments } from './payload.ts'
import { POOL_SIZE } from './texts.ts'
import { tracebackOf } from './tracebacks.ts'

/** All that the columns of one row are written from. */
export interface Row extends RowState {
  readonly dialect: Dialect
  readonly names: Readonly<Record<'codes' | 'products' | 'partners', readonly Piece[]>>
  readonly draw: Random
}

/** What changes from row to row. */
export interface RowState {
  id: number
  draft: JobDraft
  pieces: FunctionPieces
  companyId: number
  userId: number
  recordId: number
  arguments: Arguments
  /** The row's JSON is encoded twice. */
  isTwice: boolean
  hasKey: boolean
}

type Writer = (out: ByteText, row: Readonly<Row>) => void

/** HTTP workers of the invented hosts; their process ids change with every nightly restart. */
const WORKERS = 12
const NO_DEPENDENCIES = piece('{"depends_on": [], "reverse_depends_on": []}')
const BRACKET_OPEN = piece('[')
const BRACKET_CLOSE = piece(']')
const PARENTHESIS = piece(')')
const SLASH = piece('/')

/** The columns of all series. */
const WRITERS: Readonly<Record<keyof typeof JOB_COLUMNS | 'record_ids', Writer>> = {
  id: (out, { id }) => out.number(id),
  uuid: (out, { draft, draw }) =>
    draft.uuid === undefined ? writeUuid(out, draw) : out.text(draft.uuid),
  graph_uuid: (out, { draft }) => textOrNull(out, draft.graph?.uuid),
  user_id: (out, { userId }) => out.number(userId),
  company_id: (out, { companyId }) => out.number(companyId),
  name: writeName,
  model_name: (out, { pieces }) => out.piece(pieces.model),
  method_name: (out, { pieces }) => out.piece(pieces.method),
  record_ids: (out, { recordId }) => {
    out.piece(BRACKET_OPEN)
    out.number(recordId)
    out.piece(BRACKET_CLOSE)
  },
  records: writeRecords,
  args: (out, { arguments: { args }, isTwice }) => writeJson(out, args, isTwice),
  kwargs: (out, { arguments: { kwargs }, isTwice }) => writeJson(out, kwargs, isTwice),
  func_string: (out, { pieces, recordId, arguments: { printed } }) => {
    out.piece(pieces.printedHead)
    out.number(recordId)
    out.piece(pieces.printedMethod)
    out.text(printed)
    out.piece(PARENTHESIS)
  },
  dependencies: (out, { draft: { graph } }) => {
    if (graph === undefined) return out.piece(NO_DEPENDENCIES)
    const { dependsOn, reverseDependsOn } = graph
    out.text(pythonJson({ depends_on: dependsOn, reverse_depends_on: reverseDependsOn }))
  },
  state: (out, { draft }) => out.text(draft.state),
  priority: (out, { pieces }) => out.piece(pieces.priority),
  retry: (out, { draft }) => out.number(draft.retry),
  max_retries: (out, { pieces }) => out.piece(pieces.maxRetries),
  eta: (out, { draft }) => timestampOrNull(out, draft.etaUs),
  date_created: (out, { draft }) => out.timestamp(draft.createdUs),
  date_enqueued: (out, { draft: { enqueuedUs } }) =>
    timestampOrNull(out, enqueuedUs === undefined ? undefined : Math.floor(enqueuedUs / 1e6) * 1e6),
  date_started: (out, { draft }) => timestampOrNull(out, draft.startedUs),
  date_done: (out, { draft }) => timestampOrNull(out, draft.doneUs),
  date_cancelled: (out, { draft }) => timestampOrNull(out, draft.cancelledUs),
  // Odoo stores 0, not NULL, where there is none.
  exec_time: (out, { draft: { startedUs, doneUs } }) =>
    out.seconds(startedUs === undefined || doneUs === undefined ? 0 : doneUs - startedUs),
  exc_name: (out, { draft }) => textOrNull(out, draft.failure?.excName),
  exc_message: (out, row) => textOrNull(out, messageOf(row)),
  exc_info: (out, row) => {
    const { dialect, draft } = row
    const message = messageOf(row)
    if (draft.failure === undefined || message === undefined) return out.piece(NULL)
    out.text(tracebackOf(dialect, draft.fn, draft.failure, message))
  },
  result: (out, { draft }) => textOrNull(out, draft.result),
  channel: (out, { pieces }) => out.piece(pieces.channel),
  channel_method_name: (out, { pieces }) => out.piece(pieces.channelMethod),
  job_function_id: (out, { pieces }) => out.piece(pieces.functionId),
  identity_key: (out, { pieces, recordId, hasKey }) => {
    if (!hasKey) return out.piece(NULL)
    out.piece(pieces.key)
    out.number(recordId)
  },
  worker_pid: (out, { draft, id }) => out.number(workerPid(draft.startedUs, id)),
  message_main_attachment_id: (out) => out.piece(NULL),
}

export function writersOf({ tables }: QueueSchema): Writer[] {
  return Object.keys(tables.queue_job).map((column) => WRITERS[column as keyof typeof WRITERS])
}

function textOrNull(out: ByteText, text: string | undefined): void {
  if (text === undefined) out.piece(NULL)
  else out.text(text)
}

function timestampOrNull(out: ByteText, us: number | undefined): void {
  if (us === undefined) out.piece(NULL)
  else out.timestamp(us)
}

function writeJson(out: ByteText, json: string, isTwice: boolean): void {
  if (!isTwice) return out.text(json)
  out.quote()
  out.text(insideString(json))
  out.quote()
}

function writeRecords(
  out: ByteText,
  { pieces, recordId, userId, companyId, isTwice }: Readonly<Row>,
): void {
  const { head, user, tails } = isTwice ? pieces.records.twice : pieces.records.once
  if (isTwice) out.quote()
  out.piece(head)
  out.number(recordId)
  out.piece(user)
  out.number(userId)
  out.piece((userId === 1 ? tails.superuser : tails.user)[companyId]!)
  if (isTwice) out.quote()
}

/** What the job does, and to which record. */
function writeName(out: ByteText, { pieces, names, recordId, draft }: Readonly<Row>): void {
  out.piece(pieces.title)
  const { displayName } = pieces
  if (displayName === 'product') {
    out.piece(names.codes[recordId % POOL_SIZE]!)
    out.number(recordId % 10_000, 4)
    out.piece(names.products[recordId % POOL_SIZE]!)
  } else if (displayName === 'partner') {
    out.piece(names.partners[recordId % POOL_SIZE]!)
  } else {
    out.piece(pieces.reference)
    if (displayName.withYear) {
      out.number(new Date(Math.floor(draft.createdUs / MICROSECONDS)).getUTCFullYear())
      out.piece(SLASH)
    }
    out.number(recordId, displayName.width)
  }
}

function messageOf({ draft, recordId }: Readonly<Row>): string | undefined {
  return draft.failure?.excMessage.replace('{id}', String(recordId))
}

/** The process that ran the job: one of the day's workers; 0 = none did. */
function workerPid(startedUs: number | undefined, id: number): number {
  if (startedUs === undefined) return 0
  const day = Math.floor(startedUs / MICROSECONDS / DAY)
  return 1200 + (((day | 0) * 271) % 29_000) + ((id | 0) % WORKERS) * 3
}
