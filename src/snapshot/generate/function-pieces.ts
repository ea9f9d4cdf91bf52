/**
 * What the rows of one job function have in common, as bytes: made once, written a million times. Pieces reach over
 * several columns where nothing between them changes.
 */
import { encodeText } from '../copy-text.ts'
import type { Field } from '../copy-text.ts'
import type { Piece } from './byte-text.ts'
import { functionId } from './channels.ts'
import type { Dialect } from './dialect.ts'
import type { JobFunction } from './job-function.ts'
import { COMPANY_IDS, recordsetHead, recordsetTail, RECORDSET_USER } from './payload.ts'
import { displayNameOf } from './texts.ts'
import type { DisplayName } from './texts.ts'

/** By company id. */
type ByCompany = readonly Piece[]

/** From `model_name` to `func_string`, for JSON that is encoded once, or twice. */
export interface CallPieces {
  /** To the id in `records`; 13.0: in `record_ids`. */
  readonly head: Piece
  /** Between the id and the user. */
  readonly user: Piece
  /** Behind the user to the end of `records`; of the superuser and of anybody else. */
  readonly tail: Readonly<Record<'superuser' | 'user', ByCompany>>
  /** The same with empty `args` and `kwargs`, up to the id in `func_string`. */
  readonly tailWithoutArguments: Readonly<Record<'superuser' | 'user', ByCompany>>
}

export interface FunctionPieces {
  readonly title: Piece
  readonly displayName: DisplayName
  /** In front of the number of a record that is shown by one. */
  readonly reference: Piece
  readonly modelName: string
  readonly call: { readonly once: CallPieces; readonly twice: CallPieces }
  readonly printedHead: Piece
  readonly printedMethod: Piece
  /** Around `retry`. */
  readonly priority: Piece
  readonly maxRetries: Piece
  /** From `channel` to `job_function_id`. */
  readonly channel: Piece
  /** In front of the number in identity keys. */
  readonly key: Piece
}

export function functionPieces(
  dialect: Pick<Dialect, 'recordset' | 'hasRecords'>,
  functions: readonly JobFunction[],
  fn: JobFunction,
): FunctionPieces {
  const model = fn.name.slice(0, fn.name.lastIndexOf('.'))
  const method = fn.name.slice(model.length + 1)
  const id = functionId(functions, fn)
  const displayName = displayNameOf(model)
  return {
    title: raw(`\t${encodeText(fn.title)}: `),
    displayName,
    reference: raw(typeof displayName === 'string' ? '' : encodeText(displayName.prefix)),
    modelName: model,
    call: {
      once: callPieces(dialect, model, method, (json) => json, ''),
      twice: callPieces(dialect, model, method, insideString, '"'),
    },
    printedHead: raw(`\t${model}(`),
    printedMethod: raw(`,).${method}(`),
    priority: fields(String(fn.priority), ''),
    maxRetries: fields(String(fn.maxRetries)),
    channel: fields(fn.channel, `<${model}>.${method}`, id === null ? null : String(id)),
    key: raw(`\t${fn.name}-`),
  }
}

/** Bytes of fields, each behind its tab. */
export function fields(...list: readonly Field[]): Piece {
  return raw(list.map((field) => `\t${field === null ? '\\N' : encodeText(field)}`).join(''))
}

/** Bytes of text that is escaped already. */
export function raw(text: string): Piece {
  return new Uint8Array(Buffer.from(text, 'utf8'))
}

/** JSON as it stands between the quotes of a JSON string. */
export function insideString(json: string): string {
  return JSON.stringify(json).slice(1, -1)
}

/** `encode` and `quote` make of JSON what stands in the column. */
function callPieces(
  { recordset, hasRecords }: Pick<Dialect, 'recordset' | 'hasRecords'>,
  model: string,
  method: string,
  encode: (json: string) => string,
  quote: string,
): CallPieces {
  const json = (text: string): string => encodeText(encode(text))
  const start = `\t${model}\t${method}\t${quote}`
  const tails = (behind: string) => {
    const of = (isSuperuser: boolean): Piece[] => {
      const list: Piece[] = []
      for (const id of COMPANY_IDS) {
        const tail = hasRecords ? recordsetTail({ recordset }, isSuperuser, id) : ']'
        list[id] = raw(`${json(tail)}${quote}${behind}`)
      }
      return list
    }
    return { superuser: of(true), user: of(false) }
  }
  return {
    head: raw(`${start}${json(hasRecords ? recordsetHead(model) : '[')}`),
    user: raw(hasRecords ? json(RECORDSET_USER) : ''),
    tail: tails(''),
    tailWithoutArguments: tails(`\t${quote}[]${quote}\t${quote}{}${quote}\t${model}(`),
  }
}
