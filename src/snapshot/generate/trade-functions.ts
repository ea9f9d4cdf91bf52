/** Job functions that serve logistics and trading partners: parcels, EDI, exports. */
import { businessFailures, httpFailures, jobFunction, longTailed } from './job-function.ts'
import type { JobFunction } from './job-function.ts'

/** Seconds by try: these partners come back late. */
const PATIENT_RETRIES = { '1': 60, '3': 300, '5': 900 }

export const LABEL: readonly JobFunction[] = [
  jobFunction({
    name: 'stock.picking.request_label',
    title: 'Request shipping label',
    channel: 'root.shipping.label',
    share: 38,
    rhythm: 'warehouse',
    durationMs: longTailed(1300, 0.5, 24_000),
    integration: 'carrier',
    memoryMb: 60,
    failures: [...httpFailures('carrier', 0.0014), ...businessFailures('stock.picking', 0.0006)],
    operations: {
      role: 'label',
      effect: 'once',
      businessKey: ['records'],
      safety: 'unsafe',
      comment: 'Every label is charged.',
    },
  }),
  jobFunction({
    name: 'stock.picking.fetch_tracking_events',
    title: 'Fetch tracking events',
    channel: 'root.shipping',
    share: 12,
    rhythm: 'steady',
    durationMs: longTailed(700, 0.5, 18_000),
    retryPattern: PATIENT_RETRIES,
    integration: 'carrier',
    failures: httpFailures('carrier', 0.001),
    operations: {
      role: 'label',
      effect: 'none',
      safety: 'idempotent',
      failureStyle: 'postpone',
    },
  }),
]

export const EDI: readonly JobFunction[] = [
  jobFunction({
    name: 'edi.exchange.record.send_order_response',
    title: 'Send order response',
    channel: 'root.edi',
    share: 20,
    rhythm: 'office',
    durationMs: longTailed(1100, 0.6, 30_000),
    retryPattern: PATIENT_RETRIES,
    integration: 'edi-partner',
    failures: httpFailures('edi-partner', 0.0012),
    identityKey: true,
    operations: {
      role: 'edi',
      effect: 'once',
      businessKey: ['records'],
      safety: { retention: '24h' },
      failureStyle: 'postpone',
    },
  }),
  jobFunction({
    name: 'edi.exchange.record.send_despatch_advice',
    title: 'Send despatch advice',
    channel: 'root.edi',
    share: 15,
    rhythm: 'warehouse',
    durationMs: longTailed(1200, 0.6, 30_000),
    integration: 'edi-partner',
    failures: httpFailures('edi-partner', 0.0012),
    payload: 'lines',
    operations: {
      role: 'edi',
      effect: 'once',
      businessKey: ['records'],
      comment: 'Nobody has written down whether the partner drops a second one.',
    },
  }),
  jobFunction({
    name: 'edi.exchange.record.import_document',
    title: 'Import EDI document',
    channel: 'root.edi',
    share: 15,
    rhythm: 'office',
    durationMs: longTailed(1500, 0.7, 45_000),
    cpuShare: 0.6,
    memoryMb: 150,
    burstMean: 4,
    payload: 'document',
    failures: businessFailures('edi.exchange.record', 0.002),
    operations: { role: 'edi', effect: 'none', safety: 'idempotent' },
  }),
]

export const EXPORT: readonly JobFunction[] = [
  jobFunction({
    name: 'account.move.export_entries',
    title: 'Export journal entries',
    channel: 'root.export.accounting',
    share: 6,
    rhythm: 'night',
    priority: 20,
    durationMs: longTailed(6000, 0.7, 75_000),
    integration: 'accounting',
    cpuShare: 0.5,
    memoryMb: 220,
    payload: 'period',
    failures: httpFailures('accounting', 0.002),
    operations: { role: 'export', effect: 'set', safety: 'idempotent' },
  }),
  jobFunction({
    name: 'product.template.export_feed',
    title: 'Export marketplace feed',
    channel: 'root.export',
    share: 8,
    rhythm: 'steady',
    priority: 20,
    durationMs: longTailed(7000, 0.6, 75_000),
    integration: 'marketplace',
    cpuShare: 0.5,
    memoryMb: 260,
    recordPool: 40,
    identityKey: true,
    failures: httpFailures('marketplace', 0.002),
    operations: { role: 'export', effect: 'set', businessKey: ['records'], safety: 'idempotent' },
  }),
]
