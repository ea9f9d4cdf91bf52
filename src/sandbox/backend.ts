/**
 * A running PostgreSQL server as the rest of the sandbox sees it: an address and a login that may make databases and
 * roles. `databases.ts` builds template and clones on it, the same way wherever it runs.
 */
import type { DrillError } from '../foundation/errors.ts'
import type { Address, Login } from './connect.ts'
import type { ServerKind } from './sandbox.ts'

export interface Backend extends AsyncDisposable {
  readonly kind: ServerKind
  /** `18.4`. */
  readonly version: string
  /** The whole server is ours and goes away with us: what it holds need not be dropped one by one. */
  readonly ownServer: boolean
  readonly address: Address
  /** The same server for the gateway, which speaks no TLS. */
  readonly gatewayAddress: Address
  /** To the maintenance database. */
  readonly login: Login
  /** The error for a server that went away while it was in use. */
  lost(detail: string): DrillError
  /** Last resort while the process exits: synchronous, brief, never throws. */
  closeNow(): void
}
