/** What the real `pg_dump` writes comes out of an import as it went in, whatever the form of the dump. */
import { execFile } from 'node:child_process'
import { gzipSync } from 'node:zlib'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { DrillError } from '../../../src/foundation/errors.ts'
import type { Server } from '../../../src/sandbox/sandbox.ts'
import { openServer } from '../../../src/sandbox/server.ts'
import { importSnapshot } from '../../../src/snapshot/import/import.ts'
import { importRows } from '../../../src/snapshot/import/import-rows.ts'
import type { ImportSource } from '../../../src/snapshot/import/import-rows.ts'
import { loadSnapshot } from '../../../src/snapshot/load.ts'
import { openSnapshot } from '../../../src/snapshot/open.ts'
import { columnsOf, missingDump, openProduction, rowsOf, skipped, textOf } from './production.ts'
import type { Production } from './production.ts'

const TABLES = ['queue_job', 'queue_job_channel', 'queue_job_function']

describe.skipIf(missingDump !== null)(`pg_dump ${skipped(missingDump)}`, () => {
  let root: string
  let production: Production
  let server: Server
  const original = new Map<string, string[]>()
  const path = (name: string) => join(root, name)

  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), 'queue-drill-test-'))
    production = await openProduction()
    server = await openServer('embedded')
    for (const table of TABLES) original.set(table, await rowsOf(production.client, table))
    await production.dump('--file', path('plain.sql'))
  })

  afterAll(async () => {
    await server?.[Symbol.asyncDispose]()
    await production?.[Symbol.asyncDispose]()
    await rm(root, { recursive: true, force: true })
  })

  const imported = (source: ImportSource) =>
    server.scratch(async (client) => {
      const found = await importRows(client, source)
      const tables = new Map<string, string[]>()
      for (const table of TABLES) tables.set(table, await rowsOf(client, table))
      return { found, tables, columns: await columnsOf(client, 'queue_job') }
    })

  const refusal = async (source: ImportSource): Promise<string> => {
    const error: unknown = await imported(source).catch((caught: unknown) => caught)
    expect(error).toBeInstanceOf(DrillError)
    expect((error as DrillError).code).toBe('input')
    return (error as DrillError).message
  }

  test('a plain dump of the whole database gives the three tables, row by row, with their types', async () => {
    const { found, tables, columns } = await imported({ path: path('plain.sql') })
    expect(tables).toEqual(original)
    expect(columns).toEqual(await columnsOf(production.client, 'queue_job'))
    expect(found).toMatchObject({ format: 'pg_dump', made: [] })
    expect(found.rows).toEqual(
      new Map([
        ['queue_job', 1200],
        ['queue_job_channel', 10],
        ['queue_job_function', 32],
      ]),
    )
  })

  test.each([
    ['packed by gzip', 'plain.sql.gz', async () => gzipSync(textOf(path('plain.sql')))],
    [
      'with the line ends of Windows',
      'crlf.sql',
      async () => textOf(path('plain.sql')).replaceAll('\n', '\r\n'),
    ],
  ])('a plain dump %s', async (_, name, content) => {
    await writeFile(path(name), await content())
    expect((await imported({ path: path(name) })).tables).toEqual(original)
  })

  test.each([
    ['custom', 'custom.dump'],
    ['directory', 'directory.dump'],
    ['tar', 'tar.dump'],
  ])('the %s format, read by pg_restore, says when it was made', async (format, name) => {
    const before = Date.now()
    await production.dump('--format', format, '--file', path(name))
    const { found, tables, columns } = await imported({ path: path(name) })
    expect(tables).toEqual(original)
    expect(columns).toEqual(await columnsOf(production.client, 'queue_job'))
    expect(found.format).toBe('archive')
    expect(found.capturedAt.reason).toBe('when the dump began')
    expect(Math.abs(found.capturedAt.at - before)).toBeLessThan(60_000)
  })

  test('a dump of the data alone takes the types of the columns from the series', async () => {
    await production.dump('--data-only', '--table', 'queue_job*', '--file', path('data.sql'))
    const { tables, columns } = await imported({ path: path('data.sql') })
    expect(tables).toEqual(original)
    expect(columns).toEqual(await columnsOf(production.client, 'queue_job'))
  })

  test('a dump of the jobs alone: channels and functions are made of the rows', async () => {
    await production.dump('--table', 'queue_job', '--file', path('jobs.sql'))
    const { found, tables } = await imported({ path: path('jobs.sql') })
    expect(tables.get('queue_job')).toEqual(original.get('queue_job'))
    expect(found.made).toEqual(['queue_job_channel', 'queue_job_function'])
    const { rows: named } = await production.client.query<{ name: string }>(
      `select distinct model_name || '.' || method_name as name from queue_job order by 1`,
    )
    const functions = tables.get('queue_job_function')!.map(parse)
    expect(new Set(functions.map(({ name }) => name))).toEqual(
      new Set(named.map(({ name }) => name)),
    )
    expect(functions).toHaveLength(named.length)
    const known = new Map(
      original
        .get('queue_job_function')!
        .map(parse)
        .map(({ name, id }) => [name, id]),
    )
    const kept = functions.filter(({ name }) => known.has(name))
    expect(kept.length).toBeGreaterThan(20)
    for (const { name, id } of kept) expect([name, id]).toEqual([name, known.get(name)])
    expect(tables.get('queue_job_channel')!.map(parse)[0]).toMatchObject({
      complete_name: 'root',
      parent_id: null,
      removal_interval: 30,
    })
  })

  test('dump, import as it is, load: the tables are those that were dumped', async () => {
    const directory = path('snapshot')
    const { manifest } = await server.scratch((client) =>
      importSnapshot({
        client,
        from: { path: path('plain.sql') },
        directory,
        overwrite: false,
        masker: null,
        limits: {},
      }),
    )
    expect(manifest).toMatchObject({ masking: 'none', capture: { source: 'pg_dump', rows: 1200 } })
    const loaded = await server.scratch(async (client) => {
      await loadSnapshot(await openSnapshot(directory), client)
      const tables = new Map<string, string[]>()
      for (const table of TABLES) tables.set(table, await rowsOf(client, table))
      return tables
    })
    expect(loaded).toEqual(original)
  })

  test('with --verbose the dump says when it began, else the newest date of the rows counts', async () => {
    await production.dump('--verbose', '--file', path('verbose.sql'))
    const stated = /^-- Started on (.+) (\S+)$/m.exec(textOf(path('verbose.sql')))!
    const { found } = await imported({ path: path('verbose.sql') })
    expect(found.capturedAt).toEqual({
      at: Date.parse(`${stated[1]!.replace(' ', 'T')}Z`),
      reason: 'when the dump began',
    })
    const { rows } = await production.client.query<{ at: string }>(
      `select max(greatest(date_created, date_enqueued, date_started, date_done))::text as at from queue_job`,
    )
    const plain = await imported({ path: path('plain.sql') })
    expect(plain.found.capturedAt.at).toBe(
      Math.ceil(
        Date.parse(`${rows[0]!.at.replace(' ', 'T')}Z`.replace(/(\.\d{3})\d+Z/, '$1Z')) + 0.001,
      ),
    )
    expect(plain.found.capturedAt.reason).toContain('the newest date of the rows')
  })

  test('columns of other modules come along, with types that take their values', async () => {
    await production.client.query(
      `create type mood as enum ('good', 'bad');
       alter table queue_job add my_flag bool, add "my ""Text" text, add my_mood mood, add my_list int4[];
       update queue_job set my_flag = true, "my ""Text" = 'a', my_mood = 'bad', my_list = '{1,2}' where id % 2 = 0`,
    )
    try {
      await production.dump('--table', 'queue_job*', '--file', path('extra.sql'))
      const { tables, columns } = await imported({ path: path('extra.sql') })
      expect(columns).toEqual(
        expect.arrayContaining([
          'my_flag boolean',
          'my "Text text',
          'my_mood text',
          'my_list text',
        ]),
      )
      const job = tables
        .get('queue_job')!
        .map(parse)
        .find(({ id }) => Number(id) % 2 === 0)
      expect(job).toMatchObject({
        my_flag: true,
        'my "Text': 'a',
        my_mood: 'bad',
        my_list: '{1,2}',
      })
    } finally {
      await production.client.query(
        'alter table queue_job drop my_flag, drop "my ""Text", drop my_mood, drop my_list',
      )
    }
  })

  test('another encoding of the dump is read as such', async () => {
    await production.client.query(
      `update queue_job set name = 'Größe' where id = (select min(id) from queue_job)`,
    )
    await production.dump(
      '--encoding',
      'LATIN1',
      '--table',
      'queue_job',
      '--file',
      path('latin1.sql'),
    )
    const { tables } = await imported({ path: path('latin1.sql') })
    expect(parse(tables.get('queue_job')![0]!)['name']).toBe('Größe')
  })

  test('two schemas with a queue: --schema decides, and without it nothing is guessed', async () => {
    await production.client.query(
      `create schema archive; create table archive.queue_job as select * from public.queue_job limit 7`,
    )
    try {
      await production.dump('--file', path('schemas.sql'))
      await production.dump('--format', 'custom', '--file', path('schemas.dump'))
      for (const name of ['schemas.sql', 'schemas.dump']) {
        expect(await refusal({ path: path(name) })).toMatch(
          /in the schemas archive \(line \d+\) and public \(line \d+\): say which one with --schema/,
        )
        expect(
          (await imported({ path: path(name), schema: 'public' })).found.rows.get('queue_job'),
        ).toBe(1200)
        expect(
          (await imported({ path: path(name), schema: 'archive' })).found.rows.get('queue_job'),
        ).toBe(7)
      }
      expect(await refusal({ path: path('schemas.sql'), schema: 'publik' })).toMatch(
        /no rows of queue_job in the schema "publik" \(\d+ lines were read\)/,
      )
    } finally {
      await production.client.query('drop schema archive cascade')
    }
  })

  test.each([['--inserts'], ['--column-inserts'], ['--rows-per-insert=100']])(
    'a dump made with %s is refused with what to do',
    async (flag) => {
      await production.dump(flag, '--table', 'queue_job*', '--file', path('inserts.sql'))
      expect(await refusal({ path: path('inserts.sql') })).toMatch(
        /inserts\.sql, line \d+: the rows of queue_job are INSERT statements, .* without --inserts/,
      )
    },
  )

  test('a dump of the schema, or of a database without a queue, holds no rows', async () => {
    await production.dump('--schema-only', '--file', path('schema.sql'))
    await production.dump('--table', 'zzz', '--format', 'custom', '--file', path('other.dump'))
    expect(await refusal({ path: path('schema.sql') })).toMatch(/holds no rows of queue_job/)
    expect(await refusal({ path: path('other.dump') })).toMatch(/holds no rows of queue_job/)
  })

  test('a dump that is cut off anywhere is refused, plain, packed or custom', async () => {
    const plain = await readFile(path('plain.sql'))
    const rows = plain.indexOf('COPY public.queue_job (')
    const cuts = [
      rows + 5000,
      plain.indexOf('\\.\n', rows),
      plain.indexOf('-- PostgreSQL database dump complete'),
    ]
    for (const at of cuts) {
      await writeFile(path('cut.sql'), plain.subarray(0, at))
      expect(await refusal({ path: path('cut.sql') })).toMatch(
        /cut\.sql.*(cut off|ends inside a row)/,
      )
    }
    const packed = gzipSync(plain)
    await writeFile(path('cut.sql.gz'), packed.subarray(0, packed.length / 2))
    expect(await refusal({ path: path('cut.sql.gz') })).toMatch(
      /cannot be unpacked .*cut off or damaged/,
    )
    const custom = await readFile(path('custom.dump'))
    await writeFile(path('cut.dump'), custom.subarray(0, custom.length / 2))
    expect(await refusal({ path: path('cut.dump') })).toMatch(/cut\.dump/)
  })

  test('an archive is not read from standard input, nor packed once more', async () => {
    await promisify(execFile)('gzip', ['-kf', path('custom.dump')])
    expect(await refusal({ path: path('custom.dump.gz') })).toMatch(/unpack it \(gunzip\)/)
  })
})

function parse(row: string): Record<string, unknown> {
  return JSON.parse(row) as Record<string, unknown>
}
