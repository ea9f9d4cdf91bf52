/** Snapshots that somebody made to do harm: each is exit 2 with a clear sentence, and nothing is loaded. */
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { createReadStream, createWriteStream } from 'node:fs'
import { readFile, rename, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { promisify } from 'node:util'
import { createGzip, gzipSync } from 'node:zlib'
import { createHash } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Server } from '../../src/sandbox/sandbox.ts'
import { openServer } from '../../src/sandbox/server.ts'
import { loadSnapshot } from '../../src/snapshot/load.ts'
import { openSnapshot } from '../../src/snapshot/open.ts'
import { readJobs } from '../../src/snapshot/rows.ts'
import { editJobs, editManifest, JOBS_FILE, sha256, smallSnapshots } from './small-snapshot.ts'
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

const messageOf = async (attempt: Promise<unknown>): Promise<string> => {
  const error: unknown = await attempt.then(
    () => null,
    (caught: unknown) => caught,
  )
  expect(error).toMatchObject({ name: 'DrillError', code: 'input', exitStatus: 2 })
  return (error as Error).message
}

/** What loading says, and what reading the rows for the world says, in this order; both refuse, no table is left. */
async function refusals(directory: string): Promise<[string, string]> {
  const snapshot = await openSnapshot(directory)
  let loading = ''
  const template = server.template(async (client) => {
    loading = await messageOf(loadSnapshot(snapshot, client))
    const left = await client.query(`select from pg_class where relname like 'queue_job%'`)
    expect(left.rowCount).toBe(0)
    throw new Error('enough')
  })
  await expect(template).rejects.toThrow('enough')
  const reading = await messageOf(
    (async () => {
      for await (const job of readJobs(snapshot)) void job
    })(),
  )
  return [loading, reading]
}

/** Puts another file in the place of the jobs and makes the manifest right but for what `content` says of the text. */
async function replaceJobs(
  directory: string,
  packed: Buffer,
  content: { bytes: number; sha256: string },
): Promise<void> {
  await writeFile(join(directory, JOBS_FILE), packed)
  await editManifest(directory, ({ tables }) => {
    Object.assign(tables.queue_job.files[0]!, {
      bytes: packed.length,
      sha256: sha256(packed),
      content_bytes: content.bytes,
      content_sha256: content.sha256,
    })
  })
}

test('a part that unpacks to a thousand times its size stops where the manifest says that it ends', async () => {
  const directory = await snapshots.copy()
  const bomb = gzipSync(Buffer.alloc(200_000_000, 'x'), { level: 9 })
  await replaceJobs(directory, bomb, { bytes: 1_000_000, sha256: '0'.repeat(64) })
  const before = process.memoryUsage().rss
  for (const message of await refusals(directory)) {
    expect(message).toContain('unpacks to more than the 1000000 bytes that the manifest says')
  }
  expect(process.memoryUsage().rss - before).toBeLessThan(100_000_000)
})

test('a part that unpacks to less than the manifest says', async () => {
  const directory = await snapshots.copy()
  await editManifest(directory, ({ tables }) => {
    tables.queue_job.files[0]!.content_bytes += 1
  })
  for (const message of await refusals(directory)) {
    expect(message).toMatch(/unpacks to \d+ bytes, the manifest says \d+/)
  }
})

test('a single value of 100 MB', async () => {
  const directory = await snapshots.copy()
  const path = join(directory, JOBS_FILE)
  const hash = createHash('sha256')
  const chunks = function* (): Generator<Buffer> {
    for (let count = 0; count < 100; count++) yield Buffer.alloc(1_000_000, 'x')
    yield Buffer.from('\n')
  }
  await pipeline(Readable.from(chunks()), createGzip({ level: 1 }), createWriteStream(path))
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer)
  const { size } = await stat(path)
  await editManifest(directory, ({ tables }) => {
    tables.queue_job.rows = 1
    Object.assign(tables.queue_job.files[0]!, {
      rows: 1,
      bytes: size,
      sha256: hash.digest('hex'),
      content_bytes: 100_000_001,
    })
  })
  for (const message of await refusals(directory)) {
    expect(message).toMatch(/queue_job\.0001\.copy\.gz: row 1 is longer than 64 MiB/)
  }
})

test.each([
  ['a byte that is no UTF-8', Buffer.from([0xff]), 'is not UTF-8'],
  ['half a character', Buffer.from([0xc3]), 'is not UTF-8'],
  ['a NUL', Buffer.from([0]), 'holds a NUL'],
  ['an octal NUL', Buffer.from('\\000'), 'holds a NUL'],
  ['a hexadecimal NUL', Buffer.from('\\x0g'), 'holds a NUL'],
])('%s inside a value', async (_, bytes, reason) => {
  const directory = await snapshots.copy()
  const { gunzipSync } = await import('node:zlib')
  const content = gunzipSync(await readFile(join(directory, JOBS_FILE)))
  const at = content.indexOf('\t', content.indexOf('\n')) + 3
  const spoilt = Buffer.concat([content.subarray(0, at), bytes, content.subarray(at)])
  await replaceJobs(directory, gzipSync(spoilt), { bytes: spoilt.length, sha256: sha256(spoilt) })
  const [loading, reading] = await refusals(directory)
  expect(loading).toMatch(/PostgreSQL refuses the data: invalid byte sequence for encoding "UTF8"/)
  expect(reading).toContain(`queue_job.0001.copy.gz, row 2: ${reason}`)
})

test('rows with other columns than the manifest says', async () => {
  const directory = await snapshots.copy()
  await editJobs(directory, (content) => content.replaceAll(/\t[^\t\n]*$/gm, ''))
  const [loading, reading] = await refusals(directory)
  expect(loading).toMatch(/PostgreSQL refuses the data: missing data for column/)
  expect(reading).toContain('33 fields, the manifest lists 34 columns')
})

test('columns in another order than the manifest says', async () => {
  const directory = await snapshots.copy()
  await editManifest(directory, ({ tables }) => {
    tables.queue_job.columns.reverse()
  })
  const [loading] = await refusals(directory)
  expect(loading).toMatch(/PostgreSQL refuses the data: invalid input syntax/)
})

test('a part that is a link, a directory, or a pipe', async () => {
  const elsewhere = await snapshots.copy()
  const directory = await snapshots.copy()
  const path = join(directory, JOBS_FILE)
  await rm(path)
  await symlink(join(elsewhere, JOBS_FILE), path)
  for (const message of await refusals(directory)) expect(message).toContain('is a symbolic link')
  await rm(path)
  await rename(elsewhere, path)
  for (const message of await refusals(directory)) expect(message).toContain('is no plain file')
  await rm(path, { recursive: true })
  await promisify(execFile)('mkfifo', [path])
  for (const message of await refusals(directory)) expect(message).toContain('is no plain file')
})

test.each(['manifest.json', 'workload.json', 'operations.yaml'])(
  'a %s that is a link or never ends',
  async (name) => {
    const directory = await snapshots.copy()
    const path = join(directory, name)
    await rm(path)
    await symlink('/dev/zero', path)
    expect(await messageOf(openSnapshot(directory))).toContain(`${name} is a symbolic link`)
    await rm(path)
    await promisify(execFile)('mkfifo', [path])
    expect(await messageOf(openSnapshot(directory))).toContain(`${name} is no plain file`)
    await rm(path)
    const stream = createWriteStream(path)
    for (let count = 0; count < 65; count++) {
      if (!stream.write(Buffer.alloc(1024 * 1024, ' '))) await once(stream, 'drain')
    }
    stream.end()
    await once(stream, 'close')
    expect(await messageOf(openSnapshot(directory))).toContain(`${name} is larger than 64 MiB`)
  },
)

test.each(['../secret.copy.gz', '/etc/passwd', 'a/../../b', '.hidden', 'x\u0000y', ''])(
  'a manifest that names the file %j',
  async (name) => {
    const directory = await snapshots.copy()
    await editManifest(directory, ({ tables }) => {
      tables.queue_job.files[0]!.name = name
    })
    expect(await messageOf(openSnapshot(directory))).toContain(
      'must be the plain name of a file in the snapshot directory',
    )
  },
)

test('a manifest from the future is told as such', async () => {
  const directory = await snapshots.copy()
  await editManifest(directory, (manifest) => {
    Object.assign(manifest, { format: 'queue-drill-snapshot/2', tables: 'elsewhere' })
  })
  expect(await messageOf(openSnapshot(directory))).toContain(
    'format is "queue-drill-snapshot/2", this queue-drill reads "queue-drill-snapshot/1"',
  )
})

test('a column whose name or type is SQL', async () => {
  const directory = await snapshots.copy()
  await editManifest(directory, ({ tables }) => {
    tables.queue_job.columns[5] = 'name"); drop table queue_job; --'
  })
  expect(await messageOf(openSnapshot(directory))).toContain('must be a column name')
  const other = await snapshots.copy()
  await editManifest(other, ({ tables }) => {
    Object.assign(tables.queue_job, { extra: { more: 'text); drop table queue_job; --' } })
  })
  expect(await messageOf(openSnapshot(other))).toContain('tables.queue_job.extra.more')
})
