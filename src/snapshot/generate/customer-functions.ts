/** Job functions that serve the customer: shop, stock levels, payment, mail. */
import { businessFailures, httpFailures, jobFunction, longTailed } from './job-function.ts'
import type { JobFunction, OperationsEntry } from './job-function.ts'

const QUICK_RETRIES = { '1': 10, '3': 60, '5': 300 }
const PATIENT_RETRIES = { '1': 60, '3': 300, '5': 900 }

/** Calls of the web shop: half of them fail at once, half postpone themselves. */
export const WEBHOOK: readonly JobFunction[] = [
  shop('sale.order.push_status', 'Push order status', 130, 'shop', {
    role: 'webhook',
    effect: 'set',
    businessKey: ['records'],
    value: 'current',
    safety: 'idempotent',
    critical: true,
  }),
  shop('stock.picking.push_tracking', 'Push tracking of delivery', 80, 'warehouse', {
    role: 'webhook',
    effect: 'set',
    businessKey: ['records'],
    value: 'current',
    safety: 'idempotent',
    critical: true,
    failureStyle: 'postpone',
  }),
  shop('product.template.push_content', 'Push product content', 70, 'office', {
    role: 'webhook',
    effect: 'set',
    businessKey: ['records'],
    value: 'current',
    safety: 'idempotent',
    failureStyle: 'postpone',
  }),
  shop('account.move.push_invoice_state', 'Push invoice state', 50, 'office', {
    role: 'webhook',
    effect: 'set',
    businessKey: ['records'],
    value: 'current',
    safety: { retention: '24h' },
  }),
  shop('res.partner.push_customer', 'Push customer data', 45, 'shop', {
    role: 'webhook',
    effect: 'set',
    businessKey: ['records'],
    value: 'current',
    safety: 'idempotent',
    failureStyle: 'postpone',
  }),
  shop('sale.order.deliver_event', 'Deliver event of order', 45, 'shop', {
    role: 'webhook',
    effect: 'once',
    safety: { retention: '24h' },
    critical: true,
    comment:
      'The shop counts events: the key in the header keeps a repetition from counting twice.',
  }),
]

function shop(
  name: string,
  title: string,
  share: number,
  rhythm: JobFunction['rhythm'],
  operations: OperationsEntry,
): JobFunction {
  const postpones = operations.failureStyle === 'postpone'
  const isPool = name === 'product.template.push_content' || name === 'res.partner.push_customer'
  return jobFunction({
    name,
    title,
    channel: 'root.webhook_sync',
    share,
    rhythm,
    durationMs: longTailed(430, 0.62, 18_000),
    retryPattern: postpones ? { '1': 600 } : QUICK_RETRIES,
    integration: 'shop-webhook',
    failures: [
      ...httpFailures('shop-webhook', 0.0012),
      ...businessFailures(name.slice(0, name.lastIndexOf('.')), 0.0003),
    ],
    cpuShare: 0.2,
    burstMean: name === 'product.template.push_content' ? 6 : 1,
    recordPool: isPool ? 6000 : null,
    identityKey: isPool,
    operations,
  })
}

export const STOCK: readonly JobFunction[] = [
  jobFunction({
    name: 'stock.quant.push_level',
    title: 'Push stock level',
    channel: 'root.stock_sync',
    share: 105,
    rhythm: 'warehouse',
    durationMs: longTailed(320, 0.55, 12_000),
    retryPattern: QUICK_RETRIES,
    integration: 'warehouse',
    failures: httpFailures('warehouse', 0.001),
    burstMean: 5,
    recordPool: 4000,
    identityKey: true,
    operations: {
      role: 'stock',
      effect: 'set',
      businessKey: ['records'],
      value: 'current',
      safety: 'idempotent',
      critical: true,
    },
  }),
  jobFunction({
    name: 'product.product.push_availability',
    title: 'Push availability',
    channel: 'root.stock_sync',
    share: 70,
    rhythm: 'warehouse',
    durationMs: longTailed(300, 0.55, 12_000),
    retryPattern: { '1': 600 },
    integration: 'warehouse',
    failures: httpFailures('warehouse', 0.001),
    burstMean: 3,
    recordPool: 3000,
    payload: 'value',
    operations: {
      role: 'stock',
      effect: 'set',
      businessKey: ['records'],
      value: 'args',
      safety: 'idempotent',
      critical: true,
      failureStyle: 'postpone',
      comment:
        'The quantity travels in the job: an old job run after a newer one writes an old figure.',
    },
  }),
  jobFunction({
    name: 'stock.move.sync_reservation',
    title: 'Sync reservation',
    channel: 'root.stock_sync',
    share: 50,
    rhythm: 'warehouse',
    durationMs: longTailed(420, 0.55, 14_000),
    integration: 'warehouse',
    failures: [...httpFailures('warehouse', 0.0008), ...businessFailures('stock.move', 0.0004)],
    operations: {
      role: 'stock',
      effect: 'set',
      businessKey: ['records'],
      value: 'current',
      safety: 'idempotent',
      critical: true,
    },
  }),
]

export const PAYMENT: readonly JobFunction[] = [
  jobFunction({
    name: 'payment.transaction.capture',
    title: 'Capture payment',
    channel: 'root.payment',
    share: 14,
    rhythm: 'shop',
    priority: 5,
    durationMs: longTailed(1250, 0.5, 16_000),
    integration: 'acquirer',
    failures: httpFailures('acquirer', 0.0016),
    operations: {
      role: 'payment',
      effect: 'once',
      businessKey: ['records'],
      safety: 'unsafe',
      critical: true,
      comment: 'Money. Never repeat without asking the provider first.',
    },
  }),
  jobFunction({
    name: 'payment.transaction.poll_status',
    title: 'Poll payment status',
    channel: 'root.payment',
    share: 18,
    rhythm: 'shop',
    priority: 5,
    durationMs: longTailed(1100, 0.45, 12_000),
    retryPattern: PATIENT_RETRIES,
    integration: 'acquirer',
    failures: httpFailures('acquirer', 0.0012),
    operations: {
      role: 'payment',
      effect: 'none',
      safety: 'idempotent',
      critical: true,
      failureStyle: 'postpone',
    },
  }),
  jobFunction({
    name: 'payment.transaction.refund',
    title: 'Refund payment',
    channel: 'root.payment',
    share: 2,
    rhythm: 'office',
    priority: 5,
    durationMs: longTailed(1400, 0.45, 14_000),
    integration: 'acquirer',
    failures: httpFailures('acquirer', 0.0016),
    operations: {
      role: 'payment',
      effect: 'once',
      businessKey: ['records'],
      safety: 'unsafe',
      critical: true,
    },
  }),
]

export const INVOICE: readonly JobFunction[] = [
  mail('account.move.send_invoice_mail', 'Send invoice', 40, true),
  mail('account.move.send_payment_reminder', 'Send payment reminder', 10, false),
]

function mail(name: string, title: string, share: number, critical: boolean): JobFunction {
  return jobFunction({
    name,
    title,
    channel: 'root.invoice_mail',
    share,
    rhythm: 'office',
    durationMs: longTailed(850, 0.55, 20_000),
    integration: 'mail-relay',
    cpuShare: 0.55,
    memoryMb: 120,
    burstMean: critical ? 4 : 10,
    failures: [
      ...httpFailures('mail-relay', 0.0008),
      {
        excName: 'odoo.exceptions.UserError',
        excMessage: 'The invoice has no recipient with an e-mail address.',
        share: 0.0006,
      },
    ],
    operations: {
      role: 'invoice',
      effect: 'once',
      businessKey: ['records'],
      safety: 'unsafe',
      ...(critical ? { critical } : {}),
      comment: 'A second mail cannot be taken back.',
    },
  })
}
