/** A web shop: customers' clicks all day, weekends too, and a season before Christmas. */
import type { Company } from '../company.ts'
import {
  HAPPENS_ONCE,
  HARMLESS,
  internalJob,
  legacyJob,
  outlines,
  partnerCall,
  POSTPONES,
  SETS_STATE,
  UNDOCUMENTED,
} from '../function-kinds.ts'
import type { JobFunction, OperationsEntry } from '../job-function.ts'

const outline = outlines('shop')

export const RETAIL: Company = {
  name: 'retail',
  description:
    'A web shop on Odoo {series}: 45,000 jobs a day, nearly twice as many before Christmas.',
  jobsPerDay: 45_000,
  rows: 20_000,
  functions: [
    ...shopCalls(),
    ...stock(),
    ...payments(),
    ...mails(),
    ...parcels(),
    ...marketplace(),
    ...inside(),
  ].map((fn) => ({ ...fn, season: 'christmas' })),
  legacy: legacyJob({
    name: 'pos.session.push_takings',
    title: 'Push takings of till',
    channel: 'root.pos_legacy',
    rhythm: 'shop',
    medianMs: 900,
  }),
  removalDays: {
    root: 45,
    'root.shop': 30,
    'root.shop.content': 30,
    'root.stock_sync': 30,
    'root.payment': 180,
    'root.mail': 90,
    'root.shipping': 60,
    'root.marketplace': 60,
  },
  cast: {
    conflicting: 'sale.order.recompute_promotions',
    tonight: ['product.template.export_feed', 'sale.order.export_bi'],
    someDay: 'rating.rating.ask_review',
    failedToday: [
      ['sale.order.push_status', 0, 44],
      ['product.product.push_availability', 2, 18],
      ['sale.order.send_confirmation', 4, 131],
      ['stock.picking.request_label', 3, 67],
    ],
    graph: { parent: 'product.product.refresh_price', child: 'product.template.push_content' },
  },
}

function shopCalls(): JobFunction[] {
  const state = { role: 'webhook', ...SETS_STATE } satisfies OperationsEntry
  return [
    partnerCall(
      'shop-webhook',
      outline('sale.order.push_status', 'Push order status', 'root.shop', 150, 380),
      { ...state, critical: true },
      { retryPattern: { '1': 10, '3': 60, '5': 300 } },
    ),
    partnerCall(
      'shop-webhook',
      outline('stock.picking.push_tracking', 'Push tracking', 'root.shop', 70, 400, 'warehouse'),
      { ...state, ...POSTPONES, critical: true },
    ),
    partnerCall(
      'shop-webhook',
      outline('res.partner.push_customer', 'Push customer', 'root.shop', 60, 420),
      { ...state, ...POSTPONES },
      { recordPool: 30_000, identityKey: true },
    ),
    partnerCall(
      'shop-webhook',
      outline('loyalty.card.deliver_event', 'Deliver loyalty event', 'root.shop', 45, 350),
      {
        role: 'webhook',
        effect: 'once',
        safety: { retention: '24h' },
        comment: 'Points are added by event: the key in the header keeps them from counting twice.',
      },
    ),
    partnerCall(
      'shop-webhook',
      outline(
        'product.template.push_content',
        'Push content',
        'root.shop.content',
        60,
        500,
        'office',
      ),
      { ...state, ...POSTPONES },
      { burstMean: 8, recordPool: 9000, identityKey: true },
    ),
  ]
}

function stock(): JobFunction[] {
  return [
    partnerCall(
      'warehouse',
      outline(
        'stock.quant.push_level',
        'Push stock level',
        'root.stock_sync',
        120,
        300,
        'warehouse',
      ),
      { role: 'stock', ...SETS_STATE, critical: true },
      { burstMean: 4, recordPool: 9000, identityKey: true },
    ),
    partnerCall(
      'warehouse',
      outline('product.product.push_availability', 'Push availability', 'root.stock_sync', 75, 290),
      {
        role: 'stock',
        ...SETS_STATE,
        value: 'args',
        critical: true,
        ...POSTPONES,
        comment: 'The quantity travels in the job: an old one run late writes an old figure.',
      },
      { payload: 'value', burstMean: 3, recordPool: 9000 },
    ),
  ]
}

function payments(): JobFunction[] {
  const money = { role: 'payment', ...HAPPENS_ONCE, critical: true } satisfies OperationsEntry
  return [
    partnerCall(
      'acquirer',
      outline('payment.transaction.capture', 'Capture payment', 'root.payment', 18, 1100),
      { ...money, comment: 'Money. Never repeat without asking the provider first.' },
      { priority: 5 },
    ),
    partnerCall(
      'acquirer',
      outline('payment.transaction.poll_status', 'Poll payment', 'root.payment', 12, 900, 'steady'),
      { role: 'payment', effect: 'none', safety: 'idempotent', ...POSTPONES },
      { priority: 5 },
    ),
    partnerCall(
      'acquirer',
      outline('payment.transaction.refund', 'Refund payment', 'root.payment', 3, 1300, 'office'),
      money,
      { priority: 5 },
    ),
  ]
}

function mails(): JobFunction[] {
  const mail = {
    role: 'invoice',
    ...HAPPENS_ONCE,
    comment: 'A second mail cannot be taken back.',
  } satisfies OperationsEntry
  const noAddress = {
    excName: 'odoo.exceptions.UserError',
    excMessage: 'The document has no recipient with an e-mail address.',
    share: 0.0006,
  }
  return [
    ['sale.order.send_confirmation', 'Send confirmation', 38, 'shop'] as const,
    ['account.move.send_invoice_mail', 'Send invoice', 30, 'office'] as const,
    ['rating.rating.ask_review', 'Ask for review', 22, 'steady'] as const,
  ].map(([name, title, share, rhythm]) => {
    const fn = partnerCall(
      'mail-relay',
      outline(name, title, 'root.mail', share, 800, rhythm),
      name === 'rating.rating.ask_review'
        ? { ...mail, role: 'marketing' }
        : { ...mail, critical: true },
      { memoryMb: 120, cpuShare: 0.5 },
    )
    return { ...fn, failures: [...fn.failures, noAddress] }
  })
}

function parcels(): JobFunction[] {
  return [
    partnerCall(
      'carrier',
      outline(
        'stock.picking.request_label',
        'Request label',
        'root.shipping',
        45,
        1200,
        'warehouse',
      ),
      { role: 'label', ...HAPPENS_ONCE, comment: 'Every label is charged.' },
    ),
    partnerCall(
      'carrier',
      outline(
        'stock.picking.fetch_tracking_events',
        'Fetch tracking',
        'root.shipping',
        15,
        650,
        'steady',
      ),
      { role: 'label', effect: 'none', safety: 'idempotent', ...POSTPONES },
    ),
  ]
}

function marketplace(): JobFunction[] {
  const feed = { role: 'export', effect: 'set', safety: 'idempotent' } satisfies OperationsEntry
  return [
    partnerCall(
      'marketplace',
      outline('product.template.export_feed', 'Export feed', 'root.marketplace', 6, 5000, 'night'),
      { ...feed, businessKey: ['records'] },
      { priority: 20, recordPool: 60, identityKey: true, payload: 'since', cpuShare: 0.5 },
    ),
    internalJob(
      outline('sale.order.export_bi', 'Write sales figures', 'root.marketplace', 3, 8000, 'night'),
      { ...feed, effect: 'none' },
      { priority: 20, payload: 'since' },
    ),
    internalJob(
      outline('sale.order.import_marketplace', 'Import order', 'root.marketplace', 28, 900),
      HARMLESS,
      { payload: 'document', burstMean: 3 },
    ),
  ]
}

function inside(): JobFunction[] {
  return [
    internalJob(outline('sale.order.auto_confirm', 'Confirm order', 'root', 60, 700), UNDOCUMENTED),
    internalJob(
      outline('sale.order.recompute_promotions', 'Recompute promotions', 'root', 35, 450),
      HARMLESS,
      { recordPool: 20_000, identityKey: true },
    ),
    internalJob(
      outline('product.product.refresh_price', 'Refresh price', 'root', 45, 380, 'night'),
      HARMLESS,
      { burstMean: 25, recordPool: 9000, payload: 'partner' },
    ),
    internalJob(
      outline('stock.picking.auto_validate', 'Validate delivery', 'root', 40, 600, 'warehouse'),
      null,
    ),
    internalJob(
      outline(
        'mailing.contact.import_batch',
        'Import contacts',
        'root.marketing_import',
        4,
        1500,
        'office',
      ),
      null,
      { configured: false, payload: 'lines' },
    ),
  ]
}
