/**
 * The directory of the weekly snapshots: one folder a capture, named by week and moment, the oldest deleted. One that did
 * not verify stays as `….refused`, so that somebody can look at it; the next weekly run that drills deletes it.
 */
import { existsSync } from 'node:fs'
import { mkdir, readdir, rename, rm } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { DrillError } from '../../foundation/errors.ts'
import { readExisting, writeOperations } from '../../snapshot/map/map-snapshot.ts'
import { proposeOperations } from '../../snapshot/map/propose.ts'
import { MANIFEST_FILE } from '../../snapshot/format.ts'
import { describeSnapshot } from '../../snapshot/open.ts'

const NAME = /^\d{4}-W\d\d-\d{8}T\d{6}(-\d+)?$/
const REFUSED = '.refused'

/** `2026-W48-20261124T101500`. */
export function snapshotName(week: string, startedAt: Date): string {
  return `${week}-${startedAt.toISOString().replaceAll(/[-:]/g, '').slice(0, 15)}`
}

/** Whole snapshots of weekly runs, absolute, the oldest first. */
export async function weeklySnapshots(directory: string): Promise<readonly string[]> {
  if (!existsSync(directory)) return []
  const names = (await readdir(directory)).filter((name) => NAME.test(name)).sort()
  return names
    .map((name) => join(directory, name))
    .filter((path) => existsSync(join(path, MANIFEST_FILE)))
}

/** Deletes all but the newest, and those that were refused; nothing that a weekly run did not make. */
export async function pruneSnapshots(directory: string, keep: number): Promise<readonly string[]> {
  const refused = (await readdir(directory))
    .filter((name) => name.endsWith(REFUSED) && NAME.test(basename(name, REFUSED)))
    .map((name) => join(directory, name))
  const old = [...(await weeklySnapshots(directory)).slice(0, -keep), ...refused]
  for (const path of old) await rm(path, { recursive: true })
  return old
}

/** Takes a snapshot that did not verify out of the row. Returns the error, which tells now where it is. */
export async function refuseSnapshot(snapshot: string, error: unknown): Promise<unknown> {
  if (!(error instanceof DrillError)) return error
  const refused = snapshot + REFUSED
  // Of the same moment, where a week is played once more.
  await rm(refused, { recursive: true, force: true })
  await rename(snapshot, refused)
  return new DrillError(
    error.code,
    `${error.message}\nIt stands in ${refused} until the next weekly run that drills: look at it, delete it, ` +
      'and mend the policy of the masking or the source.',
    { cause: error },
  )
}

/** Adds what is new to the team's operations file, and puts that file into the snapshot. */
export async function useTeamOperations(snapshot: string, teamPath: string): Promise<void> {
  const { workload, operationsPath } = await describeSnapshot(snapshot)
  const existing = await readExisting(teamPath)
  const { text } = proposeOperations(workload, existing)
  if (text !== existing) {
    await mkdir(join(teamPath, '..'), { recursive: true })
    await writeOperations(teamPath, text)
  }
  await writeOperations(operationsPath, text)
}
