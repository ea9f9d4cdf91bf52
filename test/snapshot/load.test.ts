/** Loading against a real server: what is in the files is in the tables, or nothing is. */
import { readFile, rm, truncate, writeFile } from 'node:fs/promises'
import type { Socket } from 'node:net'
import { join } from 'node:path'
import type { Client } from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { DrillError } from '../../src/foundation/errors.ts'
import { formatPgTimestamp, parsePgTimestamp } from '../../src/foundation/time.ts'
import type { JobRow } from '../../src/queue-job/job.ts'
import type { Server } from '../../src/sandbox/sandbox.ts'
import { openServer } from '../../src/sandbox/server.ts'
import { encodeRow } from '../../src/snapshot/copy-text.ts'
import { loadSnapshot } from '../../src/snapshot/load.ts'
import { openSnapshot } from '../../src/snapshot/open.ts'
import { readJobs } from '../../src/snapshot/rows.ts'
import { editJobs, editManifest, JOBS_FILE, promiseRows, smallSnapshots } from './small-snapshot.ts'
import type { SnapshotCopies } from './small-snapshot.ts'

let snapshots: SnapshotCopies
let server: Server
beforeAll(async () => {
  snapshots = await smallSnapshots()
  server = await openServer('embedded')
})
afterAll(async () => {
  await server[Symbol.asyncDispose]()
  await snapshots[Symbol.asyncDispose]()
})

/** Runs `use` on the connection that loads, and gives back what it found. */
async function onServer<T>(use: (client: Client) => Promise<T>): Promise<T> {
  let found: { value: T } | null = null
  const done = new Error('the template is not needed')
  const template = server.template(async (client) => {
    found = { value: await use(client) }
    throw done
  })
  await template.catch((error: unknown) => {
    if (error !== done) throw error
  })
  return found!.value
}

const TABLES_LEFT = `select count(*)::int as tables from pg_class where relname like 'queue_job%'`

/** The error of a load, and whether the database and the connection are as before. */
async function refusal(damage: (directory: string) => Promise<void>): Promise<string> {
  const directory = await snapshots.copy()
  await damage(directory)
  const { error, tables } = await onServer(async (client) => ({
    error: await openSnapshot(directory)
      .then((snapshot) => loadSnapshot(snapshot, client))
      .catch((caught: unknown) => caught),
    tables: (await client.query<{ tables: number }>(TABLES_LEFT)).rows[0]!.tables,
  }))
  expect(tables).toBe(0)
  expect(error).toBeInstanceOf(DrillError)
  expect((error as DrillError).code).toBe('input')
  return (error as DrillError).message
}

describe('loading', () => {
  test('the tables hold exactly the rows that the world reads, indexed, and the sequences go on behind them', async () => {
    const snapshot = await openSnapshot(await snapshots.copy())
    const read: unknown[] = []
    for await (const job of readJobs(snapshot)) read.push(asText(job))
    const progress: number[] = []
    const loaded = await onServer(async (client) => {
      await loadSnapshot(snapshot, client, { onProgress: (rows) => progress.push(rows) })
      const { rows: jobs } = await client.query<{ job: Record<string, unknown> }>(
        'select to_jsonb(queue_job) as job from queue_job order by id',
      )
      const { rows: sizes } = await client.query(
        `select (select count(*)::int from queue_job_channel) as channels,
                (select count(*)::int from queue_job_function) as functions,
                (select count(*)::int from pg_indexes where tablename = 'queue_job') as indexes,
                nextval('queue_job_id_seq')::int - (select max(id) from queue_job) as next`,
      )
      return { jobs: jobs.map(fromTable), sizes: sizes[0] }
    })
    expect(loaded.jobs).toEqual(read)
    expect(loaded.sizes).toEqual({ channels: 10, functions: 32, indexes: 7, next: 1 })
    expect(progress).toEqual([1200])
  })

  test('PostgreSQL reads every character as it was written', async () => {
    const awkward = ['\\', '\\N', '\\.', 'a\tb\nc\rd\be\ff\vg', 'é € 🚒 \u2028', 'quote \' " `', '']
    const directory = await snapshots.copy()
    await editJobs(directory, (content) => {
      const lines = content.split('\n')
      return awkward
        .map((text, index) => {
          const fields = lines[index]!.split('\t')
          fields[5] = encodeRow([text]).slice(0, -1)
          return fields.join('\t')
        })
        .concat(lines.slice(awkward.length))
        .join('\n')
    })
    const names = await onServer(async (client) => {
      await loadSnapshot(await openSnapshot(directory), client)
      const { rows } = await client.query<{ name: string }>(
        'select name from queue_job order by id limit $1::int',
        [awkward.length],
      )
      return rows.map(({ name }) => name)
    })
    expect(names).toEqual(awkward)
  })

  test('a column that the snapshot lacks is NULL in the table', async () => {
    const directory = await snapshots.copy()
    await editJobs(directory, (content) => content.replaceAll(/\t[^\t\n]*$/gm, ''))
    await editManifest(directory, ({ tables }) => {
      tables.queue_job.columns.splice(33)
    })
    const filled = await onServer(async (client) => {
      await loadSnapshot(await openSnapshot(directory), client)
      const { rows } = await client.query(
        'select count(message_main_attachment_id)::int from queue_job',
      )
      return rows[0]
    })
    expect(filled).toEqual({ count: 0 })
  })
})

describe('all or nothing: the connection is usable and no table is left after', () => {
  test('a truncated file', async () => {
    const message = await refusal((directory) => truncate(join(directory, JOBS_FILE), 5000))
    expect(message).toMatch(/queue_job\.0001\.copy\.gz is cut off: 5000 of \d+ bytes are there/)
  })

  test('a flipped byte', async () => {
    const message = await refusal(async (directory) => {
      const bytes = await readFile(join(directory, JOBS_FILE))
      bytes[Math.floor(bytes.length / 2)]! ^= 0xff
      await writeFile(join(directory, JOBS_FILE), bytes)
    })
    expect(message).toContain(`${JOBS_FILE} is damaged`)
  })

  test.each([1, -1])('a wrong number of rows (%i)', async (change) => {
    const message = await refusal((directory) => promiseRows(directory, change))
    expect(message).toContain(`holds 1200 rows, the manifest says ${1200 + change}`)
  })

  test('a missing file', async () => {
    const message = await refusal((directory) => rm(join(directory, 'queue_job_channel.copy.gz')))
    expect(message).toContain('queue_job_channel.copy.gz cannot be read (ENOENT)')
  })

  test('a row with a field too many, far into the file', async () => {
    const message = await refusal((directory) =>
      editJobs(directory, (content) => content.replace(/\n$/, '\tmore\n')),
    )
    expect(message).toMatch(/queue_job\.0001\.copy\.gz: PostgreSQL refuses the data: extra data/)
    expect(message).toContain('COPY queue_job, line 1200')
  })

  test('a value that is not of its column', async () => {
    const message = await refusal((directory) =>
      editJobs(directory, (content) => content.replace(/^\d+/, 'one')),
    )
    expect(message).toMatch(/PostgreSQL refuses the data: invalid input syntax for type integer/)
  })

  test('a line that ends the COPY early', async () => {
    const message = await refusal(async (directory) => {
      await editJobs(directory, (content) => content.replace('\n', '\n\\.\n'))
      await promiseRows(directory, 1)
    })
    // PostgreSQL 18 refuses the line; older servers stop there without a word.
    expect(message).toMatch(/PostgreSQL (refuses the data|took 1 of 1201 rows)/)
  })

  test('an id that appears twice', async () => {
    const message = await refusal((directory) =>
      editJobs(directory, (content) => content.replace(/^(\d+)(\t.*\n)\d+/, '$1$2$1')),
    )
    expect(message).toMatch(
      /PostgreSQL refuses the data: could not create unique index.*duplicated/,
    )
  })

  test('a server that goes away in the middle is an error of the harness', async () => {
    const snapshot = await openSnapshot('company-60k')
    const ended = server.template(async (client) => {
      client.on('error', () => undefined)
      const socket = socketOf(client)
      const write = socket.write.bind(socket) as (...args: unknown[]) => boolean
      // A megabyte in, the COPY of the jobs is under way.
      socket.write = (...args: unknown[]) => {
        if (socket.bytesWritten > 1_000_000) socket.destroy()
        return write(...args)
      }
      await loadSnapshot(snapshot, client)
    })
    await expect(ended).rejects.toMatchObject({ name: 'DrillError', code: 'harness' })
  })
})

function socketOf(client: Client): Socket {
  return (client as unknown as { connection: { stream: Socket } }).connection.stream
}

/** A row of the world with times as text, cut to ms. */
function asText(job: JobRow): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(job).map(([key, value]) => [
      key,
      typeof value === 'number' && /^(date|eta)/.test(key) ? formatPgTimestamp(value) : value,
    ]),
  )
}

/** The same of a row of the table as JSON (`2026-11-17T09:59:58.12`). */
function fromTable({ job }: { readonly job: Readonly<Record<string, unknown>> }): unknown {
  return Object.fromEntries(
    Object.entries(job)
      .filter(([column]) => column !== 'message_main_attachment_id')
      .map(([column, value]) => [
        column.replaceAll(/_(\w)/g, (_, letter: string) => letter.toUpperCase()),
        typeof value === 'string' && /^(date_|eta$)/.test(column)
          ? formatPgTimestamp(parsePgTimestamp(value))
          : value,
      ]),
  )
}
