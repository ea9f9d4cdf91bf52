/**
 * Judges stored drills again: reads the journals of a run directory and nothing else but what run.json measured. The
 * result equals the stored report unless the rules have changed since.
 */
import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { DrillError, messageOf } from '../foundation/errors.ts'
import type { Journal } from '../journal/events.ts'
import { readJournal } from '../journal/file.ts'
import { buildReport, type Report } from '../report/report-json.ts'
import { scoreDrill } from '../scoring/score-drill.ts'
import { JOURNAL_FILES, type RunFile } from './run-directory.ts'

/** A drill on disk, judged again. */
export interface StoredDrill {
  readonly directory: string
  readonly report: Report
}

/** `directory`: of one drill, or of a run with several. Input error if there is none in it. */
export async function scoreDirectory(directory: string): Promise<readonly StoredDrill[]> {
  const directories = (await isThere(join(directory, JOURNAL_FILES.drill)))
    ? [directory]
    : await drillsIn(directory)
  if (directories.length === 0) {
    throw new DrillError(
      'input',
      `${directory}: no ${JOURNAL_FILES.drill} in it or in its folders: name the directory of a run, such as .queue-drill/runs/latest`,
    )
  }
  return Promise.all(directories.map(async (one) => ({ directory: one, report: await score(one) })))
}

async function score(directory: string): Promise<Report> {
  const run = await readRun(join(directory, 'run.json'))
  const [drill, calm, noop, retryAll] = await Promise.all([
    unchanged(join(directory, JOURNAL_FILES.drill), run.digest),
    unchanged(join(directory, JOURNAL_FILES.calm), run.twins.calm),
    unchanged(join(directory, JOURNAL_FILES.noop), run.twins.noop),
    unchanged(join(directory, JOURNAL_FILES.retryAll), run.twins.retryAll),
  ])
  return buildReport(scoreDrill({ drill, calm, noop, retryAll }), drill.header, run)
}

async function unchanged(path: string, expected: string): Promise<Journal> {
  const { journal, digest } = await readJournal(path)
  if (digest === expected) return journal
  throw new DrillError(
    'input',
    `${path} was changed: its digest is ${digest}, run.json says ${expected}`,
  )
}

async function readRun(path: string): Promise<RunFile> {
  try {
    const run = JSON.parse(await readFile(path, 'utf8')) as Partial<RunFile> | null
    if (run?.postgres && run.wall && run.twins) return run as RunFile
    throw new Error('it does not say by which digests the journals are known')
  } catch (cause) {
    throw new DrillError('input', `${path} cannot be read: ${messageOf(cause)}`, { cause })
  }
}

async function drillsIn(directory: string): Promise<string[]> {
  let names: string[]
  try {
    names = await readdir(directory)
  } catch (cause) {
    throw new DrillError(
      'input',
      `${directory} is no directory that can be read: name that of a run, such as .queue-drill/runs/latest`,
      { cause },
    )
  }
  const found: string[] = []
  for (const name of names.sort()) {
    if (await isThere(join(directory, name, JOURNAL_FILES.drill))) found.push(join(directory, name))
  }
  return found
}

async function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  )
}
