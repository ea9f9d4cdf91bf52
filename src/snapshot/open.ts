/**
 * Finds a snapshot by its name or directory and reads what describes it. The data files are not touched here: who
 * reads them checks them (`data-file.ts`).
 */
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { DrillError } from '../foundation/errors.ts'
import type { Workload } from '../queue-job/workload.ts'
import { MANIFEST_FILE, OPERATIONS_FILE, parseManifest } from './format.ts'
import type { Manifest } from './format.ts'
import { openPlainFile } from './plain-file.ts'
import { putAside } from './unfinished.ts'
import { parseWorkload } from './workload-file.ts'

/** `snapshots/` of the package; the same two levels up from `src/snapshot` and from `dist/snapshot`. */
const BUNDLED = fileURLToPath(new URL('../../snapshots/', import.meta.url))

/** A thousand functions take a workload of 2 MB, a manifest of 100 million rows 400 kB. */
const TEXT_BYTES_MAX = 64 * 1024 * 1024

/** A queue on disk, described and opened. */
export interface Snapshot {
  /** As the manifest says. */
  readonly name: string
  /** Absolute path. */
  readonly directory: string
  readonly manifest: Manifest
  /** Of the bytes of `manifest.json`, which holds the checksums of every other file but the operations file. */
  readonly manifestSha256: string
  /** Virtual ms; the drill's clock begins here. */
  readonly capturedAt: number
  readonly workload: Workload
  /** People edit this file: it is in no checksum of the manifest, its own stands in the journal. */
  readonly operationsPath: string
  readonly operationsSha256: string
}

/** Names of the snapshots that come with the package, sorted. */
export async function bundledSnapshots(): Promise<string[]> {
  if (!existsSync(BUNDLED)) return []
  const entries = await readdir(BUNDLED)
  return entries.filter((name) => existsSync(join(BUNDLED, name, MANIFEST_FILE))).sort()
}

/** What a snapshot says of itself; its operations file may be missing still. */
export type SnapshotDescription = Pick<
  Snapshot,
  'directory' | 'manifest' | 'manifestSha256' | 'workload' | 'operationsPath'
>

/** Opens a bundled snapshot by name, or any directory. Throws DrillError `input` if it is not one. */
export async function openSnapshot(nameOrDirectory: string): Promise<Snapshot> {
  const description = await describeSnapshot(nameOrDirectory)
  const { directory, manifest } = description
  return {
    ...description,
    name: manifest.name,
    capturedAt: Date.parse(manifest.captured_at),
    operationsSha256: sha256(await readText(directory, OPERATIONS_FILE)),
  }
}

/** Manifest and workload alone. Throws DrillError `input`. */
export async function describeSnapshot(nameOrDirectory: string): Promise<SnapshotDescription> {
  const directory = await directoryOf(nameOrDirectory)
  const manifestText = await readText(directory, MANIFEST_FILE)
  const manifest = parseManifest(join(directory, MANIFEST_FILE), manifestText)
  const workloadPath = join(directory, manifest.workload.name)
  const workloadText = await readText(directory, manifest.workload.name)
  if (sha256(workloadText) !== manifest.workload.sha256) {
    throw new DrillError(
      'input',
      `${workloadPath} was changed or damaged: its SHA-256 is ${sha256(workloadText)}, the manifest says ` +
        `${manifest.workload.sha256}. Restore it, or generate the snapshot again.`,
    )
  }
  return {
    directory,
    manifest,
    manifestSha256: sha256(manifestText),
    workload: parseWorkload(workloadPath, workloadText),
    operationsPath: join(directory, OPERATIONS_FILE),
  }
}

async function directoryOf(nameOrDirectory: string): Promise<string> {
  const bundled = await bundledSnapshots()
  if (bundled.includes(nameOrDirectory)) return join(BUNDLED, nameOrDirectory)
  const directory = resolve(nameOrDirectory)
  if (existsSync(join(directory, MANIFEST_FILE))) return directory
  const aside = await putAside(directory)
  if (aside !== null && !existsSync(directory)) {
    throw new DrillError(
      'input',
      `${directory} was being replaced when the run that did it was ended. The snapshot before it is whole: the next run ` +
        `puts it back, or you: mv ${aside} ${directory}`,
    )
  }
  const found = existsSync(directory)
    ? `${directory} is no snapshot: it has no ${MANIFEST_FILE}`
    : `there is no snapshot "${nameOrDirectory}"`
  throw new DrillError(
    'input',
    `${found}. Give a directory with a ${MANIFEST_FILE}, or one of the bundled: ${bundled.join(', ')}.`,
  )
}

/** The bytes are hashed as they are read: UTF-8 without loss, else the file is refused. */
async function readText(directory: string, name: string): Promise<string> {
  const path = join(directory, name)
  const advice = 'A snapshot needs it: restore the file, or generate the snapshot again.'
  const handle = await openPlainFile(path, advice)
  let bytes: Buffer
  try {
    if ((await handle.stat()).size > TEXT_BYTES_MAX) {
      throw new DrillError(
        'input',
        `${path} is larger than ${TEXT_BYTES_MAX / 1024 / 1024} MiB. ${advice}`,
      )
    }
    bytes = await handle.readFile()
  } finally {
    await handle.close()
  }
  const text = bytes.toString('utf8')
  if (!Buffer.from(text, 'utf8').equals(bytes)) {
    throw new DrillError('input', `${path} is not UTF-8 text. Restore it, or generate it again.`)
  }
  return text
}

function sha256(text: string): string {
  return createHash('sha256').update(text, 'utf8').digest('hex')
}
