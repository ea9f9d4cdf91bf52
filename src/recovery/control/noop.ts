/** Nobody acts: what the queue does with an incident by itself, the yardstick of every other engine. */
import type { RecoveryEngine } from '../contract.ts'

export function createNoopEngine(): RecoveryEngine {
  return { name: 'noop', check: async () => {} }
}
