/** What the map proposes for functions of queues known and unknown. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Safety } from '../../../src/queue-job/operations.ts'
import type { Workload } from '../../../src/queue-job/workload.ts'
import { parseOperations } from '../../../src/scenario/operations-file.ts'
import { proposeOperations } from '../../../src/snapshot/map/propose.ts'
import { bundledFile, bundledWorkload, fn, timeoutOf, workload } from './workloads.ts'

const proposed = (given: Workload) =>
  parseOperations(proposeOperations(given, null).text, 'operations.yaml')

/** The larger, the more may be done with the job. */
const GENEROSITY: Readonly<Record<Safety['kind'], number>> = {
  unknown: 0,
  unsafe: 0,
  keyed: 1,
  idempotent: 2,
}

describe.each(['company-25k', 'company-60k'])('of %s without its operations file', (company) => {
  test('every role, effect and call outside is found that its people wrote down', async () => {
    const { functions } = parseOperations(await bundledFile(company, 'operations.yaml'), company)
    const mine = proposed(await bundledWorkload(company)).functions
    const shape = (entries: typeof functions) =>
      Object.fromEntries(
        Object.keys(functions).map((name) => {
          const { role, effect, integration, value } = entries[name]!
          return [name, { role, effect, value, isOutside: integration !== null }]
        }),
      )
    expect(shape(mine)).toEqual(shape(functions))
  })

  test('no safety is more generous than what its people wrote down', async () => {
    const { functions } = parseOperations(await bundledFile(company, 'operations.yaml'), company)
    const mine = proposed(await bundledWorkload(company)).functions
    const tooGenerous = Object.keys(mine).filter(
      (name) =>
        GENEROSITY[mine[name]!.safety.kind] > GENEROSITY[functions[name]?.safety.kind ?? 'unknown'],
    )
    expect(tooGenerous).toEqual([])
  })

  test('functions share an integration exactly where they share one in its own file', async () => {
    const { functions, integrations } = parseOperations(
      await bundledFile(company, 'operations.yaml'),
      company,
    )
    const mine = proposed(await bundledWorkload(company))
    const pairs = Object.entries(functions).map(([name, { integration }]) =>
      JSON.stringify([integration, mine.functions[name]!.integration]),
    )
    const distinct = new Set(Object.values(functions).map(({ integration }) => integration))
    expect(new Set(pairs).size).toBe(distinct.size)
    for (const pair of new Set(pairs)) {
      const [theirs, ours] = JSON.parse(pair) as [string | null, string | null]
      if (theirs === null || ours === null) continue
      expect(mine.integrations[ours]!.timeoutMs).toBe(integrations[theirs]!.timeoutMs)
    }
  })
})

describe('a proposal', () => {
  test('says what it was made from, and never writes idempotent', async () => {
    const { text } = proposeOperations(await bundledWorkload('company-60k'), null)
    expect(text).toContain(
      [
        '  # proposed: channel root.payment, requests.exceptions.ReadTimeout seen, known from payment',
        '  payment.transaction.capture:',
        '    integration: payment-provider',
        '    role: payment',
        '    effect: once',
        '    safety: unsafe',
        '    critical: true',
      ].join('\n'),
    )
    expect(text.replaceAll(/^ *#.*$/gm, '')).not.toMatch(/idempotent|keyed/)
  })

  test('lists functions that no rule knows, and writes them without any promise', () => {
    const { text, unmapped, added } = proposeOperations(
      workload(
        fn('acme.widget.frobnicate', { channel: 'root.acme' }),
        fn('acme.gate.wobble', { failures: [timeoutOf('gate.acme.example', 20)] }),
        fn('mail.mail.send'),
      ),
      null,
    )
    expect(unmapped).toEqual(['acme.gate.wobble', 'acme.widget.frobnicate'])
    expect(added).toEqual(['acme.widget.frobnicate', 'acme.gate.wobble', 'mail.mail.send'])
    expect(text).toContain('# unmapped: no rule knows it (channel root.acme)')
    const { functions, integrations } = parseOperations(text, 'operations.yaml')
    expect(functions['acme.widget.frobnicate']).toMatchObject({
      role: 'unmapped',
      effect: 'none',
      safety: { kind: 'unknown' },
    })
    // Somebody is called: the worst is assumed of the call.
    expect(functions['acme.gate.wobble']).toMatchObject({
      integration: 'partner',
      effect: 'once',
      safety: { kind: 'unsafe' },
    })
    expect(integrations['partner']!.timeoutMs).toBe(20_000)
  })

  test('a function stays unmapped until somebody gives it a role', () => {
    const queue = workload(fn('acme.widget.frobnicate'))
    const { text } = proposeOperations(queue, null)
    expect(proposeOperations(queue, text).unmapped).toEqual(['acme.widget.frobnicate'])
    const edited = text.replace('role: unmapped', 'role: internal')
    expect(proposeOperations(queue, edited).unmapped).toEqual([])
  })

  test("a partner's error counts more than the table that says a function stays inside", () => {
    const plain = proposed(workload(fn('account.move.post_batch')))
    expect(plain.functions['account.move.post_batch']).toMatchObject({ integration: null })
    const calling = proposed(
      workload(fn('account.move.post_batch', { failures: [timeoutOf('tax.example', 30)] })),
    )
    expect(calling.functions['account.move.post_batch']).toMatchObject({
      effect: 'once',
      safety: { kind: 'unsafe' },
    })
  })

  test('mail and payments leave Odoo even where no error of a partner was ever seen', () => {
    const { functions } = proposed(
      workload(fn('mail.mail.send'), fn('acme.order.charge', { channel: 'root.stripe' })),
    )
    expect(functions['mail.mail.send']).toMatchObject({ integration: 'mail-relay', effect: 'once' })
    expect(functions['acme.order.charge']).toMatchObject({
      integration: 'payment-provider',
      effect: 'once',
      safety: { kind: 'unsafe' },
    })
  })

  test('runs that end at one figure give the time-out, where no message tells it', () => {
    const failures = [
      { excName: 'requests.exceptions.Timeout', excMessage: 'no answer', share: 0.02 },
    ]
    const durationMs = [100, 200, 300, 400, 900, 9000, 44_000, 45_020, 45_100]
    const { integrations } = proposed(
      workload(fn('acme.shop.push_price', { failures, durationMs })),
    )
    expect(integrations['webhook-target']!.timeoutMs).toBe(45_000)
  })

  test('a time-out that nobody would choose is not believed, nor one run that hung', () => {
    const failures = [timeoutOf('hooks.example', 71)]
    const durationMs = [100, 200, 300, 400, 900, 9000, 20_000, 29_000, 3_600_000]
    const { integrations } = proposed(
      workload(fn('acme.shop.push_price', { failures, durationMs })),
    )
    expect(integrations['webhook-target']!.timeoutMs).toBe(30_000)
  })

  test('a function that postpones itself is proposed to do so', () => {
    const failures = [
      timeoutOf('hooks.example', 30),
      {
        excName: 'odoo.addons.queue_job.exception.RetryableJobError',
        excMessage: 'try later',
        share: 0.01,
      },
    ]
    const { functions } = proposed(workload(fn('acme.shop.push_price', { failures })))
    expect(functions['acme.shop.push_price']!.failureStyle).toBe('postpone')
  })

  test('tells what is new and what has gone since the previous snapshot', () => {
    const { appeared, gone } = proposeOperations(
      workload(fn('sale.order.a'), fn('sale.order.c')),
      null,
      workload(fn('sale.order.a'), fn('sale.order.b')),
    )
    expect({ appeared, gone }).toEqual({ appeared: ['sale.order.c'], gone: ['sale.order.b'] })
  })
})

const names = fc
  .tuple(fc.stringMatching(/^[\w.]{1,20}$/), fc.stringMatching(/^\w{1,12}$/))
  .map(([model, method]) => `${model}.${method}`)
const failure = fc.oneof(
  fc.constantFrom(timeoutOf('a.example', 30), timeoutOf('b.example', 5)),
  fc.record({
    excName: fc.string({ minLength: 1, unit: 'grapheme' }),
    excMessage: fc.string({ unit: 'grapheme' }),
    share: fc.constant(0.001),
  }),
)
const anyFunction = fc
  .record({
    name: names,
    channel: fc.oneof(fc.string({ minLength: 1, unit: 'binary' }), fc.constant('root.payment')),
    failures: fc.array(failure, { maxLength: 3 }),
    argument: fc.constantFrom('none' as const, 'value' as const),
  })
  .map(({ name, ...rest }) => fn(name, rest))
const anyWorkload = fc
  .uniqueArray(anyFunction, { minLength: 1, maxLength: 12, selector: ({ name }) => name })
  .map((functions) => workload(...functions))

test('whatever the names, channels and errors: the file is valid, and mapping it again changes nothing', () => {
  fc.assert(
    fc.property(anyWorkload, anyWorkload, (given, next) => {
      const first = proposeOperations(given, null)
      const { functions } = parseOperations(first.text, 'operations.yaml')
      expect(Object.keys(functions).sort()).toEqual([...first.added].sort())
      for (const { safety } of Object.values(functions)) {
        expect(['unsafe', 'unknown']).toContain(safety.kind)
      }
      const again = proposeOperations(given, first.text)
      expect(again).toEqual({ ...first, added: [] })
      // Another queue on top: all that stood there still stands, to the letter.
      const { text } = proposeOperations(next, first.text)
      parseOperations(text, 'operations.yaml')
      const lines = text.replace('functions: {}', 'functions:').split('\n')
      let at = 0
      for (const line of first.text.replace('functions: {}', 'functions:').split('\n')) {
        at = lines.indexOf(line, at) + 1
        expect(at).toBeGreaterThan(0)
      }
    }),
    { numRuns: 150 },
  )
})
