/** The map on disk: reads a snapshot's workload and operations file, and puts the proposed file in its place. */
import { readFile, rename, rm, writeFile } from 'node:fs/promises'
import { DrillError } from '../../foundation/errors.ts'
import { describeSnapshot } from '../open.ts'
import { proposeOperations, type Proposal } from './propose.ts'

export interface MappedSnapshot extends Proposal {
  /** Of the operations file, absolute. */
  readonly path: string
  /** Its text as it stands; null = there is none yet. */
  readonly existing: string | null
}

/** Reads only. `previous`: name or directory of the last snapshot, null = none. Throws DrillError `input`. */
export async function mapSnapshot(
  nameOrDirectory: string,
  previous: string | null,
): Promise<MappedSnapshot> {
  const { workload, operationsPath: path } = await describeSnapshot(nameOrDirectory)
  const before = previous === null ? undefined : (await describeSnapshot(previous)).workload
  const existing = await readExisting(path)
  return { ...proposeOperations(workload, existing, before), path, existing }
}

/** The text of an operations file; null where there is none. */
export async function readExisting(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') return null
    throw new DrillError('input', `${path} cannot be read (${code})`, { cause: error })
  }
}

/** Whole or not at all: people's edits must not be lost to a full disk. */
export async function writeOperations(path: string, text: string): Promise<void> {
  const incomplete = `${path}.incomplete`
  try {
    await writeFile(incomplete, text)
    await rename(incomplete, path)
  } catch (error) {
    await rm(incomplete, { force: true })
    const { code } = error as NodeJS.ErrnoException
    throw new DrillError('harness', `${path} cannot be written (${code}); it is as it was`, {
      cause: error,
    })
  }
}
