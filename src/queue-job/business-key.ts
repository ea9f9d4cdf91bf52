/**
 * The business key of a job: which business object its effect is about, as one canonical text. Two jobs with the same
 * key that both capture a payment have captured it twice. Reads all JSON encodings of the addon (reference 1.5), where
 * the same call is written differently by version: text or jsonb, encoded once or twice, with or without a context.
 */
import { DrillError } from '../foundation/errors.ts'
import type { JobRow } from './job.ts'
import { BIG_INTEGER_KEY, isTooDeep, keepBigIntegers } from './json-text.ts'

/** Where the operations file says nothing. */
const DEFAULT_BUSINESS_KEY: readonly string[] = ['records', 'args']

/** The columns with the call, as the table holds them. */
export type Payload = Pick<JobRow, 'records' | 'args' | 'kwargs'>

const NOTHING = Symbol('nothing there')

/** Whether `path` can be read: `records`, `args`, `kwargs`, and steps into them such as `args.0`, `kwargs.order_ref`. */
export function isBusinessKeyPath(path: string): boolean {
  return /^(records|args|kwargs)(\.[^.\s]+)*$/.test(path)
}

/**
 * `<job function> <path>=<canonical value> …`; keys sorted, recordsets as `sale.order(1,2)` without user and context. A
 * path that the payload does not have gives an empty value; if none of them is there, all of the payload is the key, so
 * that a wrong path does not make one object of all jobs. A column that is no JSON, or absurdly nested, counts as its raw text. Throws
 * DrillError `input` for a path that is none (`isBusinessKeyPath`).
 */
export function businessKeyOf(
  jobFunction: string,
  paths: readonly string[],
  payload: Payload,
): string {
  const wanted = paths.length === 0 ? DEFAULT_BUSINESS_KEY : paths
  const columns: Columns = {}
  const values = wanted.map((path) => canonicalAt(path, payload, columns))
  if (values.some((value) => value !== '')) return keyText(jobFunction, wanted, values)
  const whole = ['records', 'args', 'kwargs']
  const all = whole.map((path) => canonicalAt(path, payload, columns))
  return keyText(jobFunction, whole, all)
}

/** Decoded columns of one payload, so that several paths into one column parse it once. */
interface Columns {
  records?: unknown
  args?: unknown
  kwargs?: unknown
}

function keyText(jobFunction: string, paths: readonly string[], values: readonly string[]): string {
  return `${jobFunction} ${paths.map((path, index) => `${path}=${values[index]}`).join(' ')}`
}

/** Paths are few and rows are many: each path is checked and split once. */
const stepsOfPath = new Map<string, readonly [keyof Payload, ...string[]]>()

function stepsOf(path: string): readonly [keyof Payload, ...string[]] {
  const known = stepsOfPath.get(path)
  if (known !== undefined) return known
  if (!isBusinessKeyPath(path)) {
    const expected = 'write records, args, kwargs or a step into them, such as args.0'
    throw new DrillError('input', `"${path}" is not a path of a business key: ${expected}`)
  }
  const steps = path.split('.') as [keyof Payload, ...string[]]
  stepsOfPath.set(path, steps)
  return steps
}

function canonicalAt(path: string, payload: Payload, columns: Columns): string {
  const steps = stepsOf(path)
  const column = steps[0]
  columns[column] ??= decode(payload[column])
  let value = columns[column]
  for (let index = 1; index < steps.length; index++) {
    // What could not be decoded has no inside: it stands for each of its parts.
    if (value instanceof RawText) break
    value = stepInto(value, steps[index]!)
  }
  return value === NOTHING ? '' : canonical(value)
}

/** A column that is no JSON. */
class RawText {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }
}

function decode(text: string | null): unknown {
  if (text === null || text.trim() === '') return NOTHING
  try {
    const value = parseJson(text)
    // 18.0 encodes twice; none of the columns is ever a plain string.
    return typeof value === 'string' ? parseJson(value) : value
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
    return new RawText(text)
  }
}

function parseJson(text: string): unknown {
  if (isTooDeep(text)) throw new SyntaxError('nested too deep')
  return JSON.parse(keepBigIntegers(text))
}

function stepInto(value: unknown, step: string): unknown {
  if (Array.isArray(value)) return /^\d+$/.test(step) ? (value[Number(step)] ?? NOTHING) : NOTHING
  if (typeof value !== 'object' || value === null) return NOTHING
  return Object.hasOwn(value, step) ? (value as Record<string, unknown>)[step] : NOTHING
}

/** JSON with sorted keys and no blanks, recordsets as `model(ids)`; only JSON values come in. */
function canonical(value: unknown): string {
  if (value instanceof RawText) return value.text
  if (typeof value === 'number') return String(value)
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`
  const record = value as Record<string, unknown>
  if (record['_type'] === 'odoo_recordset') return recordsetText(record)
  if (typeof record[BIG_INTEGER_KEY] === 'string') return record[BIG_INTEGER_KEY]
  let text = ''
  for (const key of Object.keys(record).sort()) {
    text += `${text === '' ? '' : ','}${JSON.stringify(key)}:${canonical(record[key])}`
  }
  return `{${text}}`
}

/** User, superuser flag and context say how the call was made, not about what. The order of ids carries no meaning. */
function recordsetText(record: Record<string, unknown>): string {
  const ids = Array.isArray(record['ids']) ? record['ids'].map(canonical) : []
  const isNumbered = ids.every((id) => /^\d+$/.test(id))
  const sorted = isNumbered ? ids.sort((left, right) => Number(left) - Number(right)) : ids.sort()
  return `${String(record['model'])}(${sorted.join(',')})`
}
