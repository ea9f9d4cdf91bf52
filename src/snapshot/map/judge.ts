/**
 * What one job function probably does, judged by its addon, its name, its channel and the errors it met. Cautious
 * throughout: where two readings are possible the more dangerous one is proposed, and nothing is ever proposed to be
 * safe to repeat. That is for people to write down.
 */
import type { Effect } from '../../queue-job/operations.ts'
import type { WorkloadFunction } from '../../queue-job/workload.ts'
import { evidenceOf, type Evidence } from './evidence.ts'
import { knownFunction } from './known-functions.ts'

export interface Judgement {
  readonly name: string
  readonly channel: string
  /** A word for scenarios; `unmapped` when no rule fits. */
  readonly role: string
  /** What an integration for it would be called; null = it stays inside Odoo. */
  readonly partner: string | null
  readonly effect: Effect
  /** The value travels in the job: an older one run late overwrites a newer one. */
  readonly carriesValue: boolean
  readonly critical: boolean
  readonly evidence: Evidence
  /** What it was judged by, for the comment: `known: mail`, or the words that decided. */
  readonly grounds: string
}

/** Role of what no rule knows. */
export const UNMAPPED_ROLE = 'unmapped'

export function judge(fn: WorkloadFunction): Judgement {
  const [model, method] = splitName(fn.name)
  const evidence = evidenceOf(fn)
  const rule = knownFunction(model, method)
  // A partner's error speaks louder than the table's "stays inside".
  const isBelieved = rule !== null && (rule.partner !== null || evidence.exceptions.length === 0)
  const { role, partner, effect, grounds } = isBelieved
    ? { ...rule, grounds: `known from ${rule.addon}` }
    : judgeByWords(model, method, fn.channel, evidence)
  return {
    name: fn.name,
    channel: fn.channel,
    role,
    partner,
    effect,
    carriesValue: effect === 'set' && fn.argument === 'value',
    critical: partner !== null && isCritical(role, model, method),
    evidence,
    grounds,
  }
}

type Reading = Pick<Judgement, 'role' | 'partner' | 'effect' | 'grounds'>

function judgeByWords(model: string, method: string, channel: string, evidence: Evidence): Reading {
  const verbs = words(method)
  const topic =
    TOPICS.find((each) => touches(each, words(channel))) ??
    TOPICS.find((each) => touches(each, [...words(model), ...verbs]))
  const isOutside = evidence.exceptions.length > 0
  const verb = verbs.find((each) => kindOf(each) !== null)
  const kind = verb === undefined ? null : kindOf(verb)
  if (isOutside || (topic !== undefined && topic.isAlwaysOutside && isOutward(kind))) {
    return {
      role: topic?.role ?? UNMAPPED_ROLE,
      partner: topic?.partner ?? 'partner',
      // Of what a call without a telling verb leaves the worst is assumed.
      effect:
        kind === 'read' ? 'none' : kind === 'overwrite' && topic !== undefined ? 'set' : 'once',
      grounds: [topic?.role, verb].filter((each) => each !== undefined).join(', ') || 'its errors',
    }
  }
  if (kind === null || (kind === 'send' && topic === undefined)) {
    return { role: UNMAPPED_ROLE, partner: null, effect: 'none', grounds: 'nothing' }
  }
  const role = verbs.includes('export') ? 'export' : topic?.role === 'edi' ? 'edi' : 'internal'
  return { role, partner: null, effect: 'none', grounds: `${verb}, no error of a partner seen` }
}

interface Topic {
  readonly role: string
  readonly partner: string
  readonly words: readonly string[]
  /** A verb that goes outward is enough: no error of a partner needs to have been seen. */
  readonly isAlwaysOutside: boolean
}

/** The more dangerous first. */
const TOPICS: readonly Topic[] = [
  topic(
    'payment',
    'payment-provider',
    'payment payments capture refund acquirer stripe adyen paypal mollie psp',
  ),
  topic(
    'label',
    'carrier',
    'label labels shipping shipment carrier parcel dhl ups dpd gls fedex tracking',
  ),
  topic('edi', 'edi-partner', 'edi edifact peppol as2 despatch desadv ebics'),
  topic('invoice', 'mail-relay', 'reminder dunning invoicemail'),
  topic('mail', 'mail-relay', 'mail email mails sms newsletter'),
  topic('webhook', 'webhook-target', 'webhook webhooks hook hooks callback'),
  topic('stock', 'warehouse', 'wms inventory quant level availability reservation'),
  {
    ...topic('export', 'export-target', 'export exports feed feeds datev accounting'),
    isAlwaysOutside: false,
  },
  { ...topic('webhook', 'webhook-target', 'push event notify shop'), isAlwaysOutside: false },
  { ...topic('stock', 'warehouse', 'stock warehouse'), isAlwaysOutside: false },
]

function topic(role: string, partner: string, list: string): Topic {
  return { role, partner, words: list.split(' '), isAlwaysOutside: true }
}

function touches({ words: list }: Topic, seen: readonly string[]): boolean {
  return seen.some((word) => list.includes(word))
}

type Kind = 'send' | 'read' | 'overwrite' | 'inside'

const KINDS: Readonly<Record<Kind, readonly string[]>> = {
  send: split(
    'send deliver request capture refund charge pay submit notify emit print book order email mail transmit call void cancel',
  ),
  read: split('fetch poll get pull import read check download receive retrieve search list'),
  overwrite: split('push update sync synchronize set write export upload publish replace refresh'),
  inside: split(
    'compute recompute calculate rebuild reindex validate confirm match reconcile assign merge clean cleanup ' +
      'archive purge run done generate create process schedule post close open plan apply migrate batch auto cron',
  ),
}

function kindOf(verb: string): Kind | null {
  const kinds = Object.entries(KINDS) as [Kind, readonly string[]][]
  return kinds.find(([, verbs]) => verbs.includes(verb))?.[0] ?? null
}

function isOutward(kind: Kind | null): boolean {
  return kind === 'send' || kind === 'overwrite'
}

/** Roles that have an SLA of their own; of webhooks those of orders, deliveries and money, not catalogue data. */
function isCritical(role: string, model: string, method: string): boolean {
  if (role === 'payment' || role === 'stock') return true
  if (role === 'webhook') return /^(sale|stock|payment|pos)\./.test(model)
  return role === 'invoice' && !/reminder|dunning|follow/.test(method)
}

/** `sale.order.push_status` → model and method. */
function splitName(name: string): [string, string] {
  const at = name.lastIndexOf('.')
  return [name.slice(0, at), name.slice(at + 1)]
}

/** `root.webhook_sync` → root, webhook, sync. */
function words(text: string): string[] {
  return split(text.toLowerCase().replaceAll(/[._]+/g, ' '))
}

function split(text: string): string[] {
  return text.split(' ').filter((word) => word !== '')
}
