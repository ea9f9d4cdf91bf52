/** Which files of a directory are the snapshot's own, by its manifest, of whatever version: all others are somebody's. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { MANIFEST_FILE, OPERATIONS_FILE, WORKLOAD_FILE } from './format.ts'

const named = z.looseObject({ name: z.string() })
const anyManifest = z.looseObject({
  format: z.string().startsWith('queue-drill-snapshot/'),
  tables: z.record(z.string(), z.looseObject({ files: z.array(named) })).catch({}),
  workload: named.catch({ name: WORKLOAD_FILE }),
})

/** Null where the directory has no manifest of a snapshot: programs of other kinds have a `manifest.json`, too. */
export async function filesOfSnapshot(directory: string): Promise<ReadonlySet<string> | null> {
  const manifest = anyManifest.safeParse(await readJson(join(directory, MANIFEST_FILE)))
  if (!manifest.success) return null
  const { tables, workload } = manifest.data
  const data = Object.values(tables).flatMap(({ files }) => files.map(({ name }) => name))
  return new Set([MANIFEST_FILE, OPERATIONS_FILE, WORKLOAD_FILE, workload.name, ...data])
}

async function readJson(path: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path, 'utf8'))
  } catch {
    // Not there, not to be read, no JSON: no manifest of a snapshot.
    return null
  }
}
