import { describe, expect, test } from 'vitest'
import { HOUR, MINUTE, SECOND } from '../../src/foundation/time.ts'
import { checkOperations, parseOperations } from '../../src/scenario/operations-file.ts'

const FULL = `integrations:
  shop-webhook:
    timeout: 20s
    effectAt: 0.5
    lookup: true
    effectBeforeFailure: { requests.exceptions.ReadTimeout: 0.5 }
  acquirer: {}
functions:
  sale.order.push_status:
    integration: shop-webhook
    role: webhook
    effect: set
    businessKey: [records, args.0]
    value: args
    safety: idempotent
    critical: true
    sla: 10m
    failureStyle: postpone
  payment.transaction.capture:
    { integration: acquirer, role: payment, effect: once, safety: { keyed: { retention: 24h } }, critical: true }
  res.partner.clean: {}
`

/** A file with one function of these keys. */
function withFunction(keys: string): string {
  return `integrations: { shop: {}, bank: {} }\nfunctions:\n  a.b.c: { ${keys} }\n`
}

function problemsOf(text: string): string[] {
  return checkOperations(text).problems.map(
    ({ position, text: problem }) => `${position.line}:${position.column} ${problem}`,
  )
}

describe('an operations file', () => {
  test('says what a job function does outside, every default filled in', () => {
    expect(parseOperations(FULL, 'operations.yaml')).toEqual({
      integrations: {
        'shop-webhook': {
          timeoutMs: 20 * SECOND,
          effectAt: 0.5,
          lookup: true,
          effectBeforeFailure: { 'requests.exceptions.ReadTimeout': 0.5 },
        },
        acquirer: { timeoutMs: 30 * SECOND, effectAt: 0.7, lookup: false, effectBeforeFailure: {} },
      },
      functions: {
        'sale.order.push_status': {
          integration: 'shop-webhook',
          role: 'webhook',
          effect: 'set',
          businessKey: ['records', 'args.0'],
          value: 'args',
          safety: { kind: 'idempotent' },
          slaMs: 10 * MINUTE,
          failureStyle: 'postpone',
        },
        'payment.transaction.capture': {
          integration: 'acquirer',
          role: 'payment',
          effect: 'once',
          businessKey: ['records', 'args'],
          value: 'current',
          safety: { kind: 'keyed', retentionMs: 24 * HOUR },
          slaMs: 15 * MINUTE,
          failureStyle: 'fail',
        },
        'res.partner.clean': {
          integration: null,
          role: 'internal',
          effect: 'none',
          businessKey: ['records', 'args'],
          value: 'current',
          safety: { kind: 'unknown' },
          slaMs: null,
          failureStyle: 'fail',
        },
      },
    })
  })

  test.each([
    ['payment', 15],
    ['webhook', 15],
    ['stock', 30],
    ['invoice', 120],
  ])('a critical function of role %s has %d minutes unless it says otherwise', (role, minutes) => {
    const keys = `integration: shop, role: ${role}, effect: set, critical: true`
    const { functions } = parseOperations(withFunction(keys), 'x.yaml')
    expect(functions['a.b.c']!.slaMs).toBe(minutes * MINUTE)
  })

  test.each([
    ['once', 'unsafe'],
    ['once', '{ keyed: { retention: 30m } }'],
    ['each', 'unsafe'],
    ['each', '{ keyed: { retention: 30m } }'],
    ['set', 'idempotent'],
    ['set', 'unsafe'],
    ['none', 'idempotent'],
  ])('effect %s may be documented as %s', (effect, safety) => {
    const keys = `integration: shop, role: x, effect: ${effect}, safety: ${safety}`
    expect(problemsOf(withFunction(keys))).toEqual([])
  })

  test.each(['once', 'each'])('effect %s cannot be idempotent', (effect) => {
    const keys = `integration: shop, role: x, effect: ${effect}, safety: idempotent`
    expect(problemsOf(withFunction(keys))).toEqual([
      expect.stringMatching(
        /^3:\d+ functions\.a\.b\.c\.safety: "idempotent" is more than the effect/,
      ),
    ])
  })
})

describe('what is wrong with an operations file is told with line and column:', () => {
  test.each([
    [
      'an integration nobody declared',
      'integration: shp, role: x, effect: set',
      /"shp" is not dec.*"shop"/,
    ],
    ['a call without a role', 'integration: shop, effect: set', /role: is missing/],
    [
      'a call without an effect',
      'integration: shop, role: x',
      /effect: is missing.*once, set or each/,
    ],
    ['an effect without a call', 'effect: once', /"once" happens outside: name the integration/],
    ['critical without any SLA', 'role: mine, critical: true', /critical: needs `sla`.*"mine"/],
    ['an SLA of what is not critical', 'sla: 15m', /sla: is for critical functions only/],
    ['a safety that is none', 'safety: idempotnt', /safety: must be.*did you mean "idempotent"/],
    [
      'a key without its retention',
      'safety: { keyed: 24h }',
      /safety.keyed: must be a block of keys/,
    ],
    [
      'a retention in words',
      'safety: { keyed: { retention: day } }',
      /safety.keyed.retention: must be/,
    ],
    ['a path that leads nowhere', 'businessKey: [recods]', /businessKey\[0\]: must be a path/],
    [
      'an unknown key',
      'integratoin: shop',
      /unknown key "integratoin" \(did you mean "integration"/,
    ],
    [
      'an unknown style',
      'failureStyle: retry',
      /failureStyle: must be fail or postpone, not "retry"/,
    ],
  ])('%s', (_what, keys, expected) => {
    expect(problemsOf(withFunction(keys))).toEqual([expect.stringMatching(expected)])
  })

  test('the column is that of the wrong value', () => {
    expect(problemsOf(withFunction('safety: perhaps'))).toEqual([
      expect.stringMatching(/^3:20 functions\.a\.b\.c\.safety: /),
    ])
  })

  test('a job function without a model', () => {
    expect(problemsOf('functions:\n  push: {}\n')).toEqual([
      '2:3 functions.push: must be <model>.<method>, such as sale.order.push_status; not "push"',
    ])
  })

  test('everything at once, as one input error', () => {
    const text = 'integrations:\n  shop: { timeout: 0s, effectAt: 2 }\nfunctions: []\n'
    expect(() => parseOperations(text, 'dir/operations.yaml')).toThrow(
      'dir/operations.yaml:2:20: integrations.shop.timeout: must be at least 1s\n' +
        'dir/operations.yaml:2:34: integrations.shop.effectAt: must be at most 1, not 2\n' +
        'dir/operations.yaml:3:12: functions: must be a block of keys, not []',
    )
  })
})
