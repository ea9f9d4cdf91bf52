/**
 * From what stands on the command line to scenarios: names of bundled ones, paths, directories, globs; nothing = all
 * bundled ones.
 */
import { stat } from 'node:fs/promises'
import { join, relative, sep } from 'node:path'
import { text as readAll } from 'node:stream/consumers'
import { DrillError } from '../foundation/errors.ts'
import { type BundledScenario, bundledScenarios } from '../scenario/bundled.ts'
import { unknownScenario } from '../scenario/find-scenario.ts'
import { problemLine } from '../scenario/problems.ts'
import { checkScenario, readText } from '../scenario/scenario-file.ts'
import type { Scenario } from '../scenario/scenario.ts'
import type { Problem } from '../scenario/yaml-source.ts'
import { STANDARD_INPUT } from './context.ts'
import { glob, isGlob } from './glob.ts'

/** A scenario file that was found, not read yet. */
export interface ScenarioSource {
  /** As shown to people: relative where it lies below the working directory. */
  readonly path: string
  /** What leads to it on the command line: the name of a bundled one, or the path. */
  readonly argument: string
  /** Given by its name or path: the user wants this one to run, so a role bound to nothing is an error. */
  readonly namedExplicitly: boolean
}

export interface FoundScenario extends ScenarioSource {
  readonly scenario: Scenario
}

/** Finds the files, in the order of the arguments, each once. Input error where an argument leads to none. */
export async function findScenarioFiles(
  names: readonly string[],
): Promise<readonly ScenarioSource[]> {
  const bundled = await bundledScenarios()
  if (names.length === 0) {
    return bundled.map(({ name, path }) => ({
      path: short(path),
      argument: name,
      namedExplicitly: false,
    }))
  }
  const found = new Map<string, ScenarioSource>()
  for (const name of names) {
    for (const source of await resolve(name, bundled)) {
      if (!found.has(source.path)) found.set(source.path, source)
    }
  }
  return [...found.values()]
}

/** The same, read and checked. One input error lists what is wrong in all of the files. */
export async function findScenarios(names: readonly string[]): Promise<readonly FoundScenario[]> {
  const found: FoundScenario[] = []
  const problems: string[] = []
  for (const source of await findScenarioFiles(names)) {
    const checked = await readScenario(source.path)
    problems.push(...checked.problems.map((problem) => problemLine(source.path, problem)))
    const { scenario } = checked
    if (scenario === null) continue
    const namesake = found.find((other) => other.scenario.name === scenario.name)
    if (namesake !== undefined) {
      problems.push(
        `${source.path}: "${scenario.name}" is also the name of ${namesake.path}: rename one`,
      )
    }
    found.push({ ...source, scenario })
  }
  if (problems.length > 0) throw new DrillError('input', problems.join('\n'))
  return found
}

/** Reads one file and checks it. */
export async function readScenario(
  path: string,
): Promise<{ readonly scenario: Scenario | null; readonly problems: readonly Problem[] }> {
  // As a path it cannot be opened where it is a socket.
  const text = path === STANDARD_INPUT ? await readAll(process.stdin) : await readText(path)
  const { value, problems } = checkScenario(text, path)
  return { scenario: value, problems }
}

async function resolve(
  name: string,
  bundled: readonly BundledScenario[],
): Promise<readonly ScenarioSource[]> {
  const byName = bundled.find((each) => each.name === name)
  if (byName !== undefined) {
    return [{ path: short(byName.path), argument: name, namedExplicitly: true }]
  }
  if (name === STANDARD_INPUT) return [{ path: name, argument: name, namedExplicitly: true }]
  const isDirectory = await kindOf(name)
  if (isDirectory === false) return [{ path: name, argument: name, namedExplicitly: true }]
  if (isDirectory === null && !isGlob(name)) throw unknownScenario(name, bundled)
  const paths = await glob(isDirectory === true ? join(name, '*.{yaml,yml}') : name)
  if (paths.length === 0) throw new DrillError('input', `${name}: no scenario file there`)
  return paths.map((path) => ({ path, argument: path, namedExplicitly: false }))
}

/** True = a directory, false = a file, null = nothing there. */
async function kindOf(path: string): Promise<boolean | null> {
  const found = await stat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return null
    throw error
  })
  return found === null ? null : found.isDirectory()
}

/** Relative to the working directory where that is below it. */
function short(path: string): string {
  const below = relative(process.cwd(), path)
  return below === '..' || below.startsWith(`..${sep}`) ? path : below
}
