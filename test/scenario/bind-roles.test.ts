import { expect, test } from 'vitest'
import { bindRoles } from '../../src/scenario/bind-roles.ts'
import { parseOperations } from '../../src/scenario/operations-file.ts'
import { parseScenario } from '../../src/scenario/scenario-file.ts'

const OPERATIONS = parseOperations(
  `integrations: { shop: {}, bank: {}, carrier: {} }
functions:
  sale.order.push_status: { integration: shop, role: webhook, effect: set }
  product.product.push_price: { integration: shop, role: price, effect: set }
  payment.transaction.capture: { integration: bank, role: payment, effect: once }
  payment.transaction.poll: { integration: bank, role: payment, effect: none }
  res.partner.clean: { role: cleaning }
`,
  'operations.yaml',
)

function bind(...faults: string[]) {
  const lines = faults.map((fault) => `  - { ${fault} }\n`).join('')
  const text = `title: t\nsummary: s\nsnapshot: x\nfaults:\n${lines}`
  return bindRoles(parseScenario(text, 'x.yaml'), OPERATIONS)
}

test('a broken target concerns everybody who calls it, whatever their role', () => {
  expect(bind('kind: credential-missing, roles: [webhook]')).toEqual({
    faults: [
      {
        integrations: ['shop'],
        functions: ['product.product.push_price', 'sale.order.push_status'],
      },
    ],
    unbound: [],
  })
})

test('each fault is bound by itself, in the order of the scenario', () => {
  const { faults } = bind(
    'kind: credential-missing, roles: [payment, webhook]',
    'kind: target-down, roles: [payment], answer: hang',
  )
  expect(faults.map(({ integrations }) => integrations)).toEqual([['bank', 'shop'], ['bank']])
})

test('a burst of arrivals concerns the functions of the roles and breaks no integration', () => {
  expect(bind('kind: arrivals-burst, roles: [cleaning, price], factor: 3').faults).toEqual([
    { integrations: [], functions: ['product.product.push_price', 'res.partner.clean'] },
  ])
})

test('killed workers are bound to no role', () => {
  expect(bind('kind: workers-killed, at: 1m, workers: 2')).toEqual({
    faults: [{ integrations: [], functions: [] }],
    unbound: [],
  })
})

test('a role that nobody plays is reported once, with the roles that there are', () => {
  const { faults, unbound } = bind(
    'kind: credential-missing, roles: [paymnt]',
    'kind: answers-after-effect, roles: [paymnt]',
  )
  expect(faults[0]).toEqual({ integrations: [], functions: [] })
  expect(unbound).toEqual([
    {
      role: 'paymnt',
      reason:
        'no function has the role "paymnt" (did you mean "payment"?); roles here: cleaning, payment, price, webhook',
    },
  ])
})

test('a role whose functions stay inside Odoo has no target to break', () => {
  expect(bind('kind: credential-missing, roles: [cleaning]').unbound).toEqual([
    { role: 'cleaning', reason: 'the functions of role "cleaning" call no integration' },
  ])
})
