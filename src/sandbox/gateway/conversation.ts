/**
 * Follows one session by what client and server say to each other: which text led to which command tag, row count or
 * SQLSTATE, and whether a transaction is open. It pairs requests with answers in the order of the protocol, so that
 * pipelined and failed statements are told apart; it changes nothing of what it hears.
 */
import { type BytesKept, zeroTerminated } from './messages.ts'
import { StatementTexts } from './statement-texts.ts'

/** What became of one text. */
export interface NotedStatement {
  readonly text: string
  /** Command tags, joined by `; ` where one text held several statements; null = it did not get that far. */
  readonly tag: string | null
  readonly sqlstate: string | null
  /** Statements that ran: one for each tag or error, and for each part of a cursor's rows. */
  readonly statements: number
  /** Rows returned or affected. */
  readonly rows: number
}

type Kind = 'query' | 'parse' | 'bind' | 'describe' | 'close' | 'execute' | 'sync' | 'copy-end'

/** A request whose answer is still to come. */
interface Request {
  readonly kind: Kind
  readonly text: string
  readonly tags: string[]
  sqlstate: string | null
  statements: number
  rows: number
}

const CLIENT_KINDS: Readonly<Record<string, Kind>> = {
  Q: 'query',
  F: 'query',
  P: 'parse',
  B: 'bind',
  D: 'describe',
  C: 'close',
  E: 'execute',
  S: 'sync',
  c: 'copy-end',
  f: 'copy-end',
}

/** Answers that settle a request of the extended protocol. */
const SETTLED_BY: Readonly<Record<string, Kind>> = {
  '1': 'parse',
  '2': 'bind',
  '3': 'close',
  T: 'describe',
  n: 'describe',
}

/** Of the server's messages nothing long is wanted. */
export const SERVER_BYTES_KEPT: BytesKept = (type) => ('CEZKS'.includes(type) ? 4096 : 0)

export class Conversation {
  /** What the session last called itself; the server reports every change. */
  applicationName = ''
  /** Body of BackendKeyData: process id and secret, what a cancel request needs. */
  backendKey: Buffer | null = null
  readonly #onStatement: (statement: NotedStatement) => void
  readonly #waiting: Request[] = []
  readonly #texts = new StatementTexts()
  /** Of ReadyForQuery: I idle, T in a transaction, E in a failed one; null during the start-up. */
  #status: string | null = null
  /** Extended requests came without a Sync so far: the server keeps their implicit transaction open. */
  #unsynced = false
  /** After an error the server ignores everything up to the next Sync. */
  #skipping = false
  /** The server takes COPY data and ignores Sync meanwhile. */
  #copyIn = false
  /** The last answer was an error. */
  #failedLast = false
  /** Rows sent for the request at the head. */
  #dataRows = 0

  constructor(onStatement: (statement: NotedStatement) => void) {
    this.#onStatement = onStatement
  }

  /** A transaction is open, be it the implicit one of a statement that is still running. */
  get inTransaction(): boolean {
    return (this.running && !this.settling) || this.#status === 'T' || this.#status === 'E'
  }

  /**
   * An error was told and nothing runs any more, but the server is still clearing up: a moment later it says in which
   * state the session is. Clients may go on before that, so somebody who wants to know has to wait.
   */
  get settling(): boolean {
    return this.#failedLast && !this.#unsynced && this.#owed() === 1
  }

  /** The server has not said yet that the session is ready. */
  get starting(): boolean {
    return this.#status === null
  }

  /** The server is at work for this session, or owes it an answer. */
  get running(): boolean {
    if (this.#status === null) return false
    return this.#unsynced || this.#owed() > 0
  }

  fromClient(type: string, body: Buffer): void {
    const kind = CLIENT_KINDS[type]
    if (kind === undefined) return
    if (kind === 'copy-end' && (this.#copyIn || this.#waiting.length === 0)) {
      this.#copyIn = false
      return
    }
    if (kind === 'sync') {
      if (this.#copyIn) return
      this.#skipping = false
      this.#unsynced = false
    } else if (this.#skipping) {
      return
    } else if (kind !== 'query' && kind !== 'copy-end') {
      this.#unsynced = true
    }
    const text = this.#texts.of(type, body)
    this.#waiting.push({ kind, text, tags: [], sqlstate: null, statements: 0, rows: 0 })
  }

  fromServer(type: string, body: Buffer): void {
    switch (type) {
      case 'D':
        this.#dataRows += 1
        return
      case 'C':
        this.#completed(zeroTerminated(body, 0).text)
        return
      case 's':
      case 'V':
        this.#completed(null)
        return
      case 'I':
        this.#settleExecute()
        return
      case 'E':
        this.#failed(sqlstateOf(body))
        return
      case 'G':
      case 'W':
        this.#copyInBegins()
        return
      case 'Z':
        this.#ready(body.toString('latin1', 0, 1))
        return
      case 'S': {
        const name = zeroTerminated(body, 0)
        if (name.text === 'application_name') {
          this.applicationName = zeroTerminated(body, name.end).text
        }
        return
      }
      case 'K':
        this.backendKey = body
        return
      default:
        if (this.#head()?.kind === SETTLED_BY[type]) this.#waiting.shift()
    }
  }

  /** The session is over: what was never answered is noted without a tag. */
  ended(): void {
    for (const request of this.#waiting.splice(0)) {
      const runs = request.kind === 'query' || request.kind === 'execute'
      if (runs && request.sqlstate === null) this.#note(request)
    }
    this.#status = null
    this.#unsynced = false
  }

  /** Answers that are still to come. */
  #owed(): number {
    return this.#waiting.filter(({ kind }) => kind !== 'copy-end').length
  }

  /** The request that the server is answering: markers that it never saw are left behind. */
  #head(): Request | undefined {
    while (this.#waiting[0]?.kind === 'copy-end') this.#waiting.shift()
    return this.#waiting[0]
  }

  #completed(tag: string | null): void {
    const head = this.#head()
    if (head === undefined) return
    const counted = tag === null ? null : /(\d+)$/.exec(tag)
    head.rows += counted === null ? this.#dataRows : Number(counted[1])
    this.#dataRows = 0
    head.statements += 1
    if (tag !== null) head.tags.push(tag)
    this.#settleExecute()
  }

  /** An Execute has one answer; a Query goes on until ReadyForQuery. */
  #settleExecute(): void {
    if (this.#head()?.kind === 'execute') this.#note(this.#waiting.shift()!)
  }

  #failed(sqlstate: string): void {
    const head = this.#head()
    this.#dataRows = 0
    this.#copyIn = false
    if (this.#status === null) return
    this.#failedLast = true
    if (head?.kind === 'query') {
      head.sqlstate = sqlstate
      head.statements += 1
      // Clients hear of the error now and may look at once what was noted.
      this.#note(head)
      return
    }
    const text = head?.kind === 'parse' || head?.kind === 'execute' ? head.text : this.#nextText()
    this.#onStatement({
      text,
      tag: null,
      sqlstate,
      statements: head === undefined ? 0 : 1,
      rows: 0,
    })
    if (head?.kind === 'sync') return
    const sync = this.#waiting.findIndex((request) => request.kind === 'sync')
    this.#skipping = sync === -1 && this.#unsynced
    this.#waiting.splice(0, sync === -1 ? this.#waiting.length : sync)
  }

  /** A failed Bind or Describe is told with the text that was about to run. */
  #nextText(): string {
    return this.#waiting.find((request) => request.kind === 'execute')?.text ?? ''
  }

  /** Syncs that the client sent before its last data are ignored by a server that waits for data. */
  #copyInBegins(): void {
    const end = this.#waiting.findIndex((request) => request.kind === 'copy-end')
    const before = end === -1 ? this.#waiting.length : end
    const kept = this.#waiting.slice(0, before).filter((request) => request.kind !== 'sync')
    this.#waiting.splice(0, end === -1 ? before : before + 1, ...kept)
    this.#copyIn = end === -1
  }

  #ready(status: string): void {
    const started = this.#status !== null
    this.#status = status
    this.#copyIn = false
    this.#failedLast = false
    if (!started) return
    const last = this.#waiting.findIndex(({ kind }) => kind === 'query' || kind === 'sync')
    if (last === -1) return
    const settled = this.#waiting.splice(0, last + 1)
    const query = settled.at(-1)!
    if (query.kind === 'query' && query.sqlstate === null) this.#note(query)
  }

  #note(request: Request): void {
    this.#onStatement({
      text: request.text,
      tag: request.tags.length > 0 ? request.tags.join('; ') : null,
      sqlstate: request.sqlstate,
      statements: request.statements,
      rows: request.rows,
    })
  }
}

/** Field C of an ErrorResponse: five characters, the same in every language and version. */
function sqlstateOf(body: Buffer): string {
  let offset = 0
  while (offset < body.length && body[offset] !== 0) {
    const field = String.fromCharCode(body[offset]!)
    const value = zeroTerminated(body, offset + 1)
    if (field === 'C') return value.text
    offset = value.end
  }
  return 'XX000'
}
