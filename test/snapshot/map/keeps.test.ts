/** What people wrote into an operations file stays to the letter when the map adds to it. */
import { describe, expect, test } from 'vitest'
import { parseOperations } from '../../../src/scenario/operations-file.ts'
import { proposeOperations } from '../../../src/snapshot/map/propose.ts'
import { bundledFile, bundledWorkload, fn, timeoutOf, workload } from './workloads.ts'

const QUEUE = workload(
  fn('shop.order.push_status', { failures: [timeoutOf('hooks.example', 30)] }),
  fn('mail.mail.send'),
)

test('a file that names every function comes back unchanged', async () => {
  const existing = proposeOperations(QUEUE, null).text
  const edited = existing
    .replace('role: webhook', "role:   'webhook'   # ours, since 2024")
    .replace('safety: unsafe', 'safety: { keyed: { retention: 24h } }')
  expect(edited).not.toBe(existing)
  expect(proposeOperations(QUEUE, edited)).toMatchObject({ text: edited, added: [] })
})

test('two edited lines stay where they are when a function is added below them', () => {
  const edited = proposeOperations(QUEUE, null)
    .text.replace('timeout: 30s', 'timeout: 12s # as the shop says')
    .replace(
      '    effect: set\n',
      '    effect: set\n    # Confirmed by the shop, 2026-11-02.\n    safety: idempotent\n',
    )
  const { text, added } = proposeOperations(
    workload(...QUEUE.functions, fn('stock.picking.request_label')),
    edited,
  )
  expect(added).toEqual(['stock.picking.request_label'])
  expect(text.replace(/\n +# proposed: called by stock[^]*?30s\n/, '')).toBe(
    `${edited}
  # proposed: channel root, known from delivery_*
  stock.picking.request_label:
    integration: carrier
    role: label
    effect: once
    safety: unsafe
`,
  )
})

test('the bundled file keeps every letter, and its gaps are filled', async () => {
  const existing = await bundledFile('company-25k', 'operations.yaml')
  const { text, added } = proposeOperations(await bundledWorkload('company-25k'), existing)
  expect(added).toHaveLength(4)
  expect(text.startsWith(existing)).toBe(true)
  expect(Object.keys(parseOperations(text, 'operations.yaml').functions)).toContain(added[0])
})

describe('an integration that people named', () => {
  const existing = `integrations:
  our-shop: { timeout: 20s } # the one and only

functions:
  shop.order.push_status: { integration: our-shop, role: shop, effect: set }
`
  test('is used for new functions that call the same host', () => {
    const { text } = proposeOperations(
      workload(
        fn('shop.order.push_status', { failures: [timeoutOf('hooks.example', 30)] }),
        fn('shop.order.push_lines', { failures: [timeoutOf('hooks.example', 30)] }),
        fn('shop.order.push_other', { failures: [timeoutOf('other.example', 30)] }),
      ),
      existing,
    )
    const { functions, integrations } = parseOperations(text, 'operations.yaml')
    expect(functions['shop.order.push_lines']!.integration).toBe('our-shop')
    expect(functions['shop.order.push_other']!.integration).toBe('webhook-target')
    expect(Object.keys(integrations)).toEqual(['our-shop', 'webhook-target'])
    expect(text).toContain('our-shop: { timeout: 20s } # the one and only\n')
  })
})

describe('however the file is written', () => {
  const added = (existing: string) => {
    const { text } = proposeOperations(QUEUE, existing)
    return { text, operations: parseOperations(text, 'operations.yaml') }
  }

  test.each([
    ['nothing', ''],
    ['a comment', '# ours\n'],
    ['empty blocks', 'integrations:\nfunctions: # none yet\n'],
    ['empty braces', 'integrations: {}  # none\n\n\nfunctions: {}'],
    ['no integrations', 'functions:\n  a.b:\n    role: internal\n'],
    [
      'the other order',
      'functions:\n  a.b:\n    role: internal\nintegrations:\n  x:\n    lookup: true\n',
    ],
    ['no newline at the end', 'functions:\n  a.b: { role: internal, effect: none }'],
    [
      'a deep indentation',
      'functions:\n      a.b:\n        role: internal\n      # the end\n# very end\n',
    ],
    [
      'a value on several lines',
      'functions:\n  a.b:\n    role: internal\n    businessKey:\n      - records\n      - args.0   # the number\n\n\n',
    ],
    ['an anchor', 'functions:\n  a.b: &x\n    role: internal\n  a.c: *x\n'],
    ['a tab after the colon', 'functions:\t\n  a.b:\n    role: internal\n'],
  ])('functions are added to %s', (_, existing) => {
    const { text, operations } = added(existing)
    expect(Object.keys(operations.functions)).toEqual(
      expect.arrayContaining(QUEUE.functions.map(({ name }) => name)),
    )
    for (const line of existing.split('\n')) {
      expect(text.split('\n')).toContain(line.replace(/ \{\}/, ''))
    }
    expect(proposeOperations(QUEUE, text).text).toBe(text)
  })

  test('lines end as they ended before', () => {
    const { text } = added('# ours\r\nfunctions:\r\n  a.b:\r\n    role: internal\r\n')
    expect(text.replaceAll('\r\n', '')).not.toContain('\n')
  })

  test('comments below the last function stay with it, those of the next block with that', () => {
    const { text } = added(
      'functions:\n  a.b:\n    role: internal\n  # a.c: was dropped in May\n\n# Partners.\nintegrations:\n  x:\n    lookup: true\n',
    )
    expect(text).toMatch(
      /a\.c: was dropped in May\n\n  # proposed: .*\n  shop\.order\.push_status:/,
    )
    expect(text).toContain('\n\n# Partners.\nintegrations:\n')
  })

  test.each([
    ['functions: [', /operations\.yaml:1: not YAML/],
    ['- a\n', /operations\.yaml:1: must be a block/],
    [
      'a: 1\nfunctions: { a.b: { role: internal } }\n',
      /operations\.yaml:2: functions is written in braces/,
    ],
    ['functions:\n  a.b: *nowhere\n', /operations\.yaml: .*nowhere/],
    ['integrations: {}\n...\n', /operations\.yaml:\d+: not YAML/],
  ])('%j cannot be added to, and the error says where', (existing, message) => {
    expect(() => proposeOperations(QUEUE, existing)).toThrow(message)
  })
})
