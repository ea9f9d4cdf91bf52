/**
 * Job functions of well-known addons of Odoo and of the OCA, as far as their names tell what a run leaves outside.
 * To be read from the top: the first line that fits counts. It knows effects, never safety: what may be repeated
 * depends on the partner and on the team's own code, and is for people to write down.
 *
 * To teach it an addon, add a line, the narrower one first: `*` stands for any letters, commas separate alternatives,
 * `-` as partner means that the job stays inside Odoo.
 */
import assert from 'node:assert'
import { EFFECTS, type Effect } from '../../queue-job/operations.ts'

export interface KnownFunction {
  /** Addon, or family of addons, as it stands in the comment of a proposal. */
  readonly addon: string
  readonly role: string
  /** Name of the integration that is called; null = the job stays inside Odoo. */
  readonly partner: string | null
  readonly effect: Effect
}

// addon | model | method | role | partner | effect
const TABLE = `
payment | payment.transaction | *poll*, *fetch*, *get_*, *check*, *finalize*, *post_process* | payment | payment-provider | none
payment | payment.transaction | *capture*, *refund*, *void*, *charge*, *send*, *payment_request* | payment | payment-provider | once
payment_* | payment.token, payment.provider, payment.acquirer | * | payment | payment-provider | once
account_payment_order | account.payment.order | *upload*, *send* | payment | payment-provider | once

mail | mail.mail | *send*, process_email_queue | mail | mail-relay | once
mail | mail.compose.message, mail.template | *send* | mail | mail-relay | once
mail | mail.thread, mail.message | *notify*, *post*, *send* | mail | mail-relay | once
mail | mail.activity* | * | internal | - | none
mass_mailing | mail.mass_mailing, mailing.mailing | * | mail | mail-relay | once
sms | sms.sms, sms.composer | * | mail | sms-gateway | once
fetchmail | fetchmail.server | * | import | mail-server | none
account_invoice_mass_sending | account.move, account.invoice | *send_and_print*, *send_invoice*, *mass_sending*, *send_mail*, *send_*reminder* | invoice | mail-relay | once
account_credit_control | credit.control.* | *mail*, *send* | invoice | mail-relay | once
sale | sale.order | *confirmation_mail*, *send_mail*, *succeeded_for_order_mail* | mail | mail-relay | once
purchase | purchase.order | *send_rfq*, *send_mail*, *send_reminder* | mail | mail-relay | once
base_export_async | delay.export | * | mail | mail-relay | once

edi_oca | edi.exchange.record, edi.backend | *send* | edi | edi-partner | once
edi_oca | edi.exchange.record, edi.backend | *import*, *process*, *generate*, *receive*, *check*, *validate* | edi | - | none
account_edi | account.edi.document | * | edi | edi-partner | once
account_edi | account.move | *process_documents_web_services*, *edi_send*, *send_edi*, *peppol_send* | edi | edi-partner | once
account_peppol | account_edi_proxy_client.user | *get*, *fetch*, *status* | edi | edi-partner | none
l10n_es_aeat_sii | account.move, account.invoice | *sii*, *ticketbai*, *verifactu*, confirm_one_*, cancel_one_* | edi | tax-authority | once
l10n_it_edi | account.move, fatturapa.* | *fatturapa*, *sdi_* | edi | tax-authority | once

delivery_* | stock.picking, stock.batch.*, delivery.carrier | *tracking_events*, *get_tracking*, *fetch_tracking*, *tracking_state* | label | carrier | none
delivery_* | stock.picking, stock.batch.*, delivery.carrier | *send_to_shipper*, *label*, *shipment*, *shipping* | label | carrier | once

connector_magento | magento.* | import*, *fetch*, *pull* | import | magento | none
connector_magento | magento.* | export*, *push*, *update*, *delete* | webhook | magento | set
connector_prestashop | prestashop.* | import*, *fetch*, *pull* | import | prestashop | none
connector_prestashop | prestashop.* | export*, *push*, *update*, *delete* | webhook | prestashop | set
connector_shopify | shopify.* | import*, *fetch*, *pull* | import | shopify | none
connector_shopify | shopify.* | export*, *push*, *update*, *delete* | webhook | shopify | set
connector_woocommerce | woo.*, woocommerce.* | import*, *fetch*, *pull* | import | woocommerce | none
connector_woocommerce | woo.*, woocommerce.* | export*, *push*, *update*, *delete* | webhook | woocommerce | set
connector_amazon | amazon.* | import*, *fetch*, *pull* | import | amazon | none
connector_amazon | amazon.* | export*, *push*, *update*, *delete* | webhook | amazon | set
connector_ebay | ebay.* | import*, *fetch*, *pull* | import | ebay | none
connector_ebay | ebay.* | export*, *push*, *update*, *delete* | webhook | ebay | set
connector_lengow | lengow.* | import*, *fetch*, *pull* | import | lengow | none
connector_lengow | lengow.* | export*, *push*, *update*, *delete* | webhook | lengow | set
connector_jira | jira.* | import*, *fetch*, *pull* | import | jira | none
connector_jira | jira.* | export*, *push*, *update*, *delete* | webhook | jira | set
connector_salesforce | salesforce.* | import*, *fetch*, *pull* | import | salesforce | none
connector_salesforce | salesforce.* | export*, *push*, *update*, *delete* | webhook | salesforce | set
shopinvader | shopinvader.* | import*, *fetch*, *pull* | import | shop | none
shopinvader | shopinvader.* | export*, *push*, *update*, *delete* | webhook | shop | set
connector_search_engine | se.index*, se.binding*, se.backend* | *recompute*, *generate* | internal | - | none
connector_search_engine | se.index*, se.binding*, se.backend* | *export*, *delete*, *clear*, *resynchronize* | export | search-engine | set
webhook | webhook, webhook.*, base_webhook.*, webhook_outgoing* | * | webhook | webhook-target | once
base_automation | ir.actions.server, base.automation | *webhook* | webhook | webhook-target | once

attachment_synchronize | attachment.queue, attachment.synchronize.task | *run*, *export*, *send* | export | file-server | once
auto_backup | db.backup | * | export | file-server | once

base_import_async | base_import.import | * | internal | - | none
queue_job_batch | queue.job.batch | * | internal | - | none
queue_job | queue.job* | * | internal | - | none
sale_automatic_workflow_job | automatic.workflow.job, sale.workflow.* | * | internal | - | none
sale | sale.order | *action_confirm*, *auto_confirm*, *create_invoice*, *do_validate*, *do_sale_done* | internal | - | none
website_sale | website, website.visitor, website.snippet.* | * | internal | - | none
purchase | purchase.order, purchase.requisition | *button_confirm*, *create_invoice* | internal | - | none
stock | stock.picking | *action_done*, *button_validate*, *auto_validate*, *action_assign*, *release* | internal | - | none
stock | procurement.group, stock.rule, stock.warehouse.orderpoint, stock.release.channel, stock.buffer, stock.scheduler.* | * | internal | - | none
stock_account | stock.valuation.* | * | internal | - | none
account | account.move, account.invoice | post*, _post*, action_post*, validate*, *invoice_open*, *reconcile*, *match_bank* | internal | - | none
account_mass_reconcile | account.mass.reconcile*, account.reconcile*, account.bank.statement* | * | internal | - | none
account_asset | account.asset* | * | internal | - | none
mrp | mrp.* | * | internal | - | none
mis_builder | mis.*, kpi.*, bi.sql.view | * | internal | - | none
contract_queue_job | contract.*, sale.subscription* | *recurring*, *create_invoice*, *renew* | internal | - | none
product_pricelist_cache | product.pricelist* | *cache*, *compute* | internal | - | none
`

const LINES = TABLE.split('\n')
  .filter((line) => line !== '')
  .map(readLine)

/** What is known of a function, or null. */
export function knownFunction(model: string, method: string): KnownFunction | null {
  return LINES.find((line) => line.model.test(model) && line.method.test(method)) ?? null
}

function readLine(line: string): KnownFunction & { model: RegExp; method: RegExp } {
  const [addon, model, method, role, partner, word] = line.split('|').map((cell) => cell.trim())
  const effect = EFFECTS.find((each) => each === word)
  assert(addon && model && method && role && partner && effect, `the table has no line "${line}"`)
  return {
    addon,
    model: pattern(model),
    method: pattern(method),
    role,
    partner: partner === '-' ? null : partner,
    effect,
  }
}

/** `stock.picking, stock.batch.*`: the whole name is one of these. */
function pattern(text: string): RegExp {
  const alternatives = text.split(',').map((each) =>
    each
      .trim()
      .replaceAll('.', String.raw`\.`)
      .replaceAll('*', '.*'),
  )
  return new RegExp(`^(${alternatives.join('|')})$`)
}
