/** What the rows of one job function have in common, as bytes: made once, written a million times. */
import { NULL, piece } from './byte-text.ts'
import type { Piece } from './byte-text.ts'
import { functionId } from './channels.ts'
import type { Dialect } from './dialect.ts'
import type { JobFunction } from './job-function.ts'
import { COMPANY_IDS, recordsetHead, recordsetTail, RECORDSET_USER } from './payload.ts'
import { displayNameOf } from './texts.ts'
import type { DisplayName } from './texts.ts'

/** The JSON of `records` around its id and its user, ready for a column of JSON encoded once or twice. */
export interface RecordsetPieces {
  readonly head: Piece
  readonly user: Piece
  /** By company id, of the superuser and of anybody else. */
  readonly tails: Readonly<Record<'superuser' | 'user', readonly Piece[]>>
}

export interface FunctionPieces {
  readonly fn: JobFunction
  readonly title: Piece
  readonly displayName: DisplayName
  /** In front of the number of a record that is shown by one. */
  readonly reference: Piece
  readonly modelName: string
  readonly model: Piece
  readonly method: Piece
  readonly records: { readonly once: RecordsetPieces; readonly twice: RecordsetPieces }
  /** `model(` and `,).method(` */
  readonly printedHead: Piece
  readonly printedMethod: Piece
  readonly priority: Piece
  readonly maxRetries: Piece
  readonly channel: Piece
  readonly channelMethod: Piece
  readonly functionId: Piece
  /** In front of the number in identity keys. */
  readonly key: Piece
}

export function functionPieces(
  dialect: Pick<Dialect, 'recordset'>,
  functions: readonly JobFunction[],
  fn: JobFunction,
): FunctionPieces {
  const model = fn.name.slice(0, fn.name.lastIndexOf('.'))
  const method = fn.name.slice(model.length + 1)
  const id = functionId(functions, fn)
  const displayName = displayNameOf(model)
  return {
    fn,
    title: piece(`${fn.title}: `),
    displayName,
    reference: piece(typeof displayName === 'string' ? '' : displayName.prefix),
    modelName: model,
    model: piece(model),
    method: piece(method),
    records: {
      once: recordsetPieces(dialect, model, piece),
      twice: recordsetPieces(dialect, model, (json) => piece(insideString(json))),
    },
    printedHead: piece(`${model}(`),
    printedMethod: piece(`,).${method}(`),
    priority: piece(String(fn.priority)),
    maxRetries: piece(String(fn.maxRetries)),
    channel: piece(fn.channel),
    channelMethod: piece(`<${model}>.${method}`),
    functionId: id === null ? NULL : piece(String(id)),
    key: piece(`${fn.name}-`),
  }
}

/** JSON as it stands between the quotes of a JSON string. */
export function insideString(json: string): string {
  return JSON.stringify(json).slice(1, -1)
}

function recordsetPieces(
  dialect: Pick<Dialect, 'recordset'>,
  model: string,
  toPiece: (json: string) => Piece,
): RecordsetPieces {
  const tails = (isSuperuser: boolean): Piece[] => {
    const byCompany: Piece[] = []
    for (const id of COMPANY_IDS) byCompany[id] = toPiece(recordsetTail(dialect, isSuperuser, id))
    return byCompany
  }
  return {
    head: toPiece(recordsetHead(model)),
    user: toPiece(RECORDSET_USER),
    tails: { superuser: tails(true), user: tails(false) },
  }
}
