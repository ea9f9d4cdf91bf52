/** Several part files side by side: the same tables as in one stream, or nothing, whichever stream fails. */
import { readFile, writeFile } from 'node:fs/promises'
import type { Socket } from 'node:net'
import { join } from 'node:path'
import type { Client } from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Server, TemplateLoad } from '../../src/sandbox/sandbox.ts'
import { openServer } from '../../src/sandbox/server.ts'
import { loadSnapshot } from '../../src/snapshot/load.ts'
import { openSnapshot } from '../../src/snapshot/open.ts'
import { rewriteTable } from './rewrite-table.ts'
import { smallSnapshots } from './small-snapshot.ts'
import type { SnapshotCopies } from './small-snapshot.ts'

const LAST_PART = 'queue_job.0004.copy.gz'

let snapshots: SnapshotCopies
let server: Server
beforeAll(async () => {
  snapshots = await smallSnapshots(4000)
  server = await openServer('embedded')
})
afterAll(async () => {
  await server[Symbol.asyncDispose]()
  await snapshots[Symbol.asyncDispose]()
})

async function inFourParts(): Promise<string> {
  const directory = await snapshots.copy()
  await rewriteTable(directory, 'queue_job', { parts: 4 })
  return directory
}

/** Runs `use` where a template is loaded, and gives back what it found. */
async function onServer<T>(use: (...connections: Parameters<TemplateLoad>) => Promise<T>) {
  let found: { value: T } | null = null
  const done = new Error('the template is not needed')
  const template = server.template(async (client, connect) => {
    found = { value: await use(client, connect) }
    throw done
  })
  await template.catch((error: unknown) => {
    if (error !== done) throw error
  })
  return found!.value
}

/** Everything in the tables, and what keeps it: rows by id, indexes, constraints, sequences. */
const CONTENT = `
  select (select md5(string_agg(job::text, E'\\n' order by id)) from queue_job as job) as jobs,
         (select md5(string_agg(each::text, E'\\n' order by id)) from queue_job_channel as each) as channels,
         (select md5(string_agg(each::text, E'\\n' order by id)) from queue_job_function as each) as functions,
         (select array_agg(indexdef order by indexname) from pg_indexes where schemaname = 'public') as indexes,
         (select array_agg(conname || ' ' || pg_get_constraintdef(oid) order by conname, conrelid)
            from pg_constraint where connamespace = 'public'::regnamespace and contype <> 'n') as constraints,
         (select array_agg(sequencename || last_value order by 1)
            from pg_sequences where schemaname = 'public') as sequences`

test('two streams, four, or one make the same tables', async () => {
  const snapshot = await openSnapshot(await inFourParts())
  const contents: unknown[] = []
  for (const streams of [1, 2, 4]) {
    const progress: number[] = []
    const content = await onServer(async (client, connect) => {
      const onProgress = (rows: number) => progress.push(rows)
      await loadSnapshot(snapshot, client, {
        connect,
        streams,
        unlogged: streams === 2,
        onProgress,
      })
      return (await client.query(CONTENT)).rows[0] as unknown
    })
    contents.push(content)
    expect(progress).toEqual([1000, 2000, 3000, 4000])
  }
  expect(contents[0]).toMatchObject({ indexes: { length: 11 } })
  expect(contents[1]).toEqual(contents[0])
  expect(contents[2]).toEqual(contents[0])
})

describe('a failure in one stream leaves no table, no session, and a usable connection', () => {
  const LEFT = `
    select (select count(*)::int4 from pg_class where relname like 'queue_job%') as relations,
           (select count(*)::int4 from pg_stat_activity
             where datname = current_database() and pid <> pg_backend_pid() and state <> 'idle') as busy`

  async function refusal(directory: string, spoil?: (client: Client) => void): Promise<string> {
    const snapshot = await openSnapshot(directory)
    const { error, left } = await onServer(async (client, connect) => {
      const more = async () => {
        const each = await connect()
        spoil?.(each)
        return each
      }
      const error: unknown = await loadSnapshot(snapshot, client, { connect: more }).then(
        () => null,
        (caught: unknown) => caught,
      )
      return { error, left: (await client.query(LEFT)).rows[0] as unknown }
    })
    expect(left).toEqual({ relations: 0, busy: 0 })
    expect(error).toMatchObject({ name: 'DrillError' })
    const { code, message } = error as { code: string; message: string }
    return `${code}: ${message}`
  }

  test('the last of the files is damaged', async () => {
    const directory = await inFourParts()
    const bytes = await readFile(join(directory, LAST_PART))
    bytes[Math.floor(bytes.length / 2)]! ^= 0xff
    await writeFile(join(directory, LAST_PART), bytes)
    expect(await refusal(directory)).toMatch(
      /^input: .*queue_job\.0004\.copy\.gz is damaged: its SHA/,
    )
  })

  test('a row of the last file is wrong', async () => {
    const directory = await snapshots.copy()
    let rows = 0
    await rewriteTable(directory, 'queue_job', {
      parts: 4,
      change: (row) => ({ ...row, ...(++rows === 3999 && { priority: 'high' }) }),
    })
    expect(await refusal(directory)).toMatch(
      /^input: .*queue_job\.0004\.copy\.gz: PostgreSQL refuses the data: invalid input syntax/,
    )
  })

  test('an id stands in two files', async () => {
    const directory = await snapshots.copy()
    await rewriteTable(directory, 'queue_job', {
      parts: 4,
      change: (
        (first: string | null = null) =>
        (row) => ({ ...row, id: (first ??= row['id']!) })
      )(),
    })
    expect(await refusal(directory)).toMatch(/^input: .*could not create unique index.*duplicated/)
  })

  test('the second connection breaks in the middle', async () => {
    const message = await refusal(await inFourParts(), (client) => {
      client.on('error', () => undefined)
      const { stream } = (client as unknown as { connection: { stream: Socket } }).connection
      const write = stream.write.bind(stream) as (...args: unknown[]) => boolean
      stream.write = (...args: unknown[]) => {
        if (stream.bytesWritten > 50_000) stream.destroy()
        return write(...args)
      }
    })
    expect(message).toMatch(/^harness: /)
  })
})
