/** Copies of one small generated snapshot that a test may damage, and the directory they live in. */
import { createHash } from 'node:crypto'
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import type { Manifest } from '../../src/snapshot/format.ts'
import { generateSnapshot } from '../../src/snapshot/generate/generate.ts'

export const JOBS_FILE = 'queue_job.0001.copy.gz'

export interface SnapshotCopies extends AsyncDisposable {
  /** A fresh copy; its path. */
  copy(): Promise<string>
}

export async function smallSnapshots(rows = 1200): Promise<SnapshotCopies> {
  const root = await mkdtemp(join(tmpdir(), 'queue-drill-test-'))
  const original = join(root, 'original')
  await generateSnapshot({ company: 'company-25k', directory: original, rows })
  let copies = 0
  return {
    copy: async () => {
      copies += 1
      const directory = join(root, `copy-${copies}`)
      await cp(original, directory, { recursive: true })
      return directory
    },
    [Symbol.asyncDispose]: () => rm(root, { recursive: true, force: true }),
  }
}

export async function editManifest(
  directory: string,
  edit: (manifest: Mutable<Manifest>) => void,
): Promise<void> {
  const path = join(directory, 'manifest.json')
  const manifest = JSON.parse(await readFile(path, 'utf8')) as Mutable<Manifest>
  edit(manifest)
  await writeFile(path, JSON.stringify(manifest))
}

/** Changes the content of the jobs file and makes its checksums right again: wrong data in a whole file. */
export async function editJobs(
  directory: string,
  edit: (content: string) => string,
): Promise<void> {
  const path = join(directory, JOBS_FILE)
  const content = edit(gunzipSync(await readFile(path)).toString('utf8'))
  const packed = gzipSync(content)
  await writeFile(path, packed)
  await editManifest(directory, (manifest) => {
    const [file] = manifest.tables.queue_job.files
    file!.bytes = packed.length
    file!.sha256 = sha256(packed)
    file!.content_bytes = Buffer.byteLength(content)
    file!.content_sha256 = sha256(content)
  })
}

/** Changes the rows that the manifest promises, in both places that must agree. */
export async function promiseRows(directory: string, change: number): Promise<void> {
  await editManifest(directory, ({ tables }) => {
    tables.queue_job.rows += change
    tables.queue_job.files[0]!.rows += change
  })
}

export function sha256(data: string | Buffer): string {
  return createHash('sha256').update(data).digest('hex')
}

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] extends object ? Mutable<T[Key]> : T[Key] }
