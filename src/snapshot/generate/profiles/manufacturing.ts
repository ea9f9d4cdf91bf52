/** A factory: two shifts on the shop floor, EDI with customers and suppliers, planning runs and batches at night. */
import type { Company } from '../company.ts'
import {
  HAPPENS_ONCE,
  HARMLESS,
  internalJob,
  legacyJob,
  longJob,
  outlines,
  partnerCall,
  POSTPONES,
  SETS_STATE,
  UNDOCUMENTED,
} from '../function-kinds.ts'
import type { JobFunction, OperationsEntry } from '../job-function.ts'

const outline = outlines('office')

export const MANUFACTURING: Company = {
  name: 'manufacturing',
  description:
    'A factory on Odoo {series}: 12,000 jobs a day in two shifts, with planning runs of ten minutes.',
  jobsPerDay: 12_000,
  rows: 10_000,
  functions: [
    ...shopFloor(),
    ...suppliers(),
    ...edi(),
    ...deliveries(),
    ...office(),
    ...inside(),
    ...planning(),
  ].map((fn) => ({ ...fn, season: 'works-holidays' })),
  legacy: legacyJob({
    name: 'mrp.workorder.push_legacy_terminal',
    title: 'Push to old terminal',
    channel: 'root.terminal_legacy',
    rhythm: 'shifts',
    medianMs: 700,
  }),
  removalDays: {
    root: 60,
    'root.mes': 30,
    'root.supplier': 90,
    'root.payment': 365,
    'root.edi': 180,
    'root.planning': 90,
    'root.shipping': 90,
    'root.invoice_mail': 180,
    'root.export': 120,
  },
  cast: {
    conflicting: 'mrp.production.recompute_cost',
    tonight: ['account.move.export_entries', 'mrp.bom.recompute_all', 'mrp.bom.recompute_all'],
    someDay: 'maintenance.equipment.plan_check',
    failedToday: [
      ['mrp.workorder.push_work_order', 0, 52],
      ['purchase.order.send_order', 3, 96],
      ['edi.exchange.record.import_document', 1, 31],
      ['stock.quant.push_level', 2, 14],
    ],
    graph: { parent: 'mrp.bom.recompute_all', child: 'mrp.production.recompute_cost' },
  },
}

function shopFloor(): JobFunction[] {
  return [
    partnerCall(
      'mes',
      outline('mrp.workorder.push_work_order', 'Push work order', 'root.mes', 150, 450, 'shifts'),
      {
        role: 'webhook',
        ...SETS_STATE,
        critical: true,
        comment: 'Without it the machine waits: the shop floor is what hears of orders here.',
      },
      { retryPattern: { '1': 10, '3': 60, '5': 300 } },
    ),
    partnerCall(
      'mes',
      outline('mrp.production.push_material', 'Push material list', 'root.mes', 80, 500, 'shifts'),
      { role: 'webhook', ...SETS_STATE, ...POSTPONES },
      { burstMean: 3, recordPool: 4000, identityKey: true },
    ),
    partnerCall(
      'mes',
      outline('mrp.workorder.report_output', 'Report output', 'root.mes', 120, 350, 'shifts'),
      {
        role: 'shop-floor',
        effect: 'each',
        safety: 'unsafe',
        comment: 'Pieces are counted by report: one that is sent twice is counted twice.',
      },
      { payload: 'value' },
    ),
    partnerCall(
      'warehouse',
      outline('stock.quant.push_level', 'Push stock level', 'root', 90, 320, 'shifts'),
      { role: 'stock', ...SETS_STATE, critical: true },
      { burstMean: 5, recordPool: 12_000, identityKey: true },
    ),
    partnerCall(
      'warehouse',
      outline('stock.move.push_consumption', 'Push consumption', 'root', 70, 300, 'shifts'),
      { role: 'stock', ...SETS_STATE, value: 'args', ...POSTPONES },
      { payload: 'value' },
    ),
  ]
}

function suppliers(): JobFunction[] {
  return [
    partnerCall(
      'supplier-portal',
      outline('purchase.order.send_order', 'Send order to supplier', 'root.supplier', 45, 1200),
      { role: 'purchase', ...HAPPENS_ONCE, comment: 'A second order is a second delivery.' },
      { payload: 'lines' },
    ),
    partnerCall(
      'supplier-portal',
      outline(
        'purchase.order.poll_confirmation',
        'Poll confirmation',
        'root.supplier',
        40,
        800,
        'steady',
      ),
      { role: 'purchase', effect: 'none', safety: 'idempotent', ...POSTPONES },
    ),
    partnerCall(
      'acquirer',
      outline('account.payment.send_batch', 'Send payment order', 'root.payment', 3, 1600),
      { role: 'payment', ...HAPPENS_ONCE, critical: true, comment: 'Money, to suppliers.' },
      { priority: 5 },
    ),
  ]
}

function edi(): JobFunction[] {
  return [
    partnerCall(
      'edi-partner',
      outline(
        'edi.exchange.record.send_order_response',
        'Send order response',
        'root.edi',
        45,
        1100,
      ),
      {
        role: 'edi',
        effect: 'once',
        businessKey: ['records'],
        safety: { retention: '24h' },
        ...POSTPONES,
      },
      { retryPattern: { '1': 60, '3': 300, '5': 900 }, identityKey: true },
    ),
    partnerCall(
      'edi-partner',
      outline(
        'edi.exchange.record.send_despatch_advice',
        'Send despatch advice',
        'root.edi',
        35,
        1200,
        'shifts',
      ),
      {
        role: 'edi',
        effect: 'once',
        businessKey: ['records'],
        comment: 'Nobody has written down whether the partner drops a second one.',
      },
      { payload: 'lines' },
    ),
    internalJob(
      outline('edi.exchange.record.import_document', 'Import EDI document', 'root.edi', 60, 1500),
      { role: 'edi', effect: 'none', safety: 'idempotent' },
      { payload: 'document', burstMean: 6, memoryMb: 150 },
    ),
  ]
}

function deliveries(): JobFunction[] {
  return [
    partnerCall(
      'carrier',
      outline('stock.picking.request_label', 'Request label', 'root.shipping', 30, 1300, 'shifts'),
      { role: 'label', ...HAPPENS_ONCE, comment: 'Every label is charged.' },
    ),
  ]
}

function office(): JobFunction[] {
  return [
    partnerCall(
      'mail-relay',
      outline('account.move.send_invoice_mail', 'Send invoice', 'root.invoice_mail', 22, 850),
      { role: 'invoice', ...HAPPENS_ONCE, critical: true, comment: 'A second mail stays a mail.' },
      { burstMean: 10, memoryMb: 120, cpuShare: 0.5 },
    ),
    partnerCall(
      'accounting',
      outline('account.move.export_entries', 'Export entries', 'root.export', 6, 6000, 'night'),
      { role: 'export', effect: 'set', safety: 'idempotent' },
      { priority: 20, payload: 'period', cpuShare: 0.5, memoryMb: 220 },
    ),
  ]
}

function inside(): JobFunction[] {
  return [
    internalJob(
      outline(
        'mrp.production.recompute_cost',
        'Recompute cost of order',
        'root',
        60,
        700,
        'shifts',
      ),
      HARMLESS,
      { recordPool: 8000, identityKey: true },
    ),
    internalJob(
      outline('mrp.bom.recompute_all', 'Recompute bill of material', 'root', 55, 900, 'night'),
      HARMLESS,
      { burstMean: 40, recordPool: 3000, payload: 'partner' },
    ),
    internalJob(
      outline('mrp.workorder.auto_finish', 'Finish work order', 'root', 50, 600, 'shifts'),
      UNDOCUMENTED,
    ),
    internalJob(
      outline('quality.check.evaluate', 'Evaluate check', 'root', 25, 400, 'shifts'),
      null,
    ),
    internalJob(
      outline(
        'maintenance.equipment.plan_check',
        'Plan check of machine',
        'root',
        10,
        350,
        'night',
      ),
      HARMLESS,
    ),
    internalJob(
      outline('mrp.production.import_batch', 'Import plan', 'root.plan_import', 4, 2500, 'night'),
      null,
      { configured: false, payload: 'lines' },
    ),
  ]
}

function planning(): JobFunction[] {
  const harmless = (comment: string): OperationsEntry => ({
    role: 'planning',
    effect: 'none',
    safety: 'idempotent',
    comment,
  })
  return [
    longJob(
      outline('procurement.group.run_scheduler', 'Run procurement', 'root.planning', 1.4, 480_000),
      {
        module: 'procurement_planning',
        operations: harmless('Long-running: eight minutes as a rule, up to fifteen.'),
      },
    ),
    longJob(
      outline(
        'mrp.production.reschedule_all',
        'Reschedule production',
        'root.planning',
        0.8,
        360_000,
        'night',
      ),
      {
        payload: 'period',
        module: 'production_scheduling',
        operations: harmless('Long-running: six minutes as a rule, up to fourteen.'),
      },
    ),
  ]
}
