/** Software by subscription: invoices in bursts at the beginning of the month, cards charged by token, usage metered. */
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

const outline = outlines('steady')
const MONTHLY: Partial<JobFunction> = { season: 'month-start' }

export const SUBSCRIPTION: Company = {
  name: 'subscription',
  description:
    'Software by subscription on Odoo {series}: 30,000 jobs a day, invoices and charges in bursts when the month begins.',
  jobsPerDay: 30_000,
  rows: 15_000,
  functions: [...tenants(), ...metering(), ...invoices(), ...charges(), ...exports(), ...inside()],
  legacy: legacyJob({
    name: 'sale.subscription.sync_legacy_crm',
    title: 'Sync with old CRM',
    channel: 'root.crm_legacy',
    rhythm: 'office',
    medianMs: 800,
  }),
  removalDays: {
    root: 60,
    'root.tenant': 30,
    'root.metering': 14,
    'root.billing': 180,
    'root.payment': 365,
    'root.mail': 90,
    'root.export': 90,
  },
  cast: {
    conflicting: 'sale.subscription.recompute_mrr',
    tonight: ['account.move.export_entries', 'sale.subscription.create_invoice'],
    someDay: 'sale.subscription.remind_renewal',
    failedToday: [
      ['sale.subscription.push_entitlement', 0, 38],
      ['payment.transaction.charge_token', 3, 22],
      ['account.move.send_invoice_mail', 4, 117],
      ['usage.record.collect', 2, 61],
    ],
    graph: { parent: 'usage.record.aggregate', child: 'sale.subscription.recompute_mrr' },
  },
}

/** The product itself hears who may use what. */
function tenants(): JobFunction[] {
  const state = { role: 'webhook', ...SETS_STATE } satisfies OperationsEntry
  return [
    partnerCall(
      'app-hooks',
      outline(
        'sale.subscription.push_entitlement',
        'Push entitlement',
        'root.tenant',
        110,
        300,
        'office',
      ),
      { ...state, critical: true },
      { retryPattern: { '1': 10, '3': 60, '5': 300 } },
    ),
    partnerCall(
      'app-hooks',
      outline('res.partner.push_tenant', 'Push tenant', 'root.tenant', 60, 350, 'office'),
      { ...state, ...POSTPONES },
      { recordPool: 12_000, identityKey: true },
    ),
    partnerCall(
      'app-hooks',
      outline('sale.subscription.deliver_event', 'Deliver event', 'root.tenant', 130, 280),
      {
        role: 'webhook',
        effect: 'once',
        safety: { retention: '24h' },
        comment: "Customers' own programs listen: an event id keeps a repetition from counting.",
      },
    ),
  ]
}

function metering(): JobFunction[] {
  return [
    partnerCall(
      'metering',
      outline('usage.record.collect', 'Collect usage', 'root.metering', 260, 250),
      { role: 'metering', effect: 'none', safety: 'idempotent', ...POSTPONES },
      { recordPool: 12_000, identityKey: true, burstMean: 12 },
    ),
    partnerCall(
      'metering',
      outline('usage.record.report_credit', 'Report credit', 'root.metering', 30, 300),
      { role: 'metering', ...SETS_STATE, value: 'args', comment: 'The amount travels in the job.' },
      { payload: 'value' },
    ),
    internalJob(
      outline('usage.record.aggregate', 'Aggregate usage', 'root.metering', 60, 500, 'night'),
      HARMLESS,
      { burstMean: 30, recordPool: 12_000, payload: 'partner' },
    ),
  ]
}

function invoices(): JobFunction[] {
  const mail = { role: 'invoice', ...HAPPENS_ONCE } satisfies OperationsEntry
  const noAddress = {
    excName: 'odoo.exceptions.UserError',
    excMessage: 'The invoice has no recipient with an e-mail address.',
    share: 0.0006,
  }
  const sent = partnerCall(
    'mail-relay',
    outline('account.move.send_invoice_mail', 'Send invoice', 'root.mail', 60, 800, 'night'),
    { ...mail, critical: true, comment: 'A second invoice is a call to support.' },
    { ...MONTHLY, burstMean: 40, memoryMb: 120, cpuShare: 0.5 },
  )
  return [
    internalJob(
      outline(
        'sale.subscription.create_invoice',
        'Create invoice',
        'root.billing',
        65,
        1100,
        'night',
      ),
      {
        role: 'billing',
        effect: 'none',
        comment:
          'Creates a draft once a period, it is said; nobody wrote down what a second run does.',
      },
      { ...MONTHLY, burstMean: 60, payload: 'period', cpuShare: 0.55 },
    ),
    { ...sent, failures: [...sent.failures, noAddress] },
    partnerCall(
      'mail-relay',
      outline('account.move.send_dunning', 'Send reminder', 'root.mail', 12, 800, 'office'),
      mail,
      { burstMean: 15 },
    ),
  ]
}

function charges(): JobFunction[] {
  const money = { role: 'payment', ...HAPPENS_ONCE, critical: true } satisfies OperationsEntry
  return [
    partnerCall(
      'acquirer',
      outline('payment.transaction.charge_token', 'Charge card', 'root.payment', 40, 1200, 'night'),
      { ...money, comment: 'Money, without the customer looking on. Ask the provider first.' },
      { ...MONTHLY, priority: 5, burstMean: 20 },
    ),
    partnerCall(
      'acquirer',
      outline('payment.token.refresh', 'Refresh card', 'root.payment', 20, 700),
      { role: 'payment', effect: 'none', safety: 'idempotent', ...POSTPONES },
      { priority: 5, recordPool: 12_000 },
    ),
    partnerCall(
      'acquirer',
      outline('payment.transaction.refund', 'Refund', 'root.payment', 2, 1300, 'office'),
      money,
      { priority: 5 },
    ),
  ]
}

function exports(): JobFunction[] {
  return [
    partnerCall(
      'accounting',
      outline('account.move.export_entries', 'Export entries', 'root.export', 8, 6000, 'night'),
      { role: 'export', effect: 'set', safety: 'idempotent' },
      { ...MONTHLY, priority: 20, payload: 'period', cpuShare: 0.5, memoryMb: 220 },
    ),
  ]
}

function inside(): JobFunction[] {
  return [
    internalJob(
      outline('sale.subscription.recompute_mrr', 'Recompute revenue', 'root', 45, 450, 'office'),
      HARMLESS,
      { recordPool: 12_000, identityKey: true, burstMean: 6 },
    ),
    internalJob(
      outline('sale.subscription.remind_renewal', 'Remind of renewal', 'root', 25, 350, 'office'),
      UNDOCUMENTED,
    ),
    internalJob(outline('res.partner.score_churn', 'Score churn', 'root', 30, 600, 'night'), null, {
      recordPool: 12_000,
    }),
    internalJob(
      outline('helpdesk.ticket.import_batch', 'Import tickets', 'root.helpdesk_import', 14, 900),
      null,
      { configured: false, payload: 'document' },
    ),
    internalJob(
      outline('crm.lead.import_trial', 'Import trial', 'root', 20, 700, 'office'),
      HARMLESS,
      { payload: 'lines' },
    ),
  ]
}
