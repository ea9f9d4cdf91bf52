/**
 * Requests that nobody should send, as bytes on a socket: four at a time in one connection, well framed or not. None of
 * them may be answered with 5xx, come through without the token, be told the token, or leave the plane unwell.
 */
import { connect, type Socket } from 'node:net'
import fc from 'fast-check'
import { expect } from 'vitest'
import { CALLS } from '../../src/control/calls.ts'
import { ControlClient } from '../../src/control/client.ts'
import { startControlPlane } from '../../src/control/control-plane.ts'
import { TIME_CALLS } from '../../src/control/time-calls.ts'
import { scriptedPlane } from './scripted-plane.ts'

const REQUESTS_A_CONNECTION = 4
/** Wall time after which a connection that nothing happens in is a failure. */
const STUCK_MS = 20_000

const EVERY_CALL = { ...TIME_CALLS, ...CALLS }
const NAMES = Object.keys(EVERY_CALL) as (keyof typeof EVERY_CALL)[]
const PATHS: readonly string[] = NAMES.map((name) => EVERY_CALL[name].path)

/** Who the sender is: what `Authorization` and other places say. `%` stands for the token. */
const STRANGERS = [
  '',
  'Authorization: ',
  'Authorization: Bearer',
  'Authorization: Bearer %x',
  'Authorization: bearer',
  'Authorization: Basic %',
  'Authorization: %',
  'Cookie: token=%',
  'X-Token: %',
  'Authorization: Bearer \u00e4\u00f6',
  'Authorization: Bearer x\r\nAuthorization: Bearer %',
  'Proxy-Authorization: Bearer %',
]

/** `#` stands for the right authority. */
const host = fc.oneof(
  { weight: 8, arbitrary: fc.constant('Host: #') },
  fc.constantFrom('', 'Host: evil.example', 'Host: #, #', 'Host: [::1]', 'Host: #\r\nHost: x'),
)

const FRAMINGS = [
  'length',
  'length',
  'length',
  'chunked',
  'none',
  'length too small',
  'length too large',
  'length negative',
  'length twice',
  'length and chunked',
  'chunk broken',
  'continue',
  'upgrade',
  'line feeds only',
  'old',
  'cut',
] as const
type Framing = (typeof FRAMINGS)[number]

/** The client knows how many answers to wait for. */
const WELL_FRAMED: readonly Framing[] = ['length', 'chunked', 'continue']

interface FuzzRequest {
  readonly method: string
  readonly path: string
  readonly host: string
  readonly more: string
  readonly body: Uint8Array
  readonly framing: Framing
}

interface FuzzConnection {
  /** Null = the right token. */
  readonly stranger: string | null
  readonly requests: readonly FuzzRequest[]
}

const method = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom('GET', 'POST') },
  fc.constantFrom(
    'PUT',
    'DELETE',
    'HEAD',
    'OPTIONS',
    'PATCH',
    'TRACE',
    'CONNECT',
    'PRI',
    'get',
    '',
  ),
  fc.string({ maxLength: 12 }),
)

const path = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom(...PATHS, '/v1/openapi.json') },
  fc
    .tuple(fc.constantFrom(...PATHS), fc.webQueryParameters())
    .map(([at, query]) => `${at}?${query}`),
  fc.constantFrom(
    '*',
    '/',
    '//',
    '/v1',
    '/v1/',
    '/v1/../v1/now',
    '/v1/now/',
    '/%00',
    '/v1/%6eow',
    '',
  ),
  fc.constantFrom(...PATHS).map((at) => `http://evil.example${at}`),
  fc.webPath(),
  fc.string({ maxLength: 40 }),
  fc.integer({ min: 100, max: 20_000 }).map((length) => `/${'a'.repeat(length)}`),
)

/** For each call a request that it takes. */
const FITTING: Readonly<Record<keyof typeof EVERY_CALL, object>> = {
  now: {},
  sleep: { seconds: 0, pid: 1 },
  step: { seconds: 1 },
  'operations.doctor': {},
  'operations.workers.show': {},
  'operations.workers.scale': { by: 2 },
  'operations.queue.shape': {},
  'operations.queue.blockers': { limit: 30 },
  'operations.queue.retry': { channel: 'root', olderThanMs: 0, limit: null, force: true },
  'operations.queue.quarantine': { channel: 'root', forMs: 60_000 },
  'operations.queue.release': { jobFunction: 'a.b', limit: 1 },
  'operations.target.probe': { integration: 'shop' },
  'operations.target.lookup': { job: 1 },
  'operations.automations.list': {},
  'operations.automations.pause': { name: 'x' },
  'operations.automations.resume': { name: 'x' },
  catalogue: {},
  open: { signals: ['business-lag'] },
  close: { summary: 's' },
  handOver: { summary: 's' },
  'notes.baseline': { byState: {}, pendingByChannel: {} },
  'notes.decision': { what: 'w', why: 'y' },
  'notes.trackedFix': { subject: { jobs: [1] }, owner: 'o', reason: 'r', isolatedBy: 'i' },
}

const encoded = (value: object) => new TextEncoder().encode(JSON.stringify(value))

const body = fc
  .oneof(
    {
      weight: 4,
      arbitrary: fc.constantFrom(...Object.values(FITTING)).map((each) => JSON.stringify(each)),
    },
    fc.json(),
    fc
      .tuple(fc.constantFrom(...Object.values(FITTING)), fc.jsonValue())
      .map(([each, value]) =>
        JSON.stringify(Object.fromEntries(Object.keys(each).map((key) => [key, value]))),
      ),
    fc.constantFrom(
      '',
      ' ',
      '{',
      'null',
      '"\\ud800"',
      '\ufeff{}',
      '{"__proto__":{"by":1},"by":1}',
      '1e999',
    ),
    fc.integer({ min: 1, max: 5000 }).map((depth) => '['.repeat(depth)),
    fc
      .string()
      .map((text) => JSON.stringify({ channel: `\u0000${text}`, olderThanMs: 1, limit: 1 })),
  )
  .map((text) => new TextEncoder().encode(text))

/** Larger than a body may be. */
const LARGE = new Uint8Array(1_100_000).fill(0x20)

const anyBody = fc.oneof(
  { weight: 20, arbitrary: body },
  { weight: 3, arbitrary: fc.uint8Array({ maxLength: 200 }) },
  fc.constant(LARGE),
)

const more = fc.oneof(
  { weight: 16, arbitrary: fc.constant('Content-Type: application/json') },
  fc.constantFrom(
    'Content-Type: text/plain',
    'Content-Type: multipart/form-data; boundary=x',
    'Content-Encoding: gzip',
    'Connection: close',
    'Connection: keep-alive, x',
    'Origin: https://evil.example',
    'Range: bytes=0-1',
    'X-HTTP-Method-Override: GET',
  ),
  fc.integer({ min: 100, max: 20_000 }).map((length) => `X-Long: ${'b'.repeat(length)}`),
  fc.string({ maxLength: 30 }).map((text) => `X-Text: ${text}`),
  fc.string({ maxLength: 30 }),
)

/** Half of them would be right, if it were not for the rest. */
const target = fc.oneof(
  fc.constantFrom(...NAMES).chain((name) =>
    fc.record({
      method: fc.constant(EVERY_CALL[name].method.toUpperCase()),
      path: fc.constant(EVERY_CALL[name].path),
      body: fc.oneof(fc.constant(encoded(FITTING[name])), anyBody),
    }),
  ),
  fc.record({ method, path, body: anyBody }),
)

const requestsOf = (framings: readonly Framing[]) =>
  fc.array(
    fc
      .tuple(
        target,
        fc.record({
          host,
          more,
          framing: fc.constantFrom(...framings),
        }),
      )
      .map(([where, rest]) => ({ ...where, ...rest })),
    { minLength: REQUESTS_A_CONNECTION, maxLength: REQUESTS_A_CONNECTION },
  )

const connection: fc.Arbitrary<FuzzConnection> = fc.record({
  stranger: fc.oneof(fc.constant(null), fc.constantFrom(...STRANGERS)),
  requests: fc.oneof(requestsOf(WELL_FRAMED), requestsOf(FRAMINGS)),
})

/** What must be among them, whatever the seed. */
const LARGE_ONES: FuzzConnection = {
  stranger: null,
  requests: Array.from({ length: REQUESTS_A_CONNECTION }, () => ({
    method: 'POST',
    path: CALLS['operations.queue.retry'].path,
    host: 'Host: #',
    more: '',
    body: LARGE,
    framing: 'length',
  })),
}

function bytesOf(
  { method: verb, path: at, host: named, more: extra, body: payload, framing }: FuzzRequest,
  who: string,
  authority: string,
): Buffer {
  const version = framing === 'old' ? 'HTTP/1.0' : 'HTTP/1.1'
  const { length } = payload
  const frame: Readonly<Record<Framing, readonly string[]>> = {
    length: [`Content-Length: ${length}`],
    chunked: ['Transfer-Encoding: chunked'],
    none: [],
    'length too small': [`Content-Length: ${Math.floor(length / 2)}`],
    'length too large': [`Content-Length: ${length + 10}`],
    'length negative': ['Content-Length: -1'],
    'length twice': [`Content-Length: ${length}`, `Content-Length: ${length + 1}`],
    'length and chunked': [`Content-Length: ${length}`, 'Transfer-Encoding: chunked'],
    'chunk broken': ['Transfer-Encoding: chunked'],
    continue: [`Content-Length: ${length}`, 'Expect: 100-continue'],
    upgrade: ['Connection: Upgrade', 'Upgrade: websocket', `Content-Length: ${length}`],
    'line feeds only': [`Content-Length: ${length}`],
    old: [`Content-Length: ${length}`],
    cut: [`Content-Length: ${length}`],
  }
  const lines = [
    `${verb} ${at} ${version}`,
    named.replaceAll('#', authority),
    who,
    extra,
    ...frame[framing],
  ]
  const end = framing === 'line feeds only' ? '\n' : '\r\n'
  const head = Buffer.from(`${lines.filter((line) => line !== '').join(end)}${end}${end}`)
  const chunk = [Buffer.from(`${length.toString(16)}\r\n`), payload, Buffer.from('\r\n0\r\n\r\n')]
  if (framing === 'chunked')
    return Buffer.concat([head, ...(length === 0 ? [chunk[2]!.subarray(2)] : chunk)])
  if (framing === 'chunk broken') return Buffer.concat([head, Buffer.from('zz\r\n'), payload])
  const whole = Buffer.concat([head, payload])
  return framing === 'cut' ? whole.subarray(0, Math.floor(whole.length / 2)) : whole
}

/** Everything that comes back. `answers`: hang up after so many; null = say goodbye at once and wait for the end. */
function converse(socket: Socket, bytes: Buffer, answers: number | null): Promise<string> {
  return new Promise((resolve, reject) => {
    let told = ''
    const done = () => {
      clearTimeout(stuck)
      resolve(told)
    }
    const stuck = setTimeout(() => {
      socket.destroy()
      reject(new Error(`nothing more came after: ${JSON.stringify(told.slice(-500))}`))
    }, STUCK_MS)
    socket.setEncoding('latin1')
    socket.on('data', (text: string) => {
      told += text
      if (answers !== null && statusesOf(told).length >= answers) socket.end()
    })
    // Cut off by the plane: what was told before counts.
    socket.on('error', () => undefined)
    socket.once('close', done)
    if (answers === null) socket.end(bytes)
    else socket.write(bytes)
  })
}

/** Of the answers, without the 100s that only say go on. */
function statusesOf(told: string): number[] {
  return [...told.matchAll(/HTTP\/1\.1 (\d{3}) /g)]
    .map(([, status]) => Number(status))
    .filter((status) => status >= 200)
}

/** Sends about `requests` of them. Throws with the seed of fast-check and the smallest connection that goes wrong. */
export async function fuzzControlPlane(requests: number): Promise<{ readonly answers: number }> {
  let calls = 0
  let answers = 0
  const byStatus = new Map<number, number>()
  const plane = await startControlPlane(scriptedPlane(() => calls++).host)
  const { host: authority, hostname, port } = new URL(plane.url)
  try {
    await fc.assert(
      fc.asyncProperty(connection, async ({ stranger, requests: all }) => {
        const before = calls
        const who = (stranger ?? 'Authorization: Bearer %').replaceAll('%', plane.token)
        const bytes = Buffer.concat(all.map((each) => bytesOf(each, who, authority)))
        const isWell = all.every(({ framing }) => WELL_FRAMED.includes(framing))
        const socket = connect(Number(port), hostname)
        const told = await converse(socket, bytes, isWell ? all.length : null)
        const statuses = statusesOf(told)
        answers += statuses.length
        for (const status of statuses) byStatus.set(status, (byStatus.get(status) ?? 0) + 1)
        expect(statuses.filter((status) => status >= 500)).toEqual([])
        expect(told).not.toContain(plane.token)
        if (stranger !== null) expect(calls).toBe(before)
      }),
      { numRuns: Math.ceil(requests / REQUESTS_A_CONNECTION), examples: [[LARGE_ONES]] },
    )
    // It was no monologue: some came through, and some were refused in each way.
    expect(calls).toBeGreaterThan(0)
    expect([...byStatus.keys()]).toEqual(
      expect.arrayContaining([200, 400, 401, 404, 405, 413, 421]),
    )
    using client = new ControlClient(plane)
    expect(await client.call('operations.doctor', {})).toMatchObject({ healthy: true })
    return { answers }
  } finally {
    await plane[Symbol.asyncDispose]()
  }
}
