/**
 * A small firm that hardly uses the queue: a handful of job functions, long pauses between two jobs. It has no payments,
 * no labels and no stock to push, and its catalogue has gaps: scenarios about those roles find nothing to bind to.
 */
import type { Company } from '../company.ts'
import {
  HAPPENS_ONCE,
  HARMLESS,
  internalJob,
  legacyJob,
  partnerCall,
  SETS_STATE,
  UNDOCUMENTED,
} from '../function-kinds.ts'

export const QUIET: Company = {
  name: 'quiet',
  description:
    'A small firm on Odoo {series}: 500 jobs a day of seven kinds; no payments, no stock, no labels.',
  jobsPerDay: 500,
  rows: 4_000,
  functions: [
    partnerCall(
      'shop-webhook',
      {
        name: 'event.registration.push_ticket',
        title: 'Push ticket',
        channel: 'root.web',
        share: 300,
        rhythm: 'shop',
        medianMs: 400,
      },
      { role: 'webhook', ...SETS_STATE, failureStyle: 'postpone' },
    ),
    partnerCall(
      'mail-relay',
      {
        name: 'account.move.send_invoice_mail',
        title: 'Send invoice',
        channel: 'root.mail',
        share: 180,
        rhythm: 'office',
        medianMs: 800,
      },
      { role: 'invoice', ...HAPPENS_ONCE, critical: true },
      { burstMean: 5 },
    ),
    partnerCall(
      'accounting',
      {
        name: 'account.move.export_entries',
        title: 'Export entries',
        channel: 'root',
        share: 20,
        rhythm: 'night',
        medianMs: 4000,
      },
      { role: 'export', effect: 'set', safety: 'idempotent' },
      { payload: 'period', priority: 20 },
    ),
    internalJob(
      {
        name: 'res.partner.recompute_score',
        title: 'Recompute score',
        channel: 'root',
        share: 200,
        rhythm: 'steady',
        medianMs: 350,
      },
      HARMLESS,
      { recordPool: 900, identityKey: true },
    ),
    internalJob(
      {
        name: 'mail.activity.schedule_followup',
        title: 'Schedule follow-up',
        channel: 'root',
        share: 150,
        rhythm: 'office',
        medianMs: 300,
      },
      UNDOCUMENTED,
    ),
    internalJob(
      {
        name: 'product.product.update_cost',
        title: 'Update cost',
        channel: 'root',
        share: 120,
        rhythm: 'night',
        medianMs: 500,
      },
      null,
      { payload: 'partner', recordPool: 400 },
    ),
    internalJob(
      {
        name: 'crm.lead.import_batch',
        title: 'Import leads',
        channel: 'root.crm_import',
        share: 30,
        rhythm: 'office',
        medianMs: 1200,
      },
      null,
      { configured: false, payload: 'document' },
    ),
  ],
  legacy: legacyJob({
    name: 'fetchmail.server.fetch_legacy',
    title: 'Fetch mail',
    channel: 'root.fetchmail',
    rhythm: 'steady',
    medianMs: 600,
  }),
  removalDays: { root: 60, 'root.web': 60, 'root.mail': 180 },
  cast: {
    conflicting: 'res.partner.recompute_score',
    tonight: ['account.move.export_entries'],
    someDay: 'mail.activity.schedule_followup',
    failedToday: [['account.move.send_invoice_mail', 3, 83]],
    graph: { parent: 'product.product.update_cost', child: 'res.partner.recompute_score' },
  },
}
