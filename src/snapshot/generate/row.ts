/**
 * Turns drafts into rows of `queue_job` in COPY text: draws what only a row needs (user, company, record, arguments),
 * then has each column of the series written.
 */
import { random } from '../../foundation/random.ts'
import type { Random } from '../../foundation/random.ts'
import { DAY } from '../../foundation/time.ts'
import type { JobState } from '../../queue-job/job.ts'
import { piece } from './byte-text.ts'
import type { ByteText } from './byte-text.ts'
import type { Dialect } from './dialect.ts'
import { MICROSECONDS } from './draft.ts'
import type { JobDraft } from './draft.ts'
import { functionPieces } from './function-pieces.ts'
import type { FunctionPieces } from './function-pieces.ts'
import type { JobFunction } from './job-function.ts'
import { argumentsOf, COMPANY_IDS, COMPANY_WEIGHTS, NO_ARGUMENTS } from './payload.ts'
import { writeRow } from './row-text.ts'
import type { Row, RowState } from './row-text.ts'
import type { Texts } from './texts.ts'

/** States that an identity key protects from a second job. */
const KEYED_STATES: readonly JobState[] = ['pending', 'enqueued', 'wait_dependencies']

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

/** Writes one row with its line end. Keeps counters: rows must come in the order of their ids. */
export type RowEncoder = (out: ByteText, draft: JobDraft, id: number) => void

export function rowEncoder(options: EncoderOptions): RowEncoder {
  const { dialect, functions, seed, capturedAt, texts } = options
  const names = {
    codes: texts.productCodes.map(piece),
    products: texts.productNames.map(piece),
    partners: texts.partners.map(piece),
  }
  const upgradedUs = (capturedAt - UPGRADED_DAYS * DAY) * MICROSECONDS
  const draw = random(seed, 'rows')
  const piecesOf = piecesByFunction(dialect, functions)
  const recordOf = recordIds(draw)
  const isKeyed = liveKeys()
  // One object for all rows: a million of them would be work for the collector.
  const row: Row = { dialect, names, draw, ...blank(functions[0]!, piecesOf) }

  return (out, draft, id) => {
    const { fn, createdUs } = draft
    row.id = id
    row.draft = draft
    row.pieces = piecesOf(fn)
    row.companyId = COMPANY_IDS[draw.weighted(COMPANY_WEIGHTS)]!
    row.userId = draw.chance(0.6) ? 1 : draw.int(6, 40)
    row.recordId = recordOf(fn, row.pieces.modelName)
    row.isTwice = dialect.json === 'jsonb' && createdUs >= upgradedUs
    row.hasKey = isKeyed(draft, row.recordId)
    row.arguments = fn.payload === 'none' ? NO_ARGUMENTS : argumentsOf(row, texts)
    writeRow(out, row)
  }
}

/** What a row is before the first draft. */
function blank(fn: JobFunction, piecesOf: (fn: JobFunction) => FunctionPieces): RowState {
  return {
    id: 0,
    draft: { fn, state: 'done', createdUs: 0, retry: 0 },
    pieces: piecesOf(fn),
    companyId: 0,
    userId: 0,
    recordId: 0,
    arguments: NO_ARGUMENTS,
    isTwice: false,
    hasKey: false,
  }
}

function piecesByFunction(
  dialect: Dialect,
  functions: readonly JobFunction[],
): (fn: JobFunction) => FunctionPieces {
  const known = new Map<JobFunction, FunctionPieces>()
  return (fn) => {
    let pieces = known.get(fn)
    if (pieces === undefined) {
      pieces = functionPieces(dialect, functions, fn)
      known.set(fn, pieces)
    }
    return pieces
  }
}

/** Records of a pool come again and again; the others are new ones, with numbers that grow. */
function recordIds(draw: Random): (fn: JobFunction, model: string) => number {
  const last = new Map<string, number>()
  return (fn, model) => {
    if (fn.recordPool !== null) return draw.int(1, fn.recordPool)
    const id = (last.get(model) ?? 4000) + draw.int(1, 60)
    last.set(model, id)
    return id
  }
}

/** Whether a job has an identity key: of two jobs under way only the first. */
function liveKeys(): (draft: JobDraft, recordId: number) => boolean {
  const live = new Set<string>()
  return ({ fn, state }, recordId) => {
    if (!fn.identityKey || !KEYED_STATES.includes(state)) return fn.identityKey
    const key = `${fn.name}-${recordId}`
    if (live.has(key)) return false
    live.add(key)
    return true
  }
}
