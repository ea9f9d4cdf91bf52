/** The invented companies: the two of the bundled snapshots, and the profiles for larger ones. */
import type { Company } from './company.ts'
import { INVOICE, PAYMENT, STOCK, WEBHOOK } from './customer-functions.ts'
import { INTERNAL, LONG_RUNNING } from './internal-functions.ts'
import { legacyJob } from './function-kinds.ts'
import { MANUFACTURING } from './profiles/manufacturing.ts'
import { QUIET } from './profiles/quiet.ts'
import { RETAIL } from './profiles/retail.ts'
import { SUBSCRIPTION } from './profiles/subscription.ts'
import { EDI, EXPORT, LABEL } from './trade-functions.ts'

const COMMON = [
  ...WEBHOOK,
  ...STOCK,
  ...PAYMENT,
  ...INVOICE,
  ...LABEL,
  ...EDI,
  ...EXPORT,
  ...INTERNAL,
]

/** What the two bundled companies share. */
const BUNDLED: Pick<Company, 'legacy' | 'removalDays' | 'cast'> = {
  legacy: legacyJob({
    name: 'pos.order.push_legacy',
    title: 'Push till order',
    channel: 'root.pos_legacy',
    rhythm: 'shop',
    medianMs: 900,
  }),
  removalDays: {
    root: 60,
    'root.webhook_sync': 60,
    'root.stock_sync': 45,
    'root.payment': 180,
    'root.invoice_mail': 180,
    'root.edi': 120,
    'root.export': 90,
    'root.export.accounting': 180,
    'root.shipping': 90,
    'root.shipping.label': 90,
  },
  cast: {
    conflicting: 'sale.order.recompute_margin',
    tonight: ['account.move.export_entries', 'sale.order.export_bi', 'sale.order.export_bi'],
    someDay: 'mail.activity.schedule_followup',
    failedToday: [
      ['sale.order.push_status', 3, 74],
      ['stock.quant.push_level', 0, 26],
      ['account.move.send_invoice_mail', 4, 128],
      ['edi.exchange.record.import_document', 1, 51],
    ],
    graph: { parent: 'product.product.update_cost', child: 'sale.order.recompute_margin' },
  },
}

const LIST: readonly Company[] = [
  {
    name: 'company-25k',
    description:
      'A wholesaler on Odoo {series}: 25,000 jobs a day, with exports and valuations that run for ten minutes.',
    jobsPerDay: 25_000,
    rows: 8_000,
    functions: [...COMMON, ...LONG_RUNNING],
    ...BUNDLED,
  },
  {
    name: 'company-60k',
    description:
      'A retailer with a web shop on Odoo {series}: 60,000 jobs a day, none longer than 100 s.',
    jobsPerDay: 60_000,
    rows: 30_000,
    functions: COMMON,
    ...BUNDLED,
  },
  RETAIL,
  MANUFACTURING,
  SUBSCRIPTION,
  QUIET,
]

/** By name. */
export const COMPANIES: Readonly<Record<string, Company>> = Object.fromEntries(
  LIST.map((company) => [company.name, company]),
)

/** A Tuesday in the busy season. */
export const CAPTURED_AT = Date.UTC(2026, 10, 17, 10)
