/** One function for each rule of `columns.ts`: the value of a field → what stands for it. */
import { findLeak } from '../leaks/scan.ts'
import type { Rule } from './columns.ts'
import { JsonMasker } from './json.ts'
import type { Parts } from './parts.ts'
import type { PathRules } from './policy.ts'
import { TextMasker } from './text.ts'
import { TracebackMasker } from './traceback.ts'
import { UUID } from './uuids.ts'

export type FieldMask = (value: string) => string

const INTEGER = /^-?\d{1,10}$/
const REAL = /^-?(?:\d{1,15}(?:\.\d{1,20})?(?:e[+-]\d{1,3})?|Infinity|NaN)$/
const MOMENT =
  /^(?:\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d:\d\d(?:\.\d{1,6})?(?:Z|[+-]\d\d(?::?\d\d)?)?)?|-?infinity)$/
const FLAG = /^(?:t|f|true|false)$/
/** `sale.order(1, 2).action_confirm` at the head of a printed call. */
const CALL = /^([a-z_][a-z0-9_]*(?:\.[a-z0-9_]+)*)(\([\d, ]*\)\.)([a-z_]\w*)(?=\()/
/** What most jobs have in two or three columns: nothing in it to be masked. */
const EMPTY: ReadonlySet<string> = new Set([
  '[]',
  '{}',
  '{"depends_on": [], "reverse_depends_on": []}',
])
const INT2_MAX = 32_767

export class FieldMasker {
  readonly #parts: Parts
  readonly #texts: TextMasker
  readonly #json: JsonMasker
  readonly #tracebacks: TracebackMasker

  constructor(parts: Parts) {
    this.#parts = parts
    this.#texts = new TextMasker(parts)
    this.#json = new JsonMasker({ digits: parts.digits, text: (value) => this.#texts.mask(value) })
    this.#tracebacks = new TracebackMasker((value) => this.text(value))
  }

  /** JSON as JSON, everything else as free text. */
  text(value: string): string {
    return this.#json.mask(value, null) ?? this.#texts.mask(value)
  }

  /** `kept` = what a policy says about the column. */
  maskOf(rule: Rule, type: string, kept: PathRules | null): FieldMask {
    const mask = this.#maskOf(rule, type, kept)
    if (kept === null || !kept.isKept || rule === 'json') return mask
    return (value) => (findLeak(value) === null ? value : mask(value))
  }

  #maskOf(rule: Rule, type: string, kept: PathRules | null): FieldMask {
    const text: FieldMask = (value) => this.text(value)
    const staying =
      (form: RegExp): FieldMask =>
      (value) =>
        form.test(value) ? value : text(value)
    switch (rule) {
      case 'integer':
        return staying(INTEGER)
      case 'real':
        return staying(REAL)
      case 'moment':
        return staying(MOMENT)
      case 'flag':
        return staying(FLAG)
      case 'name':
        return (value) => this.#tracebacks.name(value)
      case 'settings':
        return (value) =>
          /^[\s\d"{}[\]:,.]*$/.test(value) && findLeak(value) === null ? value : text(value)
      case 'number':
        return (value) => this.#number(value, type)
      case 'decimal':
        return (value) => this.#decimal(value)
      case 'uuid':
        return (value) => (UUID.test(value) ? this.#parts.uuids.mask(value) : text(value))
      case 'json':
        return (value) =>
          EMPTY.has(value) ? value : (this.#json.mask(value, kept) ?? this.text(value))
      case 'action':
        return (value) => this.#json.mask(value, kept, ['func_name']) ?? this.text(value)
      case 'text':
        return text
      case 'call':
        return (value) => this.#call(value)
      case 'traceback':
        return (value) => this.#traceback(value)
      case 'date':
        return (value) => this.#date(value)
      case 'off':
        return (value) => (FLAG.test(value) ? 'f' : text(value))
    }
  }

  #number(value: string, type: string): string {
    const [, sign = '', digits] = /^(-?)(0|[1-9]\d*)$/.exec(value) ?? []
    if (digits === undefined) return this.text(value)
    let masked = this.#parts.digits.run(digits)
    // Along the cycle until it fits again: one to one among those that fit.
    while (type.startsWith('int2') && Number(masked) > INT2_MAX)
      masked = this.#parts.digits.run(masked)
    return sign + masked
  }

  #decimal(value: string): string {
    const [, sign = '', whole, fraction, exponent = ''] =
      /^(-?)(\d+)(?:\.(\d+))?(e[+-]\d+)?$/.exec(value) ?? []
    if (whole === undefined) return /^(?:NaN|-?Infinity)$/.test(value) ? value : this.text(value)
    const { digits } = this.#parts
    const rest = fraction === undefined ? '' : `.${digits.fraction(fraction)}`
    return sign + digits.run(whole) + rest + exponent
  }

  #call(value: string): string {
    const match = CALL.exec(value)
    if (match === null) return this.text(value)
    const [head, model = '', ids = '', method = ''] = match
    const names = this.#tracebacks
    return (
      names.name(model) + this.text(ids) + names.name(method) + this.text(value.slice(head.length))
    )
  }

  #traceback(value: string): string {
    return this.#json.mask(value, null) ?? this.#tracebacks.mask(value)
  }

  #date(value: string): string {
    return /^-?infinity$/.test(value) ? value : this.#texts.mask(value)
  }
}
