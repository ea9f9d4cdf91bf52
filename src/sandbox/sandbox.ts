/**
 * A sandbox is the throw-away PostgreSQL of one run: one server, one template per snapshot, one clone per drill.
 * Everything it makes is marked, random by name, and gone afterwards (DESIGN sections 3 and 8).
 */
import type { Client } from 'pg'
import type { ChangedColumns } from '../queue-job/columns.ts'

/** Where PostgreSQL runs. */
export const SERVER_KINDS = ['embedded', 'container', 'url'] as const
export type ServerKind = (typeof SERVER_KINDS)[number]

export interface Server extends AsyncDisposable {
  readonly kind: ServerKind
  /** Why this one: shown in the report ("docker answers and postgres:15 is there"). */
  readonly reason: string
  /** `18.4`. */
  readonly version: string
  /**
   * Makes a marked database, lets `load` fill it (tables, data, indexes), adds what every drill needs (virtual clock,
   * operator rights, audit) and seals it: no more connections.
   */
  template(load: TemplateLoad): Promise<Template>
  /**
   * Gives `use` a marked, empty database and its owner's connection, and drops it when `use` has settled. For rows that
   * no drill may see, such as those of an import before they are masked.
   */
  scratch<T>(use: (client: Client) => Promise<T>): Promise<T>
}

/** `connect` opens one more connection of the same kind, for a load in several streams; who opens it closes it. */
export type TemplateLoad = (client: Client, connect: () => Promise<Client>) => Promise<void>

export interface Template extends AsyncDisposable {
  /** A database and an engine role of its own for one drill. */
  clone(options: CloneOptions): Promise<DrillDatabase>
}

export interface CloneOptions {
  /** Of the engine's sessions: `UTC`, `America/New_York`. */
  readonly timeZone: string
  /** Where the gateway listens; default 127.0.0.1. */
  readonly address?: string | undefined
}

export interface DrillDatabase extends AsyncDisposable {
  /**
   * The world's connection: owner's rights, real clock, UTC; its writes fire no triggers. `timestamp` columns arrive
   * as text and are written as text (`connect.ts`). A server that goes away is a DrillError `harness`.
   */
  readonly world: Client
  /** The engine's only address: through the gateway, with a random password. */
  readonly engineUri: string
  readonly gateway: Gateway
}

export interface Gateway {
  /** What passed since the last call. Waits until bytes in flight were seen. */
  takeTraffic(): Traffic
  /** Number of sessions inside a transaction right now. */
  readonly openTransactions: number
  /** A session begins, or the server is at work for one. */
  readonly busy: boolean
  /** Ends every session that is inside a transaction; returns how many. */
  endOpenTransactions(): Promise<number>
}

export interface Traffic {
  readonly statements: number
  /** Rows returned or affected, from the command tags. */
  readonly rows: number
  /** SQLSTATE → how often. */
  readonly errors: Readonly<Record<string, number>>
  /** Statement texts with their tags, for `statements.ndjson`; never for the journal. */
  readonly texts: readonly {
    readonly text: string
    readonly tag: string | null
    readonly sqlstate: string | null
  }[]
}

/** One statement that wrote to `queue_job` and did not come from the world; rows ordered by id. */
export interface AuditedStatement {
  readonly op: 'insert' | 'update' | 'delete' | 'truncate'
  /** `application_name` of the session is `odoocli`: an operation wrote in the engine's name. */
  readonly viaOperation: boolean
  readonly rows: readonly { readonly id: number; readonly changed: ChangedColumns }[]
}
