/** The private directory of one engine: commands and named pipes of a program. Its name carries the mark of the harness. */
import { rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { noteOpen } from './cleanup.ts'
import { clearLeftOvers, makeDirectory } from './embedded/directory.ts'

export interface EngineDirectory extends AsyncDisposable {
  /** Mode 0700. */
  readonly path: string
}

/** Clears what dead harnesses left, too. Throws DrillError `harness` where nothing can be written. */
export function openEngineDirectory(): EngineDirectory {
  const places = [tmpdir()]
  clearLeftOvers(null, places)
  const path = makeDirectory(null, places)
  const closeNow = () => rmSync(path, { recursive: true, force: true })
  const dispose = async () => {
    closeNow()
    forget()
  }
  const forget = noteOpen({ closeNow, [Symbol.asyncDispose]: dispose })
  return { path, [Symbol.asyncDispose]: dispose }
}
