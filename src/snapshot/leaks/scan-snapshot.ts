/**
 * Looks at every field of every row of a snapshot, at its manifest and its workload, for what should have been masked.
 * Tells file, row, column and kind, never the value: a report of leaks must not be one.
 */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { decodeRows } from '../copy-text.ts'
import type { Field } from '../copy-text.ts'
import { readDataFile } from '../data-file.ts'
import { MANIFEST_FILE, tablesOf } from '../format.ts'
import type { Manifest } from '../format.ts'
import { findLeak } from './scan.ts'

/** Values that come again and again are looked at once; longer ones rarely do. */
const CACHED_LENGTH_MAX = 80
const CACHED_MAX = 50_000
const TIMESTAMP = /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d{1,6})?$/

export interface FoundLeak {
  /** `queue_job.0001.copy.gz, row 17, column args`. */
  readonly place: string
  /** `queue_job.args`; of manifest and workload the name of the file. */
  readonly field: string
  readonly kind: string
}

/** Leaks of one kind in one field. */
export interface LeakGroup extends Pick<FoundLeak, 'field' | 'kind'> {
  readonly count: number
  /** Where the first of them is. */
  readonly first: string
}

/** Most frequent first. */
export async function leakGroups(leaks: AsyncIterable<FoundLeak>): Promise<LeakGroup[]> {
  const groups = new Map<string, LeakGroup>()
  for await (const { place, field, kind } of leaks) {
    const key = `${field} ${kind}`
    const { count, first } = groups.get(key) ?? { count: 0, first: place }
    groups.set(key, { field, kind, count: count + 1, first })
  }
  return [...groups.values()].sort((left, right) => right.count - left.count)
}

/** In the order of the files. Throws DrillError `input` for a damaged file. */
export async function* scanSnapshot(snapshot: {
  readonly directory: string
  readonly manifest: Manifest
}): AsyncGenerator<FoundLeak> {
  const { directory, manifest } = snapshot
  for (const name of [MANIFEST_FILE, manifest.workload.name]) {
    const text = await readFile(join(directory, name), 'utf8')
    yield* leaksOfValue(JSON.parse(text), name, '')
  }
  const kindOf = cachedFindLeak()
  for (const { name, columns, files } of tablesOf(manifest)) {
    for (const file of files) {
      let row = 0
      const chunks = readDataFile(directory, file)
      for await (const batch of decodeRows(chunks, columns.length, file.name)) {
        for (const fields of batch) {
          row += 1
          for (let index = 0; index < fields.length; index++) {
            const kind = kindOf(fields[index]!)
            if (kind === null) continue
            const column = columns[index]!
            const place = `${file.name}, row ${row}, column ${column}`
            yield { place, field: `${name}.${column}`, kind }
          }
        }
      }
    }
  }
}

function cachedFindLeak(): (field: Field) => string | null {
  const cache = new Map<string, string | null>()
  return (field) => {
    if (field === null || field.length < 7 || TIMESTAMP.test(field)) return null
    if (field.length > CACHED_LENGTH_MAX) return findLeak(field)?.kind ?? null
    let kind = cache.get(field)
    if (kind === undefined) {
      kind = findLeak(field)?.kind ?? null
      if (cache.size >= CACHED_MAX) cache.clear()
      cache.set(field, kind)
    }
    return kind
  }
}

/** Checksums are random by their nature. */
function isChecksum(path: string): boolean {
  return path.endsWith('sha256')
}

function* leaksOfValue(value: unknown, file: string, path: string): Generator<FoundLeak> {
  if (typeof value === 'string') {
    const leak = isChecksum(path) ? null : findLeak(value)
    if (leak !== null) yield { place: `${file}, ${path}`, field: file, kind: leak.kind }
    return
  }
  if (typeof value !== 'object' || value === null) return
  for (const [key, inside] of Object.entries(value)) {
    const keyLeak = findLeak(key)
    if (keyLeak !== null) {
      yield { place: `${file}, a key of ${path}`, field: file, kind: keyLeak.kind }
    }
    const isIndex = Array.isArray(value)
    const below = isIndex ? `${path}[${key}]` : path === '' ? key : `${path}.${key}`
    yield* leaksOfValue(inside, file, below)
  }
}
