/**
 * Reads `operations.yaml`, which binds the team's own job functions to roles, effects and written safety, and which
 * people edit: everything wrong is said with file, line and column.
 */
import type { FunctionOperations, Operations, Safety } from '../queue-job/operations.ts'
import { DEFAULT_SLA_MS, operationsSchema, type OperationsInput } from './operations-schema.ts'
import { check, valueOrThrow, type Checked } from './problems.ts'
import { freeze } from './scenario-file.ts'
import { readYamlSource } from './yaml-source.ts'

/** The operations, frozen, every default filled in; or an input error that lists every problem. */
export function parseOperations(text: string, path: string): Operations {
  return valueOrThrow(checkOperations(text), path)
}

/** The same without throwing: either the operations or their problems. */
export function checkOperations(text: string): Checked<Operations> {
  const { value, problems } = check(operationsSchema, readYamlSource(text))
  return { value: value === null ? null : toOperations(value), problems }
}

function toOperations(input: OperationsInput): Operations {
  return freeze({
    integrations: mapValues(input.integrations, (entry) => ({
      timeoutMs: entry.timeout,
      effectAt: entry.effectAt,
      lookup: entry.lookup,
      effectBeforeFailure: entry.effectBeforeFailure,
    })),
    functions: mapValues(input.functions, toFunction),
  })
}

function toFunction(entry: OperationsInput['functions'][string]): FunctionOperations {
  const role = entry.role ?? 'internal'
  return {
    integration: entry.integration ?? null,
    role,
    effect: entry.effect ?? 'none',
    businessKey: entry.businessKey,
    value: entry.value,
    safety: toSafety(entry.safety),
    slaMs: entry.critical ? (entry.sla ?? DEFAULT_SLA_MS[role]!) : null,
    failureStyle: entry.failureStyle,
  }
}

function toSafety(safety: OperationsInput['functions'][string]['safety']): Safety {
  if (safety === undefined) return { kind: 'unknown' }
  if (typeof safety === 'string') return { kind: safety }
  return { kind: 'keyed', retentionMs: safety.keyed.retention }
}

function mapValues<From, To>(
  record: Readonly<Record<string, From>>,
  map: (value: From) => To,
): Record<string, To> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, map(value)]))
}
