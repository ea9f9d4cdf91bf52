/** The partners that the invented companies are connected to. Host names end in `.example`: they can exist nowhere. */

export interface Integration {
  readonly host: string
  /** Odoo module that talks to it, as it stands in tracebacks. */
  readonly module: string
  /** Seconds. */
  readonly timeout: number
  readonly effectAt: number
  readonly lookup: boolean
  readonly effectBeforeFailure: Readonly<Record<string, number>>
  /** Comment in `operations.yaml`. */
  readonly comment: string
}

const READ_TIMEOUT = 'requests.exceptions.ReadTimeout'
const CONNECTION_ERROR = 'requests.exceptions.ConnectionError'
const HTTP_ERROR = 'requests.exceptions.HTTPError'

export const INTEGRATIONS = {
  'shop-webhook': {
    host: 'hooks.shop.example',
    module: 'shop_connector',
    timeout: 30,
    effectAt: 0.7,
    lookup: false,
    effectBeforeFailure: { [READ_TIMEOUT]: 0.5, [CONNECTION_ERROR]: 0, [HTTP_ERROR]: 0.02 },
    comment: 'The web shop. It takes what we send and says 204; it cannot be asked afterwards.',
  },
  warehouse: {
    host: 'wms.warehouse.example',
    module: 'wms_connector',
    timeout: 30,
    effectAt: 0.6,
    lookup: true,
    effectBeforeFailure: { [READ_TIMEOUT]: 0.4, [CONNECTION_ERROR]: 0, [HTTP_ERROR]: 0 },
    comment: 'The warehouse system. Levels are written over: the last one counts.',
  },
  acquirer: {
    host: 'api.acquirer.example',
    module: 'payment_acquirer_connector',
    timeout: 30,
    effectAt: 0.8,
    lookup: true,
    effectBeforeFailure: { [READ_TIMEOUT]: 0.6, [CONNECTION_ERROR]: 0.05, [HTTP_ERROR]: 0.05 },
    comment: 'The payment provider. A capture that timed out may have happened: ask it (lookup).',
  },
  'mail-relay': {
    host: 'api.relay.example',
    module: 'account_invoice_mail',
    timeout: 30,
    effectAt: 0.8,
    lookup: false,
    effectBeforeFailure: {
      [READ_TIMEOUT]: 0.5,
      [CONNECTION_ERROR]: 0,
      [HTTP_ERROR]: 0.02,
      'smtplib.SMTPServerDisconnected': 0.4,
    },
    comment: 'The mail relay. What it took is under way, and nobody can tell whether it took it.',
  },
  carrier: {
    host: 'ship.carrier.example',
    module: 'delivery_carrier_connector',
    timeout: 40,
    effectAt: 0.7,
    lookup: true,
    effectBeforeFailure: { [READ_TIMEOUT]: 0.5, [CONNECTION_ERROR]: 0, [HTTP_ERROR]: 0.02 },
    comment: 'The parcel carrier. Every label is paid for; lookup finds it by our delivery order.',
  },
  'edi-partner': {
    host: 'as2.edi.example',
    module: 'edi_as2_connector',
    timeout: 60,
    effectAt: 0.6,
    lookup: true,
    effectBeforeFailure: { [READ_TIMEOUT]: 0.4, [CONNECTION_ERROR]: 0, [HTTP_ERROR]: 0 },
    comment: 'The EDI network. It drops a message that it saw in the last 24 hours.',
  },
  accounting: {
    host: 'import.accounting.example',
    module: 'account_export_connector',
    timeout: 90,
    effectAt: 0.9,
    lookup: true,
    effectBeforeFailure: { [READ_TIMEOUT]: 0.5, [CONNECTION_ERROR]: 0, [HTTP_ERROR]: 0 },
    comment: 'The tax adviser. A batch has a number and replaces the earlier one of that number.',
  },
  marketplace: {
    host: 'feeds.marketplace.example',
    module: 'marketplace_feed',
    timeout: 90,
    effectAt: 0.9,
    lookup: false,
    effectBeforeFailure: { [READ_TIMEOUT]: 0.5, [CONNECTION_ERROR]: 0, [HTTP_ERROR]: 0 },
    comment: 'The marketplace reads whole feeds; the newest one replaces all before.',
  },
  mes: {
    host: 'mes.factory.example',
    module: 'mrp_mes_connector',
    timeout: 20,
    effectAt: 0.6,
    lookup: true,
    effectBeforeFailure: { [READ_TIMEOUT]: 0.5, [CONNECTION_ERROR]: 0, [HTTP_ERROR]: 0.02 },
    comment:
      'The control system of the shop floor. It knows every message by the id of its record.',
  },
  'supplier-portal': {
    host: 'orders.supplier.example',
    module: 'purchase_portal_connector',
    timeout: 60,
    effectAt: 0.7,
    lookup: true,
    effectBeforeFailure: { [READ_TIMEOUT]: 0.5, [CONNECTION_ERROR]: 0, [HTTP_ERROR]: 0.02 },
    comment: "The suppliers' portal. An order that it took can be found by our number.",
  },
  'app-hooks': {
    host: 'hooks.app.example',
    module: 'subscription_app_connector',
    timeout: 20,
    effectAt: 0.7,
    lookup: false,
    effectBeforeFailure: { [READ_TIMEOUT]: 0.5, [CONNECTION_ERROR]: 0, [HTTP_ERROR]: 0.02 },
    comment:
      'The product itself. It takes what we send and says 204; it cannot be asked afterwards.',
  },
  metering: {
    host: 'usage.app.example',
    module: 'subscription_metering',
    timeout: 20,
    effectAt: 0.6,
    lookup: true,
    effectBeforeFailure: { [READ_TIMEOUT]: 0.4, [CONNECTION_ERROR]: 0, [HTTP_ERROR]: 0 },
    comment: 'The meter. Credits are written over: the last one counts.',
  },
} as const satisfies Record<string, Integration>

export type IntegrationName = keyof typeof INTEGRATIONS
