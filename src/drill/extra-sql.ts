/**
 * SQL of the user's own for the sandbox: the tables that a service beside the queue needs. It runs once, after the
 * snapshot is loaded, as the owner of the drill's tables; whoever may enter the database (the engine) may use what it made.
 */
import { readFile } from 'node:fs/promises'
import { createHash } from 'node:crypto'
import { type Client, DatabaseError, escapeIdentifier } from 'pg'
import { DrillError, messageOf } from '../foundation/errors.ts'

export interface ExtraSql {
  readonly path: string
  readonly text: string
  readonly sha256: string
}

/** Throws DrillError `input` where there is no such file. */
export async function readExtraSql(path: string): Promise<ExtraSql> {
  try {
    const text = await readFile(path, 'utf8')
    return { path, text, sha256: createHash('sha256').update(text).digest('hex') }
  } catch (cause) {
    throw new DrillError('input', `--extra-sql ${path} cannot be read: ${messageOf(cause)}`, {
      cause,
    })
  }
}

interface Made {
  readonly schema: string
  readonly name: string
  readonly kind: 'table' | 'sequence'
}

const RELATIONS = `
  select nspname::text as schema, relname::text as name,
         case relkind when 'S' then 'sequence' else 'table' end as kind
    from pg_catalog.pg_class
    join pg_catalog.pg_namespace on pg_namespace.oid = relnamespace
   where relkind in ('r', 'p', 'v', 'm', 'S')
     and nspname !~ '^pg_' and nspname <> 'information_schema'
   order by 1, 2`

/** Throws DrillError `input` with the line of the statement that the server refuses. */
export async function runExtraSql(client: Client, { path, text }: ExtraSql): Promise<void> {
  const before = new Set((await client.query<Made>(RELATIONS)).rows.map(keyOf))
  try {
    await client.query(text)
  } catch (error) {
    if (!(error instanceof DatabaseError)) throw error
    const line = text.slice(0, Number(error.position ?? 1) - 1).split('\n').length
    const hint = /^\s*(\\|copy\b.*\bfrom stdin)/im.test(text)
      ? '; commands of psql (\\i, \\copy) and COPY FROM STDIN do not work here'
      : ''
    throw new DrillError('input', `--extra-sql ${path}:${line}: ${error.message}${hint}`, {
      cause: error,
    })
  }
  const made = (await client.query<Made>(RELATIONS)).rows.filter((each) => !before.has(keyOf(each)))
  const grants = made.flatMap(({ schema, name, kind }) => {
    const [at, what] = [escapeIdentifier(schema), escapeIdentifier(name)]
    const rights =
      kind === 'table' ? 'select, insert, update, delete, truncate' : 'usage, select, update'
    return [
      `grant usage on schema ${at} to public`,
      `grant ${rights} on ${kind} ${at}.${what} to public`,
    ]
  })
  for (const grant of new Set(grants)) await client.query(grant)
}

function keyOf({ schema, name }: Made): string {
  return `${schema}.${name}`
}
