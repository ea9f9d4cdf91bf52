/** Scores a finished drill from its journals alone, and writes what stands in its directory. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { JournalSet } from '../journal/events.ts'
import { renderNotes } from '../report/notes.ts'
import { buildReport, type Report } from '../report/report-json.ts'
import { scoreDrill } from '../scoring/score-drill.ts'
import { REPORT_FILE, type RunFile, writeJournals } from './run-directory.ts'

/** `directory`: of the drill, which exists. `factsOf` is asked when the score is there, since that takes wall time, too. */
export async function judgeDrill(
  directory: string,
  journals: JournalSet,
  factsOf: () => Pick<RunFile, 'postgres' | 'wall' | 'output'>,
): Promise<Report> {
  const score = scoreDrill(journals)
  const run: RunFile = { ...factsOf(), ...(await writeJournals(directory, journals)) }
  const report = buildReport(score, journals.drill.header, run)
  await writeFile(join(directory, 'run.json'), `${JSON.stringify(run, null, 2)}\n`)
  await writeFile(join(directory, REPORT_FILE), `${JSON.stringify(report, null, 2)}\n`)
  await writeFile(join(directory, 'notes.md'), renderNotes(journals.drill, report))
  return report
}
