/** SQL of the user's own in the sandbox: what it makes, the engine may use; what is wrong with it is said with its line. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client } from 'pg'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { readExtraSql, runExtraSql } from '../../src/drill/extra-sql.ts'
import { createConstraints, createTables } from '../../src/queue-job/ddl.ts'
import { schemaOf } from '../../src/queue-job/series.ts'
import type { Server } from '../../src/sandbox/sandbox.ts'
import { openServer } from '../../src/sandbox/server.ts'

let server: Server
let directory: string

beforeAll(async () => {
  server = await openServer('embedded')
  directory = await mkdtemp(join(tmpdir(), 'queue-drill-test-'))
})
afterAll(async () => {
  await rm(directory, { recursive: true, force: true })
  await server[Symbol.asyncDispose]()
})

async function sqlFile(text: string) {
  const path = join(directory, 'extra.sql')
  await writeFile(path, text)
  return readExtraSql(path)
}

const schema = schemaOf('16.0')
const template = async (text: string) => {
  const extra = await sqlFile(text)
  return server.template(async (client) => {
    await client.query(createTables(schema))
    await client.query(createConstraints(schema))
    await runExtraSql(client, extra)
  })
}

it('gives the engine tables, sequences and views of its own, in odd schemas as well', async () => {
  await using loaded = await template(`
    create table recovery_log (id serial primary key, note text);
    create schema "My Service";
    create table "My Service"."Seen" (id int);
    create view busy as select count(*) as jobs from queue_job;`)
  await using database = await loaded.clone({ timeZone: 'UTC' })
  const engine = new Client({ connectionString: database.engineUri })
  await engine.connect()
  try {
    await engine.query(`insert into recovery_log (note) values ('x')`)
    await engine.query('truncate "My Service"."Seen"')
    expect((await engine.query('select jobs::int4 from busy')).rows).toEqual([{ jobs: 0 }])
    await expect(engine.query('drop table recovery_log')).rejects.toMatchObject({ code: '42501' })
  } finally {
    await engine.end()
  }
})

it.each([
  [
    'create table a (id int);\n\ncreate tabel b (id int);',
    'extra.sql:3: syntax error at or near "tabel"',
  ],
  ['\\i other.sql', 'commands of psql'],
  ['copy queue_job from stdin;', 'COPY FROM STDIN'],
])('%j is an input error', async (text, words) => {
  await expect(template(text)).rejects.toMatchObject({
    code: 'input',
    message: expect.stringContaining(words),
  })
})

it('a file that is not there is an input error', async () => {
  await expect(readExtraSql('/no/such.sql')).rejects.toMatchObject({
    code: 'input',
    message: expect.stringMatching(/^--extra-sql \/no\/such.sql cannot be read/),
  })
})
