/** The description of the control plane is a valid OpenAPI document, and what the plane answers is what it describes. */
import { Validator } from '@seriousme/openapi-schema-validator'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type CallName, CALLS } from '../../src/control/calls.ts'
import { openApi } from '../../src/control/open-api.ts'
import { TIME_CALLS } from '../../src/control/time-calls.ts'
import { type ControlledDrill, type DrillServer, openDrillServer } from './controlled-drill.ts'

interface Body {
  readonly required?: boolean
  readonly content: { readonly 'application/json': { readonly schema: object } }
}
interface Operation {
  readonly operationId: string
  readonly summary: string
  readonly requestBody?: Body
  readonly responses: Readonly<Record<string, Body>>
}
interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
}

const document = openApi() as Document
const EVERY_CALL = { ...TIME_CALLS, ...CALLS }

function operationOf(name: string): Operation {
  const found = Object.values(document.paths)
    .flatMap((item) => Object.values(item))
    .find(({ operationId }) => operationId === name)
  if (found === undefined) throw new Error(`${name} is not described`)
  return found
}

const ajv = new Ajv2020({ strict: false, validateFormats: false })
ajv.addSchema(document, 'document')

/** What is wrong with `value` by a schema of the document; null = nothing. */
function problems(schema: object, value: unknown): unknown {
  // References are relative to the document.
  const text = JSON.stringify(schema).replaceAll('"$ref":"#/', '"$ref":"document#/')
  const validate = ajv.compile(JSON.parse(text) as object)
  return validate(value) ? null : validate.errors
}

it('is valid OpenAPI 3.1', async () => {
  const validator = new Validator()
  const result = await validator.validate({ ...structuredClone(document) })
  expect(result).toEqual({ valid: true })
  expect(validator.version).toBe('3.1')
})

it('the validator would tell', async () => {
  const wrong = { ...document, paths: { '/v1/now': { get: { responses: { ok: {} } } } } }
  expect(await new Validator().validate(wrong)).toMatchObject({ valid: false })
})

it('refers to nothing that is not in it', () => {
  const references = [...JSON.stringify(document).matchAll(/"\$ref":"([^"]+)"/g)].map(
    ([, reference]) => reference!,
  )
  expect(references.length).toBeGreaterThan(0)
  for (const reference of new Set(references)) {
    const target = reference
      .split('/')
      .slice(1)
      .reduce<unknown>((at, key) => (at as Record<string, unknown> | undefined)?.[key], document)
    expect({ reference, found: typeof target }).toEqual({ reference, found: 'object' })
  }
})

it('describes every call once, and no other', () => {
  const described = Object.entries(document.paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, { operationId }]) => [operationId, method, path]),
  )
  expect(described).toEqual(
    Object.entries(EVERY_CALL).map(([name, { method, path }]) => [name, method, path]),
  )
})

describe('against a drill', () => {
  let server: DrillServer
  let drill: ControlledDrill

  beforeAll(async () => {
    server = await openDrillServer()
    drill = await server.drill()
  })
  afterAll(async () => {
    await drill?.[Symbol.asyncDispose]()
    await server?.[Symbol.asyncDispose]()
  })

  async function ask(name: string, body: unknown): Promise<{ status: number; answer: unknown }> {
    const { method, path } = EVERY_CALL[name as CallName]
    const response = await fetch(`${drill.plane.url}${path}`, {
      method: method.toUpperCase(),
      headers: { Authorization: `Bearer ${drill.plane.token}` },
      ...(method === 'post' && { body: JSON.stringify(body) }),
    })
    return { status: response.status, answer: await response.json() }
  }

  // In an order in which each finds something to do.
  const REQUESTS: readonly (readonly [string, unknown])[] = [
    ['now', null],
    ['operations.doctor', null],
    ['operations.workers.show', null],
    ['catalogue', null],
    ['operations.automations.list', null],
    ['operations.automations.resume', { name: 'requeue-failed' }],
    ['operations.automations.pause', { name: 'requeue-failed' }],
    ['open', { signals: ['business-lag'] }],
    ['operations.queue.shape', null],
    ['notes.baseline', { byState: { pending: 24 }, pendingByChannel: { 'root.webhook_sync': 10 } }],
    ['notes.decision', { what: 'isolate the shop', why: 'it does not answer' }],
    ['operations.queue.blockers', {}],
    ['operations.queue.quarantine', { channel: 'root.webhook_sync', forMs: 1_800_000 }],
    ['operations.queue.release', { channel: 'root.webhook_sync', limit: 2 }],
    ['operations.queue.retry', { channel: 'root.stock_sync', olderThanMs: 1_200_000, limit: 5 }],
    ['operations.queue.retry', { channel: 'root.mixed', olderThanMs: 1_200_000, limit: 5 }],
    ['operations.target.probe', { integration: 'shop' }],
    ['operations.target.lookup', { job: 20 }],
    ['operations.workers.scale', { by: 2 }],
    [
      'notes.trackedFix',
      { subject: { jobs: [20, 21] }, owner: 'web', reason: 'unknown', isolatedBy: 'failed' },
    ],
    ['sleep', { seconds: 60, pid: 4711 }],
    ['step', { seconds: 60 }],
    ['close', { summary: 'over' }],
    ['open', { signals: ['business-lag'] }],
    ['handOver', { summary: 'to people' }],
  ]

  it('every call is tried', () => {
    expect([...new Set(REQUESTS.map(([name]) => name))].sort()).toEqual(
      Object.keys(EVERY_CALL).sort(),
    )
  })

  it('every answer is as described, and the description takes every request', async () => {
    for (const [name, body] of REQUESTS) {
      const { requestBody, responses } = operationOf(name)
      expect({ name, takesBody: requestBody !== undefined }).toEqual({
        name,
        takesBody: body !== null,
      })
      const described = requestBody?.content['application/json'].schema ?? { type: 'null' }
      expect({ name, wrong: problems(described, body) }).toEqual({ name, wrong: null })
      const { status, answer } = await ask(name, body)
      expect({ name, status }).toEqual({ name, status: 200 })
      const wrong = problems(responses['200']!.content['application/json'].schema, answer)
      expect({ name, wrong }).toEqual({ name, wrong: null })
    }
  })

  it.each([
    ['operations.queue.retry', { channel: 'root' }, '400'],
    ['operations.target.probe', { integration: 'nowhere' }, '409'],
    ['notes.decision', { what: 'x'.repeat(1_100_000), why: 'y' }, '413'],
  ])('a refusal of %s is as described', async (name, body, status) => {
    const told = await ask(name, body)
    expect(String(told.status)).toBe(status)
    const { schema } = operationOf(name).responses[status]!.content['application/json']
    expect(problems(schema, told.answer)).toBeNull()
  })

  it('says which bodies may be left out', async () => {
    const needless = Object.keys(CALLS).filter((name) => {
      const { requestBody } = operationOf(name)
      return requestBody !== undefined && requestBody.required !== true
    })
    expect(needless).toEqual(['operations.queue.blockers'])
    expect(await ask('operations.queue.blockers', undefined)).toMatchObject({ status: 200 })
  })
})
