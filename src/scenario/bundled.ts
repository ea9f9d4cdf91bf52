/** The scenarios that come with the program, by name. */
import { readdir } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** `scenarios/` beside `src/` and `dist/`. */
const DIRECTORY = fileURLToPath(new URL('../../scenarios', import.meta.url))

/** A scenario file of the package. */
export interface BundledScenario {
  readonly name: string
  readonly path: string
}

/** Sorted by name. */
export async function bundledScenarios(): Promise<readonly BundledScenario[]> {
  const files = (await readdir(DIRECTORY)).filter((file) => file.endsWith('.yaml')).sort()
  return files.map((file) => ({ name: basename(file, '.yaml'), path: join(DIRECTORY, file) }))
}
