/**
 * The control plane of one drill: HTTP with JSON on loopback, for engines in any language. Everything but the document
 * that describes it wants the token of the drill; a request that another origin might have caused (wrong `Host`) is
 * turned away; bodies are bounded; nothing that a client sends makes it answer with 5xx.
 */
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { type AddressInfo, isIP } from 'node:net'
import type { z } from 'zod'
import { messageOf } from '../foundation/errors.ts'
import { isoUtc, SECOND } from '../foundation/time.ts'
import type { Incident } from '../recovery/contract.ts'
import { discardBody, readBody } from './body.ts'
import { type Call, type CallName, CALLS, checked, performCall, WrongRequest } from './calls.ts'
import { authority, Guard } from './guard.ts'
import { DOCUMENT_PATH, openApi } from './open-api.ts'
import { Refusal } from './refusal.ts'
import { sleepRequest, stepRequest, TIME_CALLS, type TimeCallName } from './time-calls.ts'

const CONNECTIONS_MAX = 200
/** Wall time in which a request must have arrived. */
const REQUEST_TIMEOUT_MS = 30_000
/**
 * Never: while a world is busy for seconds nobody looks at the clock, and the connection that a client has kept would be
 * cut in its hands. What is open ends with the drill.
 */
const KEEP_ALIVE_TIMEOUT_MS = 0

/** What the control plane stands in front of. */
export interface ControlHost {
  /** Virtual ms. */
  readonly now: number
  /** Settles when it is the engine's turn; what is called meanwhile waits. Rejects when the drill is over. */
  turn(): Promise<Incident>
  /** Settles with the virtual ms of the awakening. `whole`: every process of the engine sleeps with it. */
  sleep(request: {
    readonly ms: number
    readonly pid: number | null
    readonly whole: boolean
    /** Aborted when the caller is gone; null = whether `pid` lives tells. */
    readonly signal: AbortSignal | null
  }): Promise<number>
  /** A call is being answered: the world must not go on meanwhile. */
  begin(): void
  end(): void
}

export interface ControlPlane extends AsyncDisposable {
  /** `http://127.0.0.1:41234`, without a slash at the end; for programs on this machine. */
  readonly url: string
  /** Random; goes into `Authorization: Bearer …`. */
  readonly token: string
}

/** `address`: where it listens, loopback unless the user says otherwise. */
export async function startControlPlane(
  host: ControlHost,
  address = '127.0.0.1',
): Promise<ControlPlane> {
  const token = randomBytes(24).toString('base64url')
  const server = createServer({
    requestTimeout: REQUEST_TIMEOUT_MS,
    keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
  })
  server.maxConnections = CONNECTIONS_MAX
  server.listen(0, address)
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const plane = new Plane(host, new Guard(token, address, port))
  server.on('request', (request, response) => void plane.answer(request, response))
  return {
    url: `http://${authority(reachable(address), port)}`,
    token,
    [Symbol.asyncDispose]: () => close(server),
  }
}

/** Not every system connects to the address that means all of them. */
function reachable(address: string): string {
  if (address === '0.0.0.0') return '127.0.0.1'
  return isIP(address) === 6 && /^[0:]+$/.test(address) ? '::1' : address
}

async function close(server: Server): Promise<void> {
  if (!server.listening) return
  const closed = once(server, 'close')
  server.close()
  server.closeAllConnections()
  await closed
}

class Plane {
  readonly #host: ControlHost
  readonly #guard: Guard
  /** Settles when the call before has been performed. */
  #before: Promise<unknown> = Promise.resolve()

  constructor(host: ControlHost, guard: Guard) {
    this.#host = host
    this.#guard = guard
  }

  async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    // A client that vanishes is no error of ours.
    request.on('error', () => undefined)
    response.on('error', () => undefined)
    try {
      send(response, 200, await this.#perform(request, response))
    } catch (error) {
      if (error instanceof Refusal && error.status === 401) {
        response.setHeader('WWW-Authenticate', 'Bearer')
      }
      send(response, statusOf(error), { error: messageOf(error) })
    }
    discardBody(request)
  }

  async #perform(request: IncomingMessage, response: ServerResponse): Promise<unknown> {
    this.#guard.checkHost(request)
    const path = (request.url ?? '').replace(/[?#].*$/, '')
    // The document tells nothing that is secret; what reads it seldom lets one set a header.
    if (path !== DOCUMENT_PATH) this.#guard.checkToken(request)
    const route = ROUTES.get(path)
    if (route === undefined) throw new Refusal(404, `there is no ${path}: see ${DOCUMENT_PATH}`)
    const { method, perform } = route
    if (request.method !== method) {
      response.setHeader('Allow', method)
      throw new Refusal(405, `${path} is called with ${method}`)
    }
    return perform(this, request)
  }

  /** One after the other, in the order in which they arrived whole: they share the notes and a database session. */
  async call(name: CallName, body: unknown): Promise<unknown> {
    this.#host.begin()
    try {
      const performed = this.#before.then(async () =>
        performCall(await this.#host.turn(), name, body),
      )
      this.#before = performed.catch(() => undefined)
      return await performed
    } finally {
      this.#host.end()
    }
  }

  async spendTime(
    name: TimeCallName,
    body: unknown,
    { socket }: IncomingMessage,
  ): Promise<z.output<typeof TIME_CALLS.now.response>> {
    if (name === 'now') return { now: isoUtc(this.#host.now) }
    const { seconds, pid = null } =
      name === 'sleep'
        ? checked(name, sleepRequest, body)
        : { ...checked(name, stepRequest, body), pid: null }
    // Whoever has gone sleeps no more. The response of a request that waits in a pipeline would not tell.
    const gone = new AbortController()
    const abort = () => gone.abort()
    socket.once('close', abort)
    if (socket.destroyed) abort()
    try {
      const ms = Math.round(seconds * SECOND)
      const now = await this.#host.sleep({ ms, pid, whole: name === 'step', signal: gone.signal })
      return { now: isoUtc(now) }
    } finally {
      socket.off('close', abort)
    }
  }
}

interface Route {
  /** In capitals. */
  readonly method: string
  readonly perform: (plane: Plane, request: IncomingMessage) => Promise<unknown>
}

const ROUTES: ReadonlyMap<string, Route> = new Map([
  [DOCUMENT_PATH, { method: 'GET', perform: async () => openApi() }],
  ...Object.entries(TIME_CALLS).map(([name, call]) =>
    route(call, (plane, body, request) => plane.spendTime(name as TimeCallName, body, request)),
  ),
  ...Object.entries<Call>(CALLS).map(([name, call]) =>
    route(call, (plane, body) => plane.call(name as CallName, body)),
  ),
])

function route(
  { path, method }: Pick<Call, 'path' | 'method'>,
  perform: (plane: Plane, body: unknown, request: IncomingMessage) => Promise<unknown>,
): [string, Route] {
  return [
    path,
    {
      method: method.toUpperCase(),
      perform: async (plane, request) =>
        perform(plane, method === 'get' ? {} : await readBody(request), request),
    },
  ]
}

/** What an operation refuses is a conflict with the state of the drill. */
function statusOf(error: unknown): number {
  if (error instanceof Refusal) return error.status
  return error instanceof WrongRequest ? 400 : 409
}

function send(response: ServerResponse, status: number, body: unknown): void {
  if (response.headersSent || response.destroyed) return
  response.writeHead(status, { 'Content-Type': 'application/json', 'Cache-Control': 'no-store' })
  response.end(`${JSON.stringify(body)}\n`)
}
