/**
 * What an operations file may say. Its checks hold people to the one rule that matters: the safety written down for
 * a function must not be more generous than its effect allows.
 */
import { z } from 'zod'
import { formatDuration, MINUTE, SECOND } from '../foundation/time.ts'
import { didYouMean } from '../foundation/suggest.ts'
import { EFFECTS, type Effect } from '../queue-job/operations.ts'
import { block, duration, identifier, share, word } from './fields.ts'
import { list, shown } from './problems.ts'

/** SLA of critical functions whose entry names none, by role (DESIGN section 4). */
export const DEFAULT_SLA_MS: Readonly<Record<string, number>> = {
  payment: 15 * MINUTE,
  webhook: 15 * MINUTE,
  stock: 30 * MINUTE,
  invoice: 120 * MINUTE,
}

const DEFAULT_SLA_TEXT = Object.entries(DEFAULT_SLA_MS)
  .map(([role, ms]) => `${role} ${formatDuration(ms)}`)
  .join(', ')

const integration = block({
  timeout: duration(SECOND).prefault('30s').describe("The client's time-out of one call"),
  effectAt: share
    .default(0.7)
    .describe('Where inside a call the effect happens, as a share of its latency'),
  lookup: z
    .boolean()
    .default(false)
    .describe('Whether the partner can be asked if the effect of a job has happened'),
  effectBeforeFailure: z
    .record(z.string(), share)
    .default({})
    .describe('Exception class: share of the old failures of that class whose effect had happened'),
})

const payloadPath = z.string().regex(/^(records|args(\.\d+)?|kwargs(\.\w+)?)$/, {
  error: ({ input }) =>
    `must be a path into the payload: records, args, args.0, kwargs.order_ref; not ${shown(input)}`,
})

const jobFunction = block({
  integration: z
    .string()
    .optional()
    .describe('A key of `integrations`; absent = the job stays inside Odoo'),
  role: identifier
    .optional()
    .describe(
      "webhook, payment, invoice, stock, label, edi, export, or the team's own word; what scenarios speak of",
    ),
  effect: word(...EFFECTS)
    .optional()
    .describe(
      'What a run leaves outside: none; once (a second one is a duplicate); set (repeating is harmless); each (every call counts)',
    ),
  businessKey: z
    .array(payloadPath)
    .min(1)
    .default(['records', 'args'])
    .describe('Paths into the payload that identify the business object'),
  value: word('args', 'current')
    .default('current')
    .describe('Whether the value written travels in the arguments or is read when the job runs'),
  safety: z
    .union(
      [
        z.literal('idempotent'),
        z.literal('unsafe'),
        block({ keyed: block({ retention: duration(SECOND) }) }),
      ],
      {
        error: ({ input }) =>
          `must be idempotent, unsafe or { keyed: { retention: 24h } }, not ${shown(input)}${didYouMean(input, ['idempotent', 'unsafe'])}`,
      },
    )
    .optional()
    .describe('What is documented about retries; absent = unknown, to be treated as unsafe'),
  critical: z
    .boolean()
    .default(false)
    .describe(`Measured against \`sla\`; default by role: ${DEFAULT_SLA_TEXT}`),
  sla: duration(SECOND).optional(),
  failureStyle: word('fail', 'postpone')
    .default('fail')
    .describe('fail: an error ends in `failed`; postpone: RetryableJobError, back to `pending`'),
}).superRefine((entry, context) => {
  const problem = (key: string, message: string) =>
    context.addIssue({ code: 'custom', path: [key], message })
  if (entry.integration === undefined) {
    if (entry.effect !== undefined && entry.effect !== 'none') {
      problem('effect', `"${entry.effect}" happens outside: name the integration that is called`)
    }
  } else {
    if (entry.role === undefined) problem('role', 'is missing; scenarios speak of roles')
    if (entry.effect === undefined) {
      problem('effect', `is missing; a call leaves something: ${list(EFFECTS)}`)
    }
  }
  if (entry.safety === 'idempotent' && tooGenerous(entry.effect)) {
    problem(
      'safety',
      `"idempotent" is more than the effect "${entry.effect}" allows: it is \`unsafe\`, or \`keyed\` where the partner recognises a repetition`,
    )
  }
  if (entry.sla !== undefined && !entry.critical) {
    problem('sla', 'is for critical functions only: add `critical: true`')
  }
  if (entry.critical && entry.sla === undefined && !hasDefaultSla(entry.role)) {
    problem(
      'critical',
      `needs \`sla\`: the role ${shown(entry.role ?? null)} has no default (${DEFAULT_SLA_TEXT})`,
    )
  }
})

export const operationsSchema = block({
  integrations: z.record(identifier, integration).default({}),
  functions: z
    .record(
      z.string().regex(/^[a-z_][\w.]*\.\w+$/, {
        error: ({ input }) =>
          `must be <model>.<method>, such as sale.order.push_status; not ${shown(input)}`,
      }),
      jobFunction,
    )
    .describe('By <model>.<method>, as the queue names its job functions'),
}).superRefine(({ integrations, functions }, context) => {
  const declared = Object.keys(integrations)
  for (const [name, entry] of Object.entries(functions)) {
    if (entry.integration === undefined || declared.includes(entry.integration)) continue
    context.addIssue({
      code: 'custom',
      path: ['functions', name, 'integration'],
      message: `"${entry.integration}" is not declared under \`integrations\`${didYouMean(entry.integration, declared)}`,
    })
  }
})

export type OperationsInput = z.output<typeof operationsSchema>

/** The rules as JSON Schema, draft 7: what editors understand. */
export function operationsJsonSchema(): object {
  return z.toJSONSchema(operationsSchema, { target: 'draft-7', io: 'input' })
}

/** A second `once` or `each` is a duplicate, whatever somebody wrote. */
function tooGenerous(effect: Effect | undefined): boolean {
  return effect === 'once' || effect === 'each'
}

function hasDefaultSla(role: string | undefined): boolean {
  return role !== undefined && Object.hasOwn(DEFAULT_SLA_MS, role)
}
