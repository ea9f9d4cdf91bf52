/**
 * What a job carries: recordset, arguments and their printed call, in the encodings of the addon (JSON as Python's
 * `json.dumps` prints it, with the `_type` objects for recordsets, dates and XML).
 */
import type { Random } from '../../foundation/random.ts'
import type { Dialect } from './dialect.ts'
import { MICROSECONDS } from './draft.ts'
import type { JobDraft } from './draft.ts'
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

/** The JSON of `args` and `kwargs`, and what `func_string` shows of them. */
export interface Arguments {
  readonly args: string
  readonly kwargs: string
  readonly printed: string
}

/** Objects of a recordset's context, by company id: as JSON. */
const CONTEXTS: Readonly<Record<number, string>> = Object.fromEntries(
  COMPANY_IDS.map((id) => [id, pythonJson({ ...LOCALES[id - 1]!, allowed_company_ids: [id] })]),
)

export const NO_ARGUMENTS: Arguments = { args: '[]', kwargs: '{}', printed: '' }

/** The job that is called. */
export interface Call {
  readonly dialect: Pick<Dialect, 'recordset'>
  readonly draft: Pick<JobDraft, 'fn' | 'createdUs'>
  readonly draw: Random
  readonly recordId: number
  readonly companyId: number
  readonly userId: number
}

/** The JSON of a recordset around its ids and its user. */
export function recordsetHead(model: string): string {
  return `{"_type": "odoo_recordset", "model": "${model}", "ids": [`
}

export const RECORDSET_USER = '], "uid": '

export function recordsetTail(
  { recordset }: Pick<Dialect, 'recordset'>,
  isSuperuser: boolean,
  companyId: number,
): string {
  const su = recordset.su ? `, "su": ${isSuperuser}` : ''
  if (!recordset.context) return `${su}}`
  return `${su}, "context": ${CONTEXTS[companyId]!}}`
}

/** One argument: as JSON in the row, and as Python prints it in `func_string`. */
interface Argument {
  readonly json: string
  readonly python: string
}

export function argumentsOf(job: Call, texts: Texts): Arguments {
  const { dialect, draft, draw: random, recordId, companyId, userId } = job
  const createdAt = Math.floor(draft.createdUs / MICROSECONDS)
  const recordset = (model: string, ids: readonly number[]): Argument => ({
    json: `${recordsetHead(model)}${ids.join(', ')}${RECORDSET_USER}${userId}${recordsetTail(dialect, userId === 1, companyId)}`,
    python: `${model}(${ids.join(', ')}${ids.length === 1 ? ',' : ''})`,
  })
  switch (draft.fn.payload) {
    case 'none':
      return NO_ARGUMENTS
    case 'value': {
      const value = random.int(0, 400)
      return { args: `[${value}]`, kwargs: '{}', printed: String(value) }
    }
    case 'since':
      return call([datetime(createdAt - random.int(1, 48) * 3_600_000)])
    case 'period': {
      const to = createdAt - 86_400_000
      return call([], {
        date_from: date(to - random.int(1, 30) * 86_400_000),
        date_to: date(to),
        include_drafts: plain(false),
      })
    }
    case 'partner':
      return call([plain(random.int(100, 90_000) / 100)], {
        supplier: recordset('res.partner', [random.int(20, 900)]),
      })
    case 'document': {
      const item = texts.product(random.int(0, 1_000_000))
      const xml = `<order id="${recordId}"><line qty="${random.int(1, 90)}">${item.replaceAll('&', '&amp;').replaceAll('<', '&lt;')}</line></order>`
      const json = pythonJson({ _type: 'etree_element', value: xml })
      return call([{ json, python: '<Element order>' }])
    }
    case 'lines': {
      const first = recordId * 3
      const ids = Array.from({ length: random.int(1, 4) }, (_, index) => first + index)
      const note = texts.note(random.int(0, 1_000_000))
      return call([recordset('sale.order.line', ids), plain(note)], { force: plain(true) })
    }
  }
}

function call(
  positional: readonly Argument[],
  byName: Readonly<Record<string, Argument>> = {},
): Arguments {
  const named = Object.entries(byName)
  const printed = [
    ...positional.map(({ python }) => python),
    ...named.map(([key, { python }]) => `${key}=${python}`),
  ]
  return {
    args: `[${positional.map(({ json }) => json).join(', ')}]`,
    kwargs: `{${named.map(([key, { json }]) => `"${key}": ${json}`).join(', ')}}`,
    printed: printed.join(', '),
  }
}

function plain(value: string | number | boolean): Argument {
  if (typeof value === 'boolean') return { json: String(value), python: value ? 'True' : 'False' }
  if (typeof value === 'number') return { json: String(value), python: String(value) }
  const escaped = value.replaceAll('\\', '\\\\').replaceAll("'", "\\'").replaceAll('\n', '\\n')
  return { json: pythonJson(value), python: `'${escaped}'` }
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
    json: `{"_type": "datetime_isoformat", "value": "${moment.toISOString().slice(0, 19)}"}`,
    python: `datetime.datetime(${parts.join(', ')})`,
  }
}

function date(at: number): Argument {
  const moment = new Date(at)
  const parts = [moment.getUTCFullYear(), moment.getUTCMonth() + 1, moment.getUTCDate()]
  return {
    json: `{"_type": "date_isoformat", "value": "${moment.toISOString().slice(0, 10)}"}`,
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
