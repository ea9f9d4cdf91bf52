/** Dumps, CSV and COPY files written by hand: what they say arrives, and what is wrong with them is told with its line. */
import fc from 'fast-check'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import type { Client } from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { DrillError, messageOf } from '../../../src/foundation/errors.ts'
import type { Server } from '../../../src/sandbox/sandbox.ts'
import { openServer } from '../../../src/sandbox/server.ts'
import { importRows } from '../../../src/snapshot/import/import-rows.ts'
import type { ImportedRows, ImportSource } from '../../../src/snapshot/import/import-rows.ts'
import { openArchive } from '../../../src/snapshot/import/pg-restore.ts'
import { columnsOf } from './production.ts'
import { COLUMNS, copyOf, csvOf, dumpOf, HEADER, row } from './sources.ts'

let root: string
let server: Server
/** Of one scratch database for all tests: to make one takes longer than to fill it. */
let client: Client
let finish: () => void
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'queue-drill-test-'))
  server = await openServer('embedded')
  await new Promise<void>((resolve, reject) => {
    const used = server.scratch(async (scratch) => {
      client = scratch
      resolve()
      await new Promise<void>((done) => (finish = done))
    })
    used.catch(reject)
  })
})
afterAll(async () => {
  finish?.()
  await server?.[Symbol.asyncDispose]()
  await rm(root, { recursive: true, force: true })
})

async function importing<T>(
  content: string | Buffer,
  ask: (client: Client, found: ImportedRows) => Promise<T>,
  more: Partial<ImportSource> = {},
): Promise<T> {
  const path = join(root, 'source')
  await writeFile(path, content)
  return inEmptyDatabase(async () => ask(client, await importRows(client, { path, ...more })))
}

async function inEmptyDatabase<T>(use: () => Promise<T>): Promise<T> {
  await client.query(
    'drop table if exists queue_job, queue_job_channel, queue_job_function, ir_module_module',
  )
  try {
    return await use()
  } finally {
    await client.query('rollback')
  }
}

async function jobsOf(client: Client): Promise<Record<string, unknown>[]> {
  const { rows } = await client.query<Record<string, unknown>>(
    'select * from queue_job order by id',
  )
  return rows
}

async function refusalOf(action: Promise<unknown>): Promise<string> {
  const error: unknown = await action.catch((caught: unknown) => caught)
  expect(error).toBeInstanceOf(DrillError)
  expect((error as DrillError).code).toBe('input')
  return (error as DrillError).message
}

const refusal = (content: string | Buffer, more: Partial<ImportSource> = {}) =>
  refusalOf(importing(content, async () => null, more))

describe('a dump', () => {
  test('the table is found in any schema, quoted or not, and its types are those of CREATE TABLE', async () => {
    const text =
      `COPY "odd ""schema".other (note) FROM stdin;\nCOPY public.queue_job (id) FROM stdin;\n1\n\\.\n` +
      `CREATE TABLE "Sales".queue_job (\n    id bigint NOT NULL,\n    uuid character varying(40),\n` +
      `    model_name varchar,\n    method_name text,\n    state character varying NOT NULL,\n` +
      `    date_done timestamp(0) without time zone,\n    price numeric(10,2),\n    tags text[],\n` +
      `    CONSTRAINT positive CHECK ((id > 0))\n);\n` +
      `COPY "Sales".queue_job (id, uuid, state, model_name, "method_name", date_done, price, tags) FROM stdin;\n` +
      `1\tu\tdone\tm\tx\t2026-11-17 10:00:00\t1.50\t{a,b}\n\\.\n`
    const found = await importing(text, async (client, { capturedAt }) => ({
      jobs: await jobsOf(client),
      columns: await columnsOf(client, 'queue_job'),
      at: capturedAt.at,
    }))
    expect(found.jobs).toMatchObject([{ id: '1', uuid: 'u', price: '1.50', tags: '{a,b}' }])
    expect(found.columns).toEqual(
      expect.arrayContaining([
        'id bigint',
        'price numeric',
        'tags text',
        'date_done timestamp without time zone',
      ]),
    )
    expect(found.at).toBe(Date.parse('2026-11-17T10:00:00Z'))
  })

  test('statements of a dump are never run', async () => {
    const text = `DROP TABLE IF EXISTS x;\nCREATE TABLE evil (a int);\n${dumpOf([row(1)], 'CREATE TABLE late (a int);\n')}`
    const tables = await importing(text, async (client) => {
      const { rows } = await client.query<{ name: string }>(
        `select relname as name from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace order by 1`,
      )
      return rows.map(({ name }) => name)
    })
    expect(tables).toEqual(['queue_job', 'queue_job_channel', 'queue_job_function'])
  })

  test.each([
    [
      'a value of another type',
      [row(1), row(2), row(3, { retry: 'often' })],
      /source, line 10, column retry: queue_job cannot take the row: invalid input syntax for type integer\./,
    ],
    [
      'a NULL that may not be',
      [row(1), row(2, { uuid: null })],
      /line 9.*null value in column "uuid"/,
    ],
    [
      'a date that is none',
      [row(1, { date_created: '2026-02-30 10:00:00' })],
      /line 8, column date_created: .*out of range\./,
    ],
    ['too few fields', [row(1), row(2).slice(0, 8)], /line 9.*missing data for column "args"/],
    [
      'too many fields',
      [row(1), [...row(2), 'x']],
      /line 9.*extra data after last expected column/,
    ],
    ['an id twice', [row(5), row(5)], /queue_job cannot take the row: .*\(Key \(id\)=\(5\)/],
  ])('%s is told with its line, and without the value', async (_, rows, expected) => {
    const message = await refusal(dumpOf(rows))
    expect(message).toMatch(expected)
    expect(message).not.toMatch(/often|02-30|uuid-\d/)
  })

  test('bytes that are no UTF-8, and NUL, are told with their line', async () => {
    const broken = (bytes: number[]) => {
      const [before, after] = dumpOf([row(1), row(2, { channel: 'root.@@' })]).split('@@')
      return Buffer.concat([Buffer.from(before!), Buffer.from(bytes), Buffer.from(after!)])
    }
    expect(await refusal(broken([0xff]))).toMatch(
      /line 9.*invalid byte sequence for encoding "UTF8": 0xff/,
    )
    expect(await refusal(broken([0x00]))).toMatch(
      /line 9.*invalid byte sequence for encoding "UTF8": 0x00/,
    )
  })

  test('the same table twice, as in a dump of all databases', async () => {
    expect(await refusal(dumpOf([row(1)]) + dumpOf([row(1)]))).toMatch(
      /holds queue_job twice, in lines 7 and 20, .*dump the one database/,
    )
  })

  test('a COPY that has no end, and rows that are cut off', async () => {
    const whole = dumpOf([row(1), row(2)])
    expect(await refusal(whole.slice(0, whole.indexOf('\\.\n')))).toMatch(
      /is cut off: the rows that begin in line 8 have no end \("\\\."\) after line 9/,
    )
    expect(await refusal(whole.slice(0, whole.indexOf('\\.\n') - 5))).toMatch(
      /line 9: the file ends inside a row/,
    )
    expect(
      await refusal(whole.slice(0, whole.indexOf('-- PostgreSQL database dump complete'))),
    ).toMatch(/is cut off after line \d+: the end of the dump/)
  })

  test('a table without a row, without columns, or without the columns that make a job', async () => {
    expect(await refusal(dumpOf([]))).toMatch(/holds no job: the table queue_job in it is empty/)
    expect(await refusal('COPY public.queue_job FROM stdin;\n1\n\\.\n')).toMatch(
      /line 1: COPY of queue_job does not name its columns/,
    )
    expect(await refusal('COPY public.queue_job (id, uuid) FROM stdin;\n1\tu\n\\.\n')).toMatch(
      /queue_job has no column state, model_name, method_name/,
    )
    expect(
      await refusal('COPY public.queue_job (id, uuid, id) FROM stdin;\n1\tu\t1\n\\.\n'),
    ).toMatch(/has no column/)
  })

  test('the versions of the modules come along, which tell the series', async () => {
    const modules =
      'COPY public.ir_module_module (id, name, latest_version, state, author) FROM stdin;\n' +
      '1\tqueue_job\t17.0.1.0.5\tinstalled\t\\N\n\\.\n\n'
    const found = await importing(dumpOf([row(1)], modules), async (client) => {
      const { rows } = await client.query(
        'select name, latest_version, state from ir_module_module',
      )
      return rows
    })
    expect(found).toEqual([{ name: 'queue_job', latest_version: '17.0.1.0.5', state: 'installed' }])
  })

  test('18.0: the dump says jsonb, and what is encoded twice stays so', async () => {
    const text =
      `CREATE TABLE public.queue_job (\n    id integer NOT NULL,\n    args jsonb\n);\n` +
      dumpOf([row(1, { args: '"[1, 2]"' })])
    expect(await importing(text, async (client) => (await jobsOf(client))[0]!['args'])).toBe(
      '[1, 2]',
    )
  })
})

describe('a CSV', () => {
  const awkward = [
    row(1, { args: '["a, b; c", "line\nbreak", "quote \\" \'"]' }),
    row(2, { args: '', channel: null }),
    row(3, { args: '\\N' }),
    row(4, { args: 'x\r\ny\rz\t\\.\n\\.\n' }),
    row(5, { args: 'Größe 🚒' }),
  ]
  const expected = awkward.map((fields) => fields[8])

  test.each([
    ['as psql writes it', csvOf(awkward)],
    ['with semicolons', csvOf(awkward, ';')],
    ['with tabs', csvOf(awkward, '\t')],
    ['with the line ends of Windows', csvOf(awkward, ',', '\r\n')],
    ['with those of an old Mac', csvOf(awkward, ',', '\r')],
    ['with a byte order mark', `\uFEFF${csvOf(awkward)}`],
    ['without an end of the last line', csvOf(awkward).slice(0, -1)],
    ['with empty lines', `${csvOf(awkward)}\n\n`],
    ['with every field in quotes', csvOf(awkward).replace(HEADER, `"${COLUMNS.join('","')}"`)],
  ])('%s arrives as it was: NULL is not the empty text', async (_, text) => {
    const jobs = await importing(text, jobsOf)
    expect(jobs.map(({ args }) => args)).toEqual(expected)
    expect(jobs.map(({ channel }) => channel === null)).toEqual([false, true, false, false, false])
  })

  test('packed by gzip, and in another encoding', async () => {
    const packed = gzipSync(csvOf([row(1)]))
    expect(await importing(packed, async (client) => (await jobsOf(client)).length)).toBe(1)
    const latin = Buffer.from(csvOf([row(1, { args: 'Größe' })]), 'latin1')
    expect(
      await importing(latin, async (client) => (await jobsOf(client))[0]!['args'], {
        encoding: 'LATIN1',
      }),
    ).toBe('Größe')
    expect(await refusal(latin)).toMatch(
      /source, line 2: .*invalid byte sequence for encoding "UTF8"/,
    )
    expect(await refusal(latin, { encoding: 'LATIN0' })).toMatch(/encoding/)
  })

  test('channels and functions are made of the rows, or come from files of their own', async () => {
    const tables = async (client: Client) => ({
      channels: (
        await client.query(
          'select id, name, complete_name, parent_id from queue_job_channel order by id',
        )
      ).rows,
      functions: (
        await client.query(
          'select id, name, channel_id, channel from queue_job_function order by id',
        )
      ).rows,
    })
    const rows = [
      row(1),
      row(2),
      row(3, { channel: 'root' }),
      row(4, { method_name: 'pull', channel: null }),
    ]
    expect(await importing(csvOf(rows), tables)).toEqual({
      channels: [
        { id: 1, name: 'root', complete_name: 'root', parent_id: null },
        { id: 2, name: 'web', complete_name: 'root.web', parent_id: 1 },
        { id: 3, name: 'shop', complete_name: 'root.web.shop', parent_id: 2 },
      ],
      functions: [
        { id: 1, name: 'sale.order.pull', channel_id: 1, channel: null },
        { id: 2, name: 'sale.order.push', channel_id: 3, channel: 'root.web.shop' },
      ],
    })
    const channelsPath = join(root, 'channels.csv')
    const functionsPath = join(root, 'functions.csv')
    await writeFile(
      channelsPath,
      'id;name;complete_name;parent_id;removal_interval\n9;root;root;;30\n',
    )
    await writeFile(functionsPath, 'id,name,channel_id,channel\n4,sale.order.push,9,root\n')
    expect(await importing(csvOf(rows), tables, { channelsPath, functionsPath })).toEqual({
      channels: [{ id: 9, name: 'root', complete_name: 'root', parent_id: null }],
      functions: [{ id: 4, name: 'sale.order.push', channel_id: 9, channel: 'root' }],
    })
  })

  test('JSON in JSON is that of 18.0', async () => {
    const rows = [row(1, { args: '"[1]"' }), row(2, { args: '[2]' })]
    expect(await importing(csvOf(rows), (client) => columnsOf(client, 'queue_job'))).toContain(
      'args jsonb',
    )
    expect(await refusal(csvOf([...rows, row(3, { args: '[' })]))).toMatch(
      /invalid input syntax for type json/,
    )
    expect(await importing(csvOf([row(1)]), (client) => columnsOf(client, 'queue_job'))).toContain(
      'args text',
    )
  })

  test.each([
    [
      'too few fields',
      csvOf([row(1)]) + '2,uuid-2\n',
      /line 3: the record here has 2 of the 9 fields/,
    ],
    [
      'too many fields',
      csvOf([row(1, { args: 'a\nb' })]) + `${'x,'.repeat(9)}\n`,
      /line 4: the record here has more fields than the 9/,
    ],
    [
      'a quote never closed',
      csvOf([row(1)]) + '2,"uuid\n\n3\n',
      /line 3: a quote is opened in the record here and never closed/,
    ],
    [
      'text behind a quote',
      csvOf([row(1)]) + '2,"uuid"x,\n',
      /line 3: there is text between a closing quote and/,
    ],
    [
      'a quote inside a field',
      csvOf([row(1)]) + '2,uu"id,\n',
      /line 3: there is a quote inside a field/,
    ],
    ['a NUL byte', csvOf([row(1, { args: 'a\nb\0' })]), /line 3: there is a NUL byte/],
    [
      'a value of another type',
      csvOf([row(1, { args: 'a\r\nb\rc' }), row(2), row(3, { id: 'three' })]),
      /line 6, column id: .*invalid input syntax for type integer\./,
    ],
    [
      'labels in place of columns',
      csvOf([row(1)]).replace('retry', 'Tries so far'),
      /line 1: "Tries so far" is not the name of a column/,
    ],
    [
      'a column twice',
      csvOf([row(1)]).replace('retry', 'state'),
      /line 1: the column "state" is there twice/,
    ],
    [
      'a needed column not there',
      csvOf([row(1)]).replace('state', 'status'),
      /queue_job has no column state/,
    ],
    ['a header alone', `${HEADER}\n`, /holds no job/],
  ])('%s', async (_, text, expected) => {
    expect(await refusal(text)).toMatch(expected)
  })
})

describe('a COPY file', () => {
  test('needs its columns, may have an end mark, and its lines are its rows', async () => {
    const columns = COLUMNS
    const text = copyOf([row(1), row(2, { args: 'a\tb\nc\\' })])
    for (const content of [text, `${text}\\.\n`, `${text}\\.`]) {
      const jobs = await importing(content, jobsOf, { columns })
      expect(jobs.map(({ args }) => args)).toEqual(['[]', 'a\tb\nc\\'])
    }
    expect(await refusal(text)).toMatch(
      /neither a dump of pg_dump nor a CSV .* --columns id,uuid,…/,
    )
    expect(await refusal(text, { format: 'copy' })).toMatch(
      /does not name its columns: .*--columns/,
    )
    expect(await refusal(text + copyOf([row(3, { retry: 'x' })]), { columns })).toMatch(
      /line 3, column retry/,
    )
    expect(await refusal(`${text}\\.\n1\tx\n`, { columns })).toMatch(
      /line 4: there is text behind the end of the rows/,
    )
    expect(await refusal(text.slice(0, -3), { columns })).toMatch(
      /line 2: the file ends inside a row/,
    )
  })
})

test('a row that no job can be is refused before it fills the memory, with the line where it begins', async () => {
  const long = 'y'.repeat(100 * 1024 * 1024)
  expect(await refusal(`${csvOf([row(1)])}2,"${long}`)).toMatch(
    /line 3: the row that begins here is longer than 64 MiB, as if a quote were never closed/,
  )
  expect(await refusal(dumpOf([row(1), row(2, { args: long })]))).toMatch(
    /line 9: the row that begins here is longer than 64 MiB/,
  )
})

test('a flag that belongs to another kind of source is refused', async () => {
  expect(await refusal(dumpOf([row(1)]), { columns: ['id'] })).toMatch(
    /--columns is for a COPY file, and .*source is a dump of pg_dump: leave it out/,
  )
  expect(await refusal(dumpOf([row(1)]), { channelsPath: 'x.csv' })).toMatch(
    /--channels-csv is for/,
  )
  expect(await refusal(csvOf([row(1)]), { schema: 'public' })).toMatch(/--schema is for a dump/)
})

test('an archive where no pg_restore is installed says how to read it', async () => {
  const path = '/data/odoo.dump'
  const programs = [join(root, 'bin/pg_restore'), join(root, 'elsewhere/pg_restore')]
  const error: unknown = await openArchive(path, { programs }).catch((caught: unknown) => caught)
  expect(error).toMatchObject({ code: 'input' })
  expect(messageOf(error)).toMatch(
    /^\/data\/odoo\.dump is an archive .* no pg_restore here .*postgresql-client.*--table queue_job /,
  )
})

describe('what is no queue', () => {
  test.each([
    ['an empty file', '', /source is empty/],
    ['a text', 'Dear sir,\n', /source is neither a dump of pg_dump nor a CSV/],
    [
      'a ZIP of Odoo',
      Buffer.from('504b0304140000', 'hex'),
      /is a ZIP file.*unzip -p backup\.zip dump\.sql \| queue-drill/,
    ],
    ['UTF-16', Buffer.from('\uFEFF-- PostgreSQL', 'utf16le'), /is UTF-16, .*pg_dump --file/],
    ['zstd', Buffer.from('28b52ffd0000', 'hex'), /packed with zstd/],
    ['binary COPY', Buffer.from('PGCOPY\n\xff\r\n\0', 'latin1'), /COPY in binary form/],
    ['another binary', Buffer.from('7f454c4602000000', 'hex'), /is no text/],
    ['an archive that is none', 'PGDMP', /pg_restore cannot read/],
    ['gzip of nothing', gzipSync(''), /is empty/],
    [
      'gzip that is damaged',
      Buffer.concat([gzipSync('x'.repeat(1000)).subarray(0, 20), Buffer.alloc(9)]),
      /cannot be unpacked/,
    ],
  ])('%s', async (_, content, expected) => {
    expect(await refusal(content)).toMatch(expected)
  })

  test('a file that is not there, a directory, a snapshot', async () => {
    const of = (path: string) => refusalOf(inEmptyDatabase(() => importRows(client, { path })))
    expect(await of(join(root, 'nowhere'))).toMatch(/nowhere is not there/)
    await mkdir(join(root, 'empty'))
    expect(await of(join(root, 'empty'))).toMatch(/is a directory and no dump/)
    await writeFile(join(root, 'empty', 'manifest.json'), '{}')
    expect(await of(join(root, 'empty'))).toMatch(/is a snapshot already/)
  })
})

/** Texts in which every character that one of the formats minds is likely. */
const text = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        '"',
        '""',
        ',',
        ';',
        '\t',
        '\n',
        '\r',
        '\r\n',
        '\\',
        '\\.',
        '\n\\.\n',
        '\\N',
        ' ',
        'é',
        '🚒',
      ),
      fc.string({ unit: 'binary', maxLength: 5 }).map((each) => each.replaceAll('\0', '')),
    ),
    { maxLength: 12 },
  )
  .map((parts) => parts.join(''))
  // A lone half of a pair is no UTF-8.
  .map((each) => Buffer.from(each, 'utf8').toString('utf8'))

const field = fc.option(text, { nil: null })

test('whatever the rows hold, they come out of a dump, a CSV and a COPY file as they were', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.record({ uuid: text, args: field, channel: field }), {
        minLength: 1,
        maxLength: 8,
      }),
      fc.constantFrom(',', ';', '\t', '|'),
      fc.constantFrom('\n', '\r\n'),
      async (changes, delimiter, end) => {
        const rows = changes.map((change, index) => row(index + 1, change))
        const sources: readonly (readonly [string, Partial<ImportSource>])[] = [
          [dumpOf(rows), { series: '16.0' }],
          [csvOf(rows, delimiter, end), { series: '16.0' }],
          [copyOf(rows), { columns: COLUMNS, series: '16.0' }],
        ]
        for (const [content, more] of sources) {
          const jobs = await importing(content, jobsOf, more).catch((error: unknown) => error)
          expect(jobs).toEqual(
            rows.map((fields, index) => ({
              ...Object.fromEntries(COLUMNS.map((column, at) => [column, fields[at]])),
              id: index + 1,
              retry: 0,
            })),
          )
        }
      },
    ),
    { numRuns: 25 },
  )
})
