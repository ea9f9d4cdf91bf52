/**
 * From the scenario's roles to somebody's queue: which integrations and job functions each fault concerns, and
 * which of its roles are bound to nothing there.
 */
import { didYouMean } from '../foundation/suggest.ts'
import type { Operations } from '../queue-job/operations.ts'
import type { Scenario } from './scenario.ts'

/** What one fault of the scenario means on this queue; names sorted. */
export interface FaultBinding {
  /** Integrations that are broken; empty for faults of workers and arrivals. */
  readonly integrations: readonly string[]
  /** Job functions that feel it: whoever calls these integrations; for `arrivals-burst` those of the roles. */
  readonly functions: readonly string[]
}

export interface RoleBinding {
  /** In the order of the scenario's faults. */
  readonly faults: readonly FaultBinding[]
  /** Roles that no function of this queue plays, one sentence each; empty = the scenario fits. */
  readonly unbound: readonly { readonly role: string; readonly reason: string }[]
}

export function bindRoles(scenario: Scenario, operations: Operations): RoleBinding {
  const functions = Object.entries(operations.functions)
  const unbound = new Map<string, string>()
  const faults = scenario.faults.map((fault): FaultBinding => {
    if (!('roles' in fault)) return { integrations: [], functions: [] }
    const callsOut = fault.kind !== 'arrivals-burst'
    for (const role of fault.roles) {
      const players = functions.filter(([, entry]) => entry.role === role)
      if (players.length === 0) unbound.set(role, notPlayed(role, operations))
      else if (callsOut && players.every(([, entry]) => entry.integration === null)) {
        unbound.set(role, `the functions of role "${role}" call no integration`)
      }
    }
    const named = functions.filter(([, entry]) => fault.roles.includes(entry.role))
    const integrations = callsOut ? named.flatMap(([, entry]) => entry.integration ?? []) : []
    const concerned = callsOut
      ? functions.filter(
          ([, { integration }]) => integration !== null && integrations.includes(integration),
        )
      : named
    return {
      integrations: [...new Set(integrations)].sort(),
      functions: concerned.map(([name]) => name).sort(),
    }
  })
  return { faults, unbound: [...unbound].map(([role, reason]) => ({ role, reason })) }
}

function notPlayed(role: string, operations: Operations): string {
  const played = [...new Set(Object.values(operations.functions).map((entry) => entry.role))].sort()
  return `no function has the role "${role}"${didYouMean(role, played)}; roles here: ${played.join(', ') || 'none'}`
}
