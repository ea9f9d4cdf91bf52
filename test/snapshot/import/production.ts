/** A production database that tests dump with the real `pg_dump`, and what is in it. */
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { promisify } from 'node:util'
import type { Client } from 'pg'
import { startEmbedded } from '../../../src/sandbox/embedded/embedded-server.ts'
import { loadSnapshot } from '../../../src/snapshot/load.ts'
import { openSnapshot } from '../../../src/snapshot/open.ts'
import { administratorOf, urlOf } from '../../sandbox/given-server.ts'
import { machine15 } from '../../sandbox/server-arms.ts'
import { smallSnapshots } from '../small-snapshot.ts'

/** Why the tests with the real program cannot run; null = they can. It dumps no server that is newer than itself. */
export const missingDump = machine15 === null ? 'no PostgreSQL 15 installed' : null

/** Behind a title: why its tests are skipped. */
export function skipped(why: string | null): string {
  return why === null ? '' : `(skipped: ${why})`
}

export interface Production extends AsyncDisposable {
  readonly client: Client
  /** Runs `pg_dump` with these arguments. */
  dump(...args: string[]): Promise<void>
}

/** 1200 jobs of a generated company among other tables, some of whose texts look like dumps. */
export async function openProduction(): Promise<Production> {
  const backend = await startEmbedded({ binaries: machine15! })
  const client = await administratorOf(backend)
  const snapshots = await smallSnapshots()
  await client.query(`set search_path = public; set timezone = 'UTC'`)
  await client.query(
    `create table aaa_notes (id int4, note text);
     insert into aaa_notes values (1, E'COPY public.queue_job (id) FROM stdin;\\n1\\n\\\\.\\n'), (2, null);
     create table ir_attachment (id int4, content text);
     insert into ir_attachment select id, repeat('x', 100000) from generate_series(1, 20) as id;
     create table zzz (id int4)`,
  )
  await loadSnapshot(await openSnapshot(await snapshots.copy()), client)
  const uri = urlOf(backend, backend.login.user, backend.login.password!)
  return {
    client,
    dump: async (...args) => {
      await promisify(execFile)(`${machine15!.directory}/pg_dump`, ['--dbname', uri, ...args])
    },
    [Symbol.asyncDispose]: async () => {
      await client.end()
      await backend[Symbol.asyncDispose]()
      await snapshots[Symbol.asyncDispose]()
    },
  }
}

/** Every row of a table as text, in the order of the ids: equal texts are equal tables. */
export async function rowsOf(client: Client, table: string): Promise<string[]> {
  const { rows } = await client.query<{ row: string }>(
    `select to_jsonb(each)::text as row from ${table} as each order by id`,
  )
  return rows.map(({ row }) => row)
}

/** Name and type of each column. */
export async function columnsOf(client: Client, table: string): Promise<string[]> {
  const { rows } = await client.query<{ column: string }>(
    `select attname || ' ' || format_type(atttypid, atttypmod) as column from pg_attribute
      where attrelid = $1::regclass and attnum > 0 and not attisdropped order by attname`,
    [table],
  )
  return rows.map(({ column }) => column)
}

export function textOf(path: string): string {
  return readFileSync(path, 'utf8')
}
