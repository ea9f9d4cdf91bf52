/**
 * One connection of a client, from its first byte until the server has let go of it. Bytes are forwarded as they come,
 * with back-pressure in both directions, and overheard on the way; only the start-up packet is changed.
 */
import { setTimeout as after } from 'node:timers/promises'
import type { Socket } from 'node:net'
import { DrillError } from '../../foundation/errors.ts'
import { Conversation, type NotedStatement, SERVER_BYTES_KEPT } from './conversation.ts'
import { MessageReader } from './messages.ts'
import { cancelPacket, fatalError, readFirstPacket, startUpPacket } from './start-up.ts'
import { CLIENT_BYTES_KEPT } from './statement-texts.ts'

/** A client that has not sent its start-up packet by then is none. */
const START_UP_MS_MAX = 10_000
const SETTLE_MS_MAX = 1_000
/** How often a cancel request is repeated, and for how long the server may take to end a session. */
const CANCEL_EVERY_MS = 250
const END_MS_MAX = 10_000

/** What a session needs to know of its gateway. */
export interface SessionHost {
  /** A new connection to the server; may fail later with `error`. */
  connect(): Socket
  /** The only database that may be asked for; also used where the client names none. */
  readonly database: string
  /** The only role that may log in; null = the server decides. */
  readonly user: string | null
  /** Settings that the client cannot override. */
  readonly settings: Readonly<Record<string, string>>
  /** Whether one more session may begin. */
  admits(): boolean
  noted(statement: NotedStatement): void
}

export class Session {
  readonly conversation: Conversation
  readonly #answers: MessageReader
  readonly #client: Socket
  readonly #host: SessionHost
  #server: Socket | null = null
  /** Of a client that only wants to cancel what another session does. */
  #cancelling: Socket | null = null
  #firstBytes = Buffer.alloc(0)
  /** Settled when both connections are closed. */
  readonly closed: Promise<void>
  #serverClosed: Promise<void> = Promise.resolve()

  constructor(client: Socket, host: SessionHost) {
    this.#client = client
    this.#host = host
    this.conversation = new Conversation((statement) => host.noted(statement))
    this.#answers = new MessageReader(SERVER_BYTES_KEPT, (type, body) =>
      this.conversation.fromServer(type, body),
    )
    const timer = setTimeout(() => {
      if (this.#server === null && this.#cancelling === null) client.destroy()
    }, START_UP_MS_MAX).unref()
    this.closed = new Promise((resolve) => {
      client.once('close', () => {
        clearTimeout(timer)
        this.#clientClosed()
        void this.#serverClosed.then(resolve)
      })
    })
    // A client that vanishes is no error of ours: `close` follows and ends the session.
    client.on('error', () => client.destroy())
    client.on('data', this.#readFirst)
    client.once('end', this.#endedEarly)
  }

  /** The server holds a session for this client. */
  get open(): boolean {
    return this.#server !== null && !this.#server.closed
  }

  /** It begins, or the server is at work for it. */
  get busy(): boolean {
    if (this.#client.destroyed) return false
    return this.#server === null || this.conversation.starting || this.conversation.running
  }

  /** Waits, for a second at most, until the server has cleared up after an error that it has told. */
  async settled(): Promise<void> {
    for (let waited = 0; waited < SETTLE_MS_MAX && this.conversation.settling; waited++) {
      await after(1)
    }
  }

  /**
   * Ends the session and waits until the server has rolled back and let go, with a cancel request if it is at work.
   * `reason` is shown to the client. Throws a DrillError if the server does not react for ten seconds.
   */
  async end(reason: string): Promise<void> {
    const server = this.#server
    if (!this.#client.destroyed) {
      // In the middle of a message our words would be read as its rest.
      if (this.#answers.complete) this.#client.write(fatalError('57P01', reason))
      this.#client.destroySoon()
    }
    if (server === null) return
    server.end()
    for (let waited = 0; waited < END_MS_MAX && !server.closed; waited += CANCEL_EVERY_MS) {
      if (this.conversation.running) this.#cancel()
      await Promise.race([this.#serverClosed, after(CANCEL_EVERY_MS)])
      // Who does not read our farewell by now must not hold up what the server still has to say.
      this.#client.destroy()
    }
    if (!server.closed) {
      throw new DrillError(
        'harness',
        `the database does not end a session of the engine within ${END_MS_MAX / 1000} s of a cancel request: a statement there cannot be interrupted`,
      )
    }
    // Whoever goes on now may rely on it that the client has been told.
    await this.closed
  }

  /** Closes both connections without waiting for anybody. */
  destroy(): void {
    this.#client.destroy()
    this.#server?.destroy()
    this.#cancelling?.destroy()
  }

  readonly #readFirst = (chunk: Buffer): void => {
    this.#firstBytes = Buffer.concat([this.#firstBytes, chunk])
    for (;;) {
      const packet = readFirstPacket(this.#firstBytes)
      if (packet.kind === 'incomplete') return
      if (packet.kind === 'garbage') return this.#refuse('08P01', packet.reason)
      const bytes = this.#firstBytes.subarray(0, packet.length)
      this.#firstBytes = this.#firstBytes.subarray(packet.length)
      if (packet.kind === 'encryption') {
        this.#client.write('N')
        continue
      }
      this.#client.off('data', this.#readFirst)
      this.#client.off('end', this.#endedEarly)
      if (packet.kind === 'cancel') return this.#forwardCancel(bytes)
      return this.#start(packet.version, packet.parameters)
    }
  }

  readonly #endedEarly = (): void => {
    this.#client.end()
  }

  #refuse(sqlstate: string, message: string, hint?: string): void {
    this.#client.off('data', this.#readFirst)
    this.#client.resume()
    this.#client.end(fatalError(sqlstate, message, hint))
    this.#client.destroySoon()
  }

  #start(version: number, parameters: readonly (readonly [string, string])[]): void {
    const { database, user, settings } = this.#host
    const asked = Object.fromEntries(parameters)
    const wrongDatabase = asked['database'] !== undefined && asked['database'] !== database
    if (wrongDatabase || (user !== null && asked['user'] !== user)) {
      const hint = 'Connect with the URI that the drill gave, unchanged.'
      return this.#refuse('28000', 'only the database and role of this drill are here', hint)
    }
    if (!this.#host.admits()) return this.#refuse('53300', 'too many connections of one engine')
    const server = this.#host.connect()
    this.#server = server
    this.#serverClosed = new Promise((resolve) => {
      server.once('close', () => {
        this.conversation.ended()
        if (!this.#client.destroyed) this.#client.destroySoon()
        resolve()
      })
    })
    server.on('error', (error) => {
      if (server.bytesRead === 0 && !this.#client.writableEnded) {
        const message = `the database of this drill cannot be reached: ${error.message}`
        this.#client.end(fatalError('08006', message))
      }
      server.destroy()
    })
    server.write(startUpPacket(version, parameters, { database, ...settings }))
    this.#forward(server)
  }

  #forward(server: Socket): void {
    const client = this.#client
    const requests = new MessageReader(CLIENT_BYTES_KEPT, (type, body) =>
      this.conversation.fromClient(type, body),
    )
    pump(client, server, requests)
    pump(server, client, this.#answers)
    const early = this.#firstBytes
    this.#firstBytes = Buffer.alloc(0)
    if (early.length > 0) {
      requests.read(early)
      server.write(early)
    }
  }

  /** Without its client a session ends as the server sees fit; what it still says is heard and thrown away. */
  #clientClosed(): void {
    this.#server?.end()
    this.#server?.resume()
  }

  #forwardCancel(packet: Buffer): void {
    const server = this.#host.connect()
    this.#cancelling = server
    this.#client.resume()
    this.#serverClosed = new Promise((resolve) => {
      server.once('close', () => {
        // The server closes without a word once the signal is sent: only then may the client know.
        this.#client.destroySoon()
        resolve()
      })
    })
    server.on('error', () => server.destroy())
    server.resume()
    server.write(packet)
  }

  #cancel(): void {
    const key = this.conversation.backendKey
    if (key === null) return
    const connection = this.#host.connect()
    // Whether it arrived shows in the session that was to end, and the caller looks there.
    connection.on('error', () => connection.destroy())
    connection.resume()
    connection.end(cancelPacket(key))
  }
}

/** Forwards everything that comes from one side, no faster than the other side takes it. */
function pump(from: Socket, to: Socket, reader: MessageReader): void {
  from.on('data', (chunk: Buffer) => {
    reader.read(chunk)
    if (to.destroyed || to.writableEnded) return
    if (to.write(chunk)) return
    from.pause()
    to.once('drain', () => from.resume())
  })
  from.once('end', () => to.end())
}
