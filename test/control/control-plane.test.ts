/** The control plane: whom it lets in, what it tells, and what clients that misbehave cannot do. */
import { createServer, request as httpRequest, type IncomingMessage } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { once } from 'node:events'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { CALLS } from '../../src/control/calls.ts'
import { ControlClient, ControlRefusal, ControlUnreachable } from '../../src/control/client.ts'
import {
  type ControlHost,
  type ControlPlane,
  startControlPlane,
} from '../../src/control/control-plane.ts'
import { TIME_CALLS } from '../../src/control/time-calls.ts'
import { isoUtc } from '../../src/foundation/time.ts'
import type { Incident } from '../../src/recovery/contract.ts'
import { START } from '../recovery/queue-database.ts'
import { scriptedPlane } from './scripted-plane.ts'

const calls: string[] = []
let host: ControlHost
let plane: ControlPlane

beforeEach(async () => {
  calls.length = 0
  host = scriptedPlane((name) => calls.push(name)).host
  plane = await startControlPlane(host)
})
afterEach(() => plane[Symbol.asyncDispose]())

interface Told {
  readonly status: number
  readonly headers: IncomingMessage['headers']
  readonly body: unknown
}

/** `headers` replace the right ones; null leaves one out. */
async function ask(
  method: string,
  path: string,
  {
    headers = {},
    body,
  }: { readonly headers?: Record<string, string | null>; readonly body?: string | Buffer } = {},
): Promise<Told> {
  const all = { Authorization: `Bearer ${plane.token}`, ...headers }
  const request = httpRequest(`${plane.url}${path}`, {
    method,
    headers: Object.fromEntries(Object.entries(all).filter(([, value]) => value !== null)),
  })
  request.end(body)
  const [response] = (await once(request, 'response')) as [IncomingMessage]
  const parts: Buffer[] = []
  for await (const part of response as AsyncIterable<Buffer>) parts.push(part)
  const text = Buffer.concat(parts).toString()
  return {
    status: response.statusCode!,
    headers: response.headers,
    body: text === '' ? null : JSON.parse(text),
  }
}

describe('who has not the token', () => {
  it.each([
    ['none', null],
    ['an empty one', ''],
    ['a wrong one', 'Bearer nonsense'],
    ['one of another scheme', 'Basic Zm9vOmJhcg=='],
  ])('(%s) is told so, and nothing is called', async (_, authorization) => {
    for (const { method, path } of [...Object.values(CALLS), ...Object.values(TIME_CALLS)]) {
      const told = await ask(method.toUpperCase(), path, {
        headers: { Authorization: authorization },
        ...(method === 'post' && { body: '{}' }),
      })
      expect(told).toMatchObject({
        status: 401,
        headers: { 'www-authenticate': 'Bearer' },
        body: { error: 'say "Authorization: Bearer" and the token in QUEUE_DRILL_TOKEN' },
      })
    }
    expect(calls).toEqual([])
  })

  it('may read the description', async () => {
    const { status, body } = await ask('GET', '/v1/openapi.json', {
      headers: { Authorization: null },
    })
    expect({ status, body }).toMatchObject({ status: 200, body: { openapi: '3.1.0' } })
    expect(JSON.stringify(body)).not.toContain(plane.token)
  })

  it('does not get in by putting it into the URL', async () => {
    const { status } = await ask('GET', `/v1/now?token=${plane.token}`, {
      headers: { Authorization: null },
    })
    expect(status).toBe(401)
  })
})

describe('the Host header', () => {
  const portOf = () => new URL(plane.url).port

  it.each([
    ['of a page that had its name bent', 'evil.example'],
    ['of another port', '127.0.0.1:1'],
    ['without a port', '127.0.0.1'],
  ])('%s is turned away, with the right token, too', async (_, wrong) => {
    const { status, body } = await ask('GET', '/v1/now', { headers: { Host: wrong } })
    expect({ status, body }).toEqual({
      status: 421,
      body: { error: 'this is not the host of the drill: use QUEUE_DRILL_URL as it stands' },
    })
  })

  it('may say localhost', async () => {
    const { status } = await ask('GET', '/v1/now', { headers: { Host: `LocalHost:${portOf()}` } })
    expect(status).toBe(200)
  })

  it('of a plane that containers reach may be an address, or how they call this machine', async () => {
    await using wide = await startControlPlane(host, '0.0.0.0')
    expect(wide.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/)
    plane = wide
    const of = async (name: string) =>
      (await ask('GET', '/v1/now', { headers: { Host: name } })).status
    expect(await of(`172.17.0.1:${portOf()}`)).toBe(200)
    expect(await of('[fd00::1]:80')).toBe(200)
    expect(await of(`host.docker.internal:${portOf()}`)).toBe(200)
    expect(await of(`evil.example:${portOf()}`)).toBe(421)
    expect(await of('127.0.0.1.evil.example')).toBe(421)
  })
})

describe('a request that is not right', () => {
  it.each([
    ['GET', '/', undefined, 404, 'there is no /: see /v1/openapi.json'],
    ['GET', '/v1/queue', undefined, 404, 'there is no /v1/queue: see /v1/openapi.json'],
    ['GET', '/v1/queue/retry', undefined, 405, '/v1/queue/retry is called with POST'],
    ['DELETE', '/v1/now', undefined, 405, '/v1/now is called with GET'],
    ['POST', '/v1/openapi.json', '{}', 405, '/v1/openapi.json is called with GET'],
    ['POST', '/v1/queue/retry', '{"channel":', 400, 'the body is no JSON: '],
    [
      'POST',
      '/v1/queue/retry',
      '[]',
      400,
      'operations.queue.retry: Invalid input: expected object',
    ],
    [
      'POST',
      '/v1/queue/retry',
      '{"channel":"root","olderThanMs":1e300,"limit":1}',
      400,
      'operations.queue.retry: olderThanMs: ',
    ],
    [
      'POST',
      '/v1/queue/quarantine',
      '{"channel":"a","jobFunction":"b","forMs":1000}',
      400,
      'operations.queue.quarantine: expected either channel or jobFunction, and nothing unknown',
    ],
    ['POST', '/v1/sleep', '{"seconds":-1}', 400, 'sleep: seconds: '],
    ['POST', '/v1/step', '{"seconds":1,"pid":3}', 400, 'step: Unrecognized key: "pid"'],
  ])('%s %s %s: %i', async (method, path, body, status, sentence) => {
    const told = await ask(method, path, body === undefined ? {} : { body })
    expect(told.status).toBe(status)
    expect((told.body as { error: string }).error).toContain(sentence)
    expect(told.headers.allow ?? '').toMatch(status === 405 ? /^(GET|POST)$/ : /^$/)
    expect(calls).toEqual([])
  })

  it('with a body that is too large is answered, and the connection can be used again', async () => {
    using agent = new ControlClient(plane)
    const large = { what: 'x'.repeat(2 * 1024 * 1024), why: 'y' }
    await expect(agent.call('notes.decision', large)).rejects.toMatchObject({
      name: 'ControlRefusal',
      status: 413,
      message: 'a body has at most 1048576 bytes',
    })
    expect(await agent.call('now', {})).toEqual({ now: isoUtc(START) })
    expect(calls).toEqual([])
  })

  it('with a body without end is cut off', async () => {
    const socket = await dial()
    const closed = new Promise((done) => socket.once('close', done))
    socket.write(head('POST', '/v1/queue/retry', 'Transfer-Encoding: chunked'))
    const chunk = `100000\r\n${'x'.repeat(0x100000)}\r\n`
    for (let sent = 0; sent < 64 && !socket.destroyed; sent++) {
      if (!socket.write(chunk))
        await Promise.race([new Promise((done) => socket.once('drain', done)), closed])
    }
    await closed
    expect(socket.bytesWritten).toBeLessThan(64 * 0x100000)
    expect((await ask('GET', '/v1/now')).status).toBe(200)
  })
})

async function dial(): Promise<Socket> {
  const { hostname, port } = new URL(plane.url)
  const socket = connect(Number(port), hostname)
  socket.on('error', () => undefined)
  await once(socket, 'connect')
  return socket
}

function head(method: string, path: string, ...more: string[]): string {
  const { host: name } = new URL(plane.url)
  return [
    `${method} ${path} HTTP/1.1`,
    `Host: ${name}`,
    `Authorization: Bearer ${plane.token}`,
    ...more,
    '',
    '',
  ].join('\r\n')
}

describe('calls', () => {
  it('are performed one after the other, and the world waits for all of them', async () => {
    const log: string[] = []
    let release = () => {}
    const gate = new Promise<void>((resolve) => (release = resolve))
    const incident = await host.turn()
    const slow: Incident = {
      ...incident,
      operations: {
        ...incident.operations,
        target: {
          ...incident.operations.target,
          probe: async (integration) => {
            log.push(`begin ${integration}`)
            if (integration === 'first') await gate
            log.push(`end ${integration}`)
            return { integration, healthy: true, answer: 'ok', latencyMs: 1 }
          },
        },
      },
    }
    const open = new Set<number>()
    let calls = 0
    await using other = await startControlPlane({
      ...host,
      turn: async () => slow,
      begin: () => void open.add(calls++),
      end: () => void open.delete([...open][0]!),
    })
    using client = new ControlClient(other)
    const first = client.call('operations.target.probe', { integration: 'first' })
    const later = ['second', 'third'].map((integration) =>
      client.call('operations.target.probe', { integration }),
    )
    // All three are there; the world must not go on.
    while (open.size < 3) await new Promise((resolve) => setImmediate(resolve))
    expect(log).toEqual(['begin first'])
    release()
    await Promise.all([first, ...later])
    expect(log[1]).toBe('end first')
    expect(log).toHaveLength(6)
    for (const at of [0, 2, 4]) expect(log[at + 1]).toBe(log[at]!.replace('begin', 'end'))
    expect(open.size).toBe(0)
  })

  it('wait for the turn of the engine, and are told when the drill is over', async () => {
    let reject: (error: Error) => void = () => {}
    const turn = new Promise<Incident>((_, no) => (reject = no))
    await using other = await startControlPlane({ ...host, turn: () => turn })
    using client = new ControlClient(other)
    const waiting = client.call('operations.doctor', {})
    // Time is told meanwhile.
    expect(await client.call('now', {})).toEqual({ now: isoUtc(START) })
    reject(new Error('the drill is over'))
    await expect(waiting).rejects.toMatchObject({ status: 409, message: 'the drill is over' })
  })
})

describe('a sleeper', () => {
  it('is answered with the moment in which it woke', async () => {
    using client = new ControlClient(plane)
    expect(await client.call('sleep', { seconds: 600.25 })).toEqual({
      now: isoUtc(START + 600_250),
    })
    expect(await client.call('step', { seconds: 5 })).toEqual({ now: isoUtc(START + 5000) })
  })

  it('who hangs up sleeps no more, not even one who waits in a pipeline', async () => {
    const asleep: AbortSignal[] = []
    await using other = await startControlPlane({
      ...host,
      sleep: ({ signal }) => {
        asleep.push(signal!)
        return new Promise(() => undefined)
      },
    })
    plane = other
    const socket = await dial()
    const body = '{"seconds":60}'
    socket.write(`${head('POST', '/v1/sleep', `Content-Length: ${body.length}`)}${body}`.repeat(2))
    while (asleep.length < 2) await new Promise((resolve) => setImmediate(resolve))
    expect(asleep.map(({ aborted }) => aborted)).toEqual([false, false])
    const gone = Promise.all(asleep.map((signal) => once(signal, 'abort')))
    socket.destroy()
    await gone
  })
})

describe('the client', () => {
  it('tells who is no control plane', async () => {
    const stranger = createServer((_, response) => response.end('<h1>It works!</h1>'))
    stranger.listen(0, '127.0.0.1')
    await once(stranger, 'listening')
    const url = `http://127.0.0.1:${(stranger.address() as AddressInfo).port}`
    using client = new ControlClient({ url, token: 'any' })
    await expect(client.call('now', {})).rejects.toThrow(`${url} is no control plane: HTTP 200`)
    client[Symbol.dispose]()
    stranger.close()
  })

  it('gives up when it is told to', async () => {
    await using other = await startControlPlane({ ...host, turn: () => new Promise(() => {}) })
    using client = new ControlClient(other)
    const stop = new AbortController()
    const call = client.call('operations.doctor', {}, stop.signal)
    stop.abort()
    await expect(call).rejects.toBeInstanceOf(ControlUnreachable)
  })

  it('never tells the token', async () => {
    const token = 'secret-secret'
    using client = new ControlClient({ url: plane.url, token })
    const error: unknown = await client.call('now', {}).catch((each: unknown) => each)
    expect(error).toBeInstanceOf(ControlRefusal)
    expect(JSON.stringify([error, String(error), (error as Error).stack])).not.toContain(token)
  })

  it.each([
    ['ftp://127.0.0.1', 'a', 'is no address of a control plane'],
    ['127.0.0.1:80', 'a', 'is no address of a control plane'],
    ['http://127.0.0.1', 'a\nb', 'the token of the control plane is not as'],
  ])('refuses %s', (url, token, sentence) => {
    expect(() => new ControlClient({ url, token })).toThrow(sentence)
  })
})
