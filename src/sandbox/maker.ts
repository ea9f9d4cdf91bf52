/**
 * The connection that makes and drops databases and roles. It drops nothing that does not carry the mark of a
 * sandbox: on a given server there is other people's data beside ours.
 */
import {
  type Client,
  escapeIdentifier,
  escapeLiteral,
  type QueryResult,
  type QueryResultRow,
} from 'pg'
import { DrillError } from '../foundation/errors.ts'
import type { Backend } from './backend.ts'
import { connect } from './connect.ts'
import { markComment, NAME_PATTERN, scramVerifier } from './names.ts'
import { DATABASE_SETTINGS, OWNED_PUBLIC_MAJOR, SUPERUSER_SETTINGS } from './settings.ts'

/** Role with a password that may log in, or none of both. */
export interface NewRole {
  readonly name: string
  /** Null = NOLOGIN. */
  readonly password: string | null
}

export class Maker implements AsyncDisposable {
  readonly superuser: boolean
  /** Of the server's version: `18`. */
  readonly major: number
  readonly #client: Client
  /** The statement that runs now: clones of several drills come and go at once, on this one connection. */
  #last: Promise<unknown> = Promise.resolve()
  #ended = false

  constructor(client: Client, superuser: boolean, major: number) {
    this.#client = client
    this.superuser = superuser
    this.major = major
  }

  static async open(backend: Backend): Promise<Maker> {
    const client = await connect(backend.address, backend.login, (detail) => backend.lost(detail))
    const { rows } = await client.query<{ rolsuper: boolean; major: number }>(
      `select rolsuper, current_setting('server_version_num')::int4 / 10000 as major
         from pg_roles where rolname = current_user`,
    )
    return new Maker(client, rows[0]!.rolsuper, rows[0]!.major)
  }

  /**
   * Creates roles with mark, and grants among them (`more`), all or none. Whoever creates roles without being a superuser must be a member of them to
   * give them a database and to end their sessions: PostgreSQL 16 made that a grant of its own.
   */
  async createRoles(sandboxId: string, roles: readonly NewRole[], more: string): Promise<void> {
    const statements = roles.flatMap(({ name, password }) => [
      `create role ${escapeIdentifier(name)} ${
        password === null ? 'nologin' : `login password ${escapeLiteral(scramVerifier(password))}`
      };`,
      `comment on role ${escapeIdentifier(name)} is ${escapeLiteral(markComment(sandboxId))};`,
      `grant ${escapeIdentifier(name)} to current_user;`,
    ])
    await this.query([...statements, more].join('\n'))
  }

  /** One statement, or several without parameters, which PostgreSQL then performs all or none; one caller at a time. */
  query<Row extends QueryResultRow>(
    text: string,
    values: unknown[] = [],
  ): Promise<QueryResult<Row>> {
    const send = () =>
      values.length === 0 ? this.#client.query<Row>(text) : this.#client.query<Row>(text, values)
    const result = this.#last.then(send, send)
    this.#last = result
    return result
  }

  /**
   * Creates a database for `owner` and closes it to everybody else. `template` null = from template0 with encoding
   * UTF8 and collation C, which every server has.
   */
  async createDatabase(
    sandboxId: string,
    name: string,
    options: { readonly owner: string; readonly template: string | null },
  ): Promise<void> {
    const database = escapeIdentifier(name)
    const isNew = this.major >= OWNED_PUBLIC_MAJOR
    const source =
      options.template === null
        ? `template template0 encoding 'UTF8' ${isNew ? 'locale_provider libc ' : ''}locale 'C'`
        : `template ${escapeIdentifier(options.template)}`
    // Measured for 30,000 and 300,000 rows of 400 bytes: files 20 and 90 ms, through the log 35 and 150 ms.
    await this.query(
      `create database ${database} owner ${escapeIdentifier(options.owner)} ${source}${isNew ? ' strategy file_copy' : ''}`,
    )
    const settings = { ...DATABASE_SETTINGS, ...(this.superuser ? SUPERUSER_SETTINGS : {}) }
    await this.query(
      [
        `comment on database ${database} is ${escapeLiteral(markComment(sandboxId))};`,
        `revoke connect, temporary on database ${database} from public;`,
        ...Object.entries(settings).map(
          ([setting, value]) =>
            `alter database ${database} set ${setting} = ${escapeLiteral(value)};`,
        ),
      ].join('\n'),
    )
  }

  /** Refuses all further connections to a database and waits until the last one has gone, at most 10 s. */
  async seal(name: string): Promise<void> {
    await this.query(
      `alter database ${escapeIdentifier(name)} with allow_connections false is_template false`,
    )
    await this.untilUnused(name, 2000)
  }

  /** A session ends a moment after its client has closed it; PostgreSQL itself looks only every 0.1 s. */
  async untilUnused(name: string, triesMax: number): Promise<void> {
    await this.query(
      `do $wait$
       begin
         for tries in 1 .. ${triesMax} loop
           perform pg_stat_clear_snapshot();
           exit when not exists (select from pg_stat_activity where datname = ${escapeLiteral(name)});
           perform pg_sleep(0.005);
         end loop;
       end
       $wait$`,
    )
  }

  /**
   * Drops a database of a sandbox, ending its sessions; one that is gone already is fine. Throws `input` for a
   * database that does not carry a sandbox's mark: the name, and an owner who has the mark as comment.
   */
  async dropDatabase(name: string): Promise<void> {
    const { rows } = await this.query<{ owner: string; comment: string | null }>(
      `select pg_get_userbyid(datdba) as owner, shobj_description(datdba, 'pg_authid') as comment
         from pg_database where datname = $1::text`,
      [name],
    )
    const found = rows[0]
    if (found === undefined) return
    const sandboxId = NAME_PATTERN.exec(name)?.[1]
    if (
      sandboxId === undefined ||
      NAME_PATTERN.exec(found.owner)?.[1] !== sandboxId ||
      found.comment !== markComment(sandboxId)
    ) {
      throw new DrillError(
        'input',
        `database "${name}" does not carry the mark of a sandbox: queue-drill drops only what it made itself`,
      )
    }
    await this.untilUnused(name, 20)
    await this.query(`drop database if exists ${escapeIdentifier(name)} with (force)`)
  }

  /** Drops roles of a sandbox; those that are gone already are fine. Throws `input` for one without mark. */
  async dropRoles(names: readonly string[]): Promise<void> {
    const { rows } = await this.query<{ name: string; comment: string | null }>(
      `select rolname as name, shobj_description(oid, 'pg_authid') as comment
         from pg_roles where rolname = any($1::text[]) order by rolname`,
      [names],
    )
    for (const { name, comment } of rows) {
      const sandboxId = NAME_PATTERN.exec(name)?.[1]
      if (sandboxId === undefined || comment !== markComment(sandboxId)) {
        throw new DrillError(
          'input',
          `role "${name}" does not carry the mark of a sandbox: queue-drill drops only what it made itself`,
        )
      }
    }
    if (rows.length === 0) return
    const list = rows.map(({ name }) => escapeIdentifier(name)).join(', ')
    await this.query(`drop role if exists ${list}`)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#ended) return
    this.#ended = true
    await this.#client.end()
  }
}
