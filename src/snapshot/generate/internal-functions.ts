/** Job functions that stay inside Odoo. Some of them the team never wrote down: the gaps of its catalogue. */
import { businessFailures, jobFunction, longTailed } from './job-function.ts'
import type { JobFunction, OperationsEntry } from './job-function.ts'

const DOCUMENTED: OperationsEntry = { role: 'internal', effect: 'none', safety: 'idempotent' }
const UNDOCUMENTED: OperationsEntry = { role: 'internal', effect: 'none' }

export const INTERNAL: readonly JobFunction[] = [
  internal('stock.picking.auto_validate', 'Validate delivery', 40, 'warehouse', 650, {
    operations: UNDOCUMENTED,
  }),
  internal('sale.order.auto_confirm', 'Confirm order', 35, 'shop', 800, {
    operations: UNDOCUMENTED,
  }),
  internal('sale.order.recompute_margin', 'Recompute margin', 30, 'office', 500, {
    operations: DOCUMENTED,
    burstMean: 8,
    identityKey: true,
    recordPool: 20_000,
  }),
  internal('product.product.update_cost', 'Update cost of product', 25, 'night', 600, {
    operations: DOCUMENTED,
    burstMean: 20,
    recordPool: 6000,
    payload: 'partner',
  }),
  internal('stock.warehouse.orderpoint.run_replenishment', 'Run replenishment', 15, 'night', 1800, {
    operations: DOCUMENTED,
    recordPool: 3000,
    cpuShare: 0.6,
  }),
  internal('mail.activity.schedule_followup', 'Schedule follow-up', 20, 'office', 300, {}),
  internal('res.partner.recompute_score', 'Recompute customer score', 15, 'steady', 450, {
    recordPool: 9000,
  }),
  internal('account.move.match_bank_line', 'Match bank line', 8, 'office', 1200, {
    cpuShare: 0.6,
  }),
  internal('sale.order.export_bi', 'Write sales figures', 6, 'night', 9000, {
    channel: 'root.export',
    priority: 20,
    durationMs: longTailed(9000, 0.6, 80_000),
    cpuShare: 0.5,
    memoryMb: 300,
    payload: 'since',
    operations: { role: 'export', effect: 'none', safety: 'idempotent' },
  }),
  internal('crm.lead.import_batch', 'Import leads', 2, 'office', 1500, {
    channel: 'root.crm_import',
    configured: false,
    payload: 'lines',
  }),
]

/** Only where the host allows an hour a request (`limit_time_real` 3600): jobs of about ten minutes. */
export const LONG_RUNNING: readonly JobFunction[] = [
  jobFunction({
    name: 'product.template.export_full_catalogue',
    title: 'Export full catalogue',
    channel: 'root.export',
    share: 1,
    rhythm: 'office',
    priority: 20,
    durationMs: longTailed(380_000, 0.35, 840_000),
    // 60 s of CPU are what `limit_time_cpu` allows: such jobs wait for the database most of the time.
    cpuShare: 0.06,
    memoryMb: 500,
    payload: 'since',
    failures: businessFailures('product.template', 0.002),
    module: 'catalogue_export',
    operations: {
      role: 'export',
      effect: 'none',
      safety: 'idempotent',
      comment: 'Long-running: six minutes as a rule, up to fourteen.',
    },
  }),
  jobFunction({
    name: 'stock.valuation.layer.rebuild_period',
    title: 'Rebuild stock valuation',
    channel: 'root.export.accounting',
    share: 0.7,
    rhythm: 'office',
    priority: 20,
    durationMs: longTailed(540_000, 0.25, 900_000),
    cpuShare: 0.06,
    memoryMb: 600,
    payload: 'period',
    failures: businessFailures('stock.valuation.layer', 0.002),
    module: 'stock_valuation_period',
    operations: {
      role: 'internal',
      effect: 'none',
      safety: 'idempotent',
      comment: 'Long-running: nine minutes as a rule, up to fifteen.',
    },
  }),
]

function internal(
  name: string,
  title: string,
  share: number,
  rhythm: JobFunction['rhythm'],
  medianMs: number,
  given: Partial<JobFunction>,
): JobFunction {
  return jobFunction({
    name,
    title,
    channel: 'root',
    share,
    rhythm,
    durationMs: longTailed(medianMs, 0.6, Math.min(60_000, medianMs * 30)),
    cpuShare: 0.45,
    memoryMb: 80,
    failures: businessFailures(name.slice(0, name.lastIndexOf('.')), 0.001),
    ...given,
  })
}
