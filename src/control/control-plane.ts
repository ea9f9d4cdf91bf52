/**
 * The control plane of one drill: HTTP with JSON on loopback, for engines in any language. Everything but the document
 * that describes it wants the token of the drill; a request that another origin might have caused (wrong `Host`) is
 * turned away; bodies are bounded; nothing that a client sends makes it answer with 5xx.
 */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { z } from 'zod'
import { messageOf } from '../foundation/errors.ts'
import { isoUtc, SECOND } from '../foundation/time.ts'
import type { Incident } from '../recovery/contract.ts'
import { type CallName, CALLS, checked, performCall, WrongRequest } from './calls.ts'
import { openApi } from './open-api.ts'
import { sleepRequest, stepRequest, TIME_CALLS } from './time-calls.ts'

/** A tracked fix may name thousands of jobs. */
const BODY_BYTES_MAX = 1024 * 1024
const CONNECTIONS_MAX = 200
/** Wall time in which a request must have arrived. */
const REQUEST_TIMEOUT_MS = 30_000

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
    readonly signal: AbortSignal
  }): Promise<number>
  /** A call is being answered: the world must not go on meanwhile. */
  begin(): void
  end(): void
}

export interface ControlPlane extends AsyncDisposable {
  /** `http://127.0.0.1:41234`, without a slash at the end. */
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
  const server = createServer({ requestTimeout: REQUEST_TIMEOUT_MS })
  server.maxConnections = CONNECTIONS_MAX
  server.listen(0, address)
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const hosts = new Set([`${address}:${port}`, `127.0.0.1:${port}`, `localhost:${port}`])
  const guard = new Guard(token, hosts)
  server.on('request', (request, response) => void answer(guard, host, request, response))
  return {
    url: `http://${address}:${port}`,
    token,
    [Symbol.asyncDispose]: () => close(server),
  }
}

async function close(server: Server): Promise<void> {
  if (!server.listening) return
  const closed = once(server, 'close')
  server.close()
  server.closeAllConnections()
  await closed
}

class Guard {
  readonly #digest: Buffer
  readonly #hosts: ReadonlySet<string>

  constructor(token: string, hosts: ReadonlySet<string>) {
    this.#digest = digestOf(`Bearer ${token}`)
    this.#hosts = hosts
  }

  /** Throws a Refusal. Digests are of one length, so that the comparison takes the same time for any guess. */
  check({ headers }: IncomingMessage): void {
    if (!this.#hosts.has(headers.host ?? '')) {
      throw new Refusal(421, 'this is not the host of the drill: use QUEUE_DRILL_URL as it stands')
    }
    if (!timingSafeEqual(digestOf(headers.authorization ?? ''), this.#digest)) {
      throw new Refusal(401, 'say "Authorization: Bearer" and the token in QUEUE_DRILL_TOKEN')
    }
  }
}

function digestOf(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}

/** What the client is told, and with which status. */
class Refusal extends Error {
  readonly status: number

  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

async function answer(
  guard: Guard,
  host: ControlHost,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  // A client that vanishes is no error of ours.
  request.on('error', () => undefined)
  response.on('error', () => undefined)
  try {
    guard.check(request)
    send(response, 200, await perform(host, request, response))
  } catch (error) {
    if (error instanceof Refusal && error.status === 401) {
      response.setHeader('WWW-Authenticate', 'Bearer')
    }
    send(response, statusOf(error), { error: messageOf(error) })
  }
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

async function perform(
  host: ControlHost,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<unknown> {
  const path = (request.url ?? '').replace(/[?#].*$/, '')
  const method = (request.method ?? '').toLowerCase()
  if (path === '/v1/openapi.json' && method === 'get') return openApi()
  const time = Object.entries(TIME_CALLS).find(([, call]) => call.path === path)
  const call = Object.entries(CALLS).find(([, each]) => each.path === path)
  const wanted = time?.[1].method ?? call?.[1].method
  if (wanted === undefined) throw new Refusal(404, `there is no ${path}: see /v1/openapi.json`)
  if (wanted !== method) {
    response.setHeader('Allow', wanted.toUpperCase())
    throw new Refusal(405, `${path} is called with ${wanted.toUpperCase()}`)
  }
  const body = method === 'get' ? {} : await readBody(request)
  if (time !== undefined) return spendTime(host, time[0] as keyof typeof TIME_CALLS, body, response)
  host.begin()
  try {
    return await performCall(await host.turn(), call![0] as CallName, body)
  } finally {
    host.end()
  }
}

async function spendTime(
  host: ControlHost,
  name: keyof typeof TIME_CALLS,
  body: unknown,
  response: ServerResponse,
): Promise<z.output<typeof TIME_CALLS.now.response>> {
  if (name === 'now') return { now: isoUtc(host.now) }
  const { seconds, pid = null } =
    name === 'sleep'
      ? checked(name, sleepRequest, body)
      : { ...checked(name, stepRequest, body), pid: null }
  const gone = new AbortController()
  response.once('close', () => gone.abort())
  const now = await host.sleep({
    ms: Math.round(seconds * SECOND),
    pid,
    whole: name === 'step',
    signal: gone.signal,
  })
  return { now: isoUtc(now) }
}

/** An empty body is an empty object. */
async function readBody(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = []
  let bytes = 0
  try {
    for await (const chunk of request as AsyncIterable<Buffer>) {
      bytes += chunk.length
      if (bytes > BODY_BYTES_MAX)
        throw new Refusal(413, `a body has at most ${BODY_BYTES_MAX} bytes`)
      chunks.push(chunk)
    }
  } catch (error) {
    if (error instanceof Refusal) throw error
    throw new Refusal(400, `the body was cut off: ${messageOf(error)}`)
  }
  const text = Buffer.concat(chunks).toString('utf8').trim()
  if (text === '') return {}
  try {
    return JSON.parse(text) as unknown
  } catch (error) {
    throw new Refusal(400, `the body is no JSON: ${messageOf(error)}`)
  }
}
