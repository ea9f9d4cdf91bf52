/**
 * What a job carries: recordset, arguments and their printed call, in the encodings of the addon (JSON as Python's
 * `json.dumps` prints it, with the `_type` objects for recordsets, dates and XML).
 */
import type { Random } from '../../foundation/random.ts'
import type { Dialect } from './dialect.ts'
import type { JobFunction } from './job-function.ts'
import type { Texts } from './texts.ts'

export const COMPANY_IDS = [1, 2, 3, 4] as const
export const COMPANY_WEIGHTS = [52, 26, 16, 6] as const

const LOCALES = [
  { lang: 'fr_FR', tz: 'Europe/Paris' },
  { lang: 'de_DE', tz: 'Europe/Berlin' },
  { lang: 'en_GB', tz: 'Europe/London' },
  { lang: 'nl_NL', tz: 'Europe/Amsterdam' },
] as const

type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json }

export interface Payload {
  /** What 13.0 keeps instead of `records`. */
  readonly recordIds: string
  readonly records: string
  readonly args: string
  readonly kwargs: string
  readonly funcString: string
}

export interface PayloadRequest {
  readonly dialect: Pick<Dialect, 'recordset'>
  readonly fn: JobFunction
  readonly recordId: number
  readonly companyId: number
  readonly userId: number
  /** ms. */
  readonly createdAt: number
}

/** An argument: as JSON in the row, and as Python prints it in `func_string`. */
interface Argument {
  readonly json: Json
  readonly python: string
}

export function payloadOf(request: PayloadRequest, texts: Texts, random: Random): Payload {
  const { dialect, fn, recordId, companyId, userId } = request
  const model = fn.name.slice(0, fn.name.lastIndexOf('.'))
  const recordset = (of: string, ids: readonly number[]): Argument => ({
    json: {
      _type: 'odoo_recordset',
      model: of,
      ids,
      uid: userId,
      ...(dialect.recordset.su ? { su: userId === 1 } : {}),
      ...(dialect.recordset.context
        ? { context: { ...LOCALES[companyId - 1]!, allowed_company_ids: [companyId] } }
        : {}),
    },
    python: `${of}(${ids.join(', ')}${ids.length === 1 ? ',' : ''})`,
  })
  const records = recordset(model, [recordId])
  const { args, kwargs } = argumentsOf(request, recordset, texts, random)
  const printed = [
    ...args.map(({ python }) => python),
    ...Object.entries(kwargs).map(([key, { python }]) => `${key}=${python}`),
  ]
  const method = fn.name.slice(fn.name.lastIndexOf('.') + 1)
  return {
    recordIds: pythonJson([recordId]),
    records: pythonJson(records.json),
    args: pythonJson(args.map(({ json }) => json)),
    kwargs: pythonJson(
      Object.fromEntries(Object.entries(kwargs).map(([key, { json }]) => [key, json])),
    ),
    funcString: `${records.python}.${method}(${printed.join(', ')})`,
  }
}

function argumentsOf(
  { fn, recordId, createdAt }: PayloadRequest,
  recordset: (model: string, ids: readonly number[]) => Argument,
  texts: Texts,
  random: Random,
): { args: readonly Argument[]; kwargs: Readonly<Record<string, Argument>> } {
  switch (fn.payload) {
    case 'none':
      return { args: [], kwargs: {} }
    case 'value':
      return { args: [plain(random.int(0, 400))], kwargs: {} }
    case 'since':
      return { args: [datetime(createdAt - random.int(1, 48) * 3_600_000)], kwargs: {} }
    case 'period': {
      const to = createdAt - 86_400_000
      return {
        args: [],
        kwargs: {
          date_from: date(to - random.int(1, 30) * 86_400_000),
          date_to: date(to),
          include_drafts: plain(false),
        },
      }
    }
    case 'partner':
      return {
        args: [plain(random.int(100, 90_000) / 100)],
        kwargs: { supplier: recordset('res.partner', [random.int(20, 900)]) },
      }
    case 'document': {
      const item = texts.product(random.int(0, 1_000_000))
      const xml = `<order id="${recordId}"><line qty="${random.int(1, 90)}">${item.replaceAll('&', '&amp;').replaceAll('<', '&lt;')}</line></order>`
      return {
        args: [{ json: { _type: 'etree_element', value: xml }, python: '<Element order>' }],
        kwargs: {},
      }
    }
    case 'lines': {
      const first = recordId * 3
      const ids = Array.from({ length: random.int(1, 4) }, (_, index) => first + index)
      const note = texts.note(random.int(0, 1_000_000))
      return {
        args: [recordset('sale.order.line', ids), plain(note)],
        kwargs: { force: plain(true) },
      }
    }
  }
}

function plain(value: string | number | boolean): Argument {
  if (typeof value === 'boolean') return { json: value, python: value ? 'True' : 'False' }
  if (typeof value === 'number') return { json: value, python: String(value) }
  const escaped = value.replaceAll('\\', '\\\\').replaceAll("'", "\\'").replaceAll('\n', '\\n')
  return { json: value, python: `'${escaped}'` }
}

function datetime(at: number): Argument {
  const moment = new Date(Math.floor(at / 1000) * 1000)
  const parts = [
    moment.getUTCFullYear(),
    moment.getUTCMonth() + 1,
    moment.getUTCDate(),
    moment.getUTCHours(),
    moment.getUTCMinutes(),
    moment.getUTCSeconds(),
  ]
  return {
    json: { _type: 'datetime_isoformat', value: moment.toISOString().slice(0, 19) },
    python: `datetime.datetime(${parts.join(', ')})`,
  }
}

function date(at: number): Argument {
  const moment = new Date(at)
  const parts = [moment.getUTCFullYear(), moment.getUTCMonth() + 1, moment.getUTCDate()]
  return {
    json: { _type: 'date_isoformat', value: moment.toISOString().slice(0, 10) },
    python: `datetime.date(${parts.join(', ')})`,
  }
}

/** `json.dumps` of Python: a blank behind comma and colon, everything beyond ASCII escaped. */
export function pythonJson(value: Json): string {
  if (typeof value === 'number') return String(value)
  if (Array.isArray(value)) return `[${value.map(pythonJson).join(', ')}]`
  if (typeof value === 'object' && value !== null) {
    let text = ''
    for (const [key, item] of Object.entries(value)) {
      text += `${text === '' ? '' : ', '}"${key}": ${pythonJson(item)}`
    }
    return `{${text}}`
  }
  const text = JSON.stringify(value)
  if (!/[\u007f-\uffff]/.test(text)) return text
  return text.replaceAll(
    /[\u007f-\uffff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}
