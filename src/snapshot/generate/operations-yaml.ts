/** The operations file of an invented company: YAML with comments, because people are meant to read and edit it. */
import { INTEGRATIONS } from './integrations.ts'
import type { Integration } from './integrations.ts'
import type { JobFunction, OperationsEntry } from './job-function.ts'

const HEAD = `# What this company's job functions do outside Odoo, and what is written down about repeating them.
# Everything here is meant to be edited: docs/snapshots.md explains each key.
#
# integrations: the partners, and how a call of theirs behaves.
#   timeout              of our side of one call
#   effectAt             share of a call's time after which its effect has happened, 0..1
#   lookup               whether the partner can be asked afterwards what became of a job
#   effectBeforeFailure  exception -> how often the effect had happened all the same, 0..1
#
# functions: one entry a job function. What is not listed is a gap: nobody knows whether it may be repeated.
#   role         what scenarios speak of: webhook, payment, stock, invoice, label, edi, export, internal
#   effect       none | once (a second one is a duplicate) | set (the last one counts) | each (every call counts)
#   businessKey  the business object: records, args, args.0, kwargs.NAME; default: records and args
#   value        args: the job carries the value it writes | current: it is read when the job runs
#   safety       idempotent | unsafe | keyed with a retention; without an entry: unknown, so unsafe
#   critical     measured against the SLA of its role: payment 15m, webhook 15m, stock 30m, invoice 120m; or its own sla
#   failureStyle fail: an error ends in "failed" | postpone: the job comes back by itself
`

export function operationsYaml(functions: readonly JobFunction[]): string {
  const used = new Set(functions.flatMap(({ integration }) => integration ?? []))
  const integrations = Object.entries(INTEGRATIONS)
    .filter(([name]) => used.has(name as keyof typeof INTEGRATIONS))
    .map(([name, integration]) => integrationYaml(name, integration))
  const entries = functions.flatMap((fn) =>
    fn.operations === null ? [] : [functionYaml(fn, fn.operations)],
  )
  return `${HEAD}\nintegrations:\n${integrations.join('\n')}\nfunctions:\n${entries.join('\n')}`
}

function integrationYaml(name: string, integration: Integration): string {
  const shares = Object.entries(integration.effectBeforeFailure)
  return lines(2, [
    `# ${integration.comment}`,
    `${name}:`,
    `  timeout: ${integration.timeout}s`,
    `  effectAt: ${integration.effectAt}`,
    `  lookup: ${integration.lookup}`,
    '  effectBeforeFailure:',
    ...shares.map(([excName, share]) => `    ${excName}: ${share}`),
  ])
}

function functionYaml(fn: JobFunction, entry: OperationsEntry): string {
  return lines(2, [
    ...(entry.comment === undefined ? [] : [`# ${entry.comment}`]),
    `${fn.name}:`,
    ...(fn.integration === null ? [] : [`  integration: ${fn.integration}`]),
    `  role: ${entry.role}`,
    `  effect: ${entry.effect}`,
    ...(entry.businessKey === undefined
      ? []
      : [`  businessKey: [${entry.businessKey.join(', ')}]`]),
    ...(entry.value === undefined ? [] : [`  value: ${entry.value}`]),
    ...safetyLines(entry.safety),
    ...(entry.critical === true ? ['  critical: true'] : []),
    ...(entry.failureStyle === undefined ? [] : [`  failureStyle: ${entry.failureStyle}`]),
  ])
}

function safetyLines(safety: OperationsEntry['safety']): string[] {
  if (safety === undefined) return []
  return typeof safety === 'string'
    ? [`  safety: ${safety}`]
    : [`  safety: { keyed: { retention: ${safety.retention} } }`]
}

function lines(indent: number, list: readonly string[]): string {
  return list.map((line) => `${' '.repeat(indent)}${line}\n`).join('')
}
