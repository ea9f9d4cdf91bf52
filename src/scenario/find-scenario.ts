/** One scenario by what a person calls it: the name of a bundled one, or the path of a file. */
import { stat } from 'node:fs/promises'
import { DrillError } from '../foundation/errors.ts'
import { didYouMean } from '../foundation/suggest.ts'
import { type BundledScenario, bundledScenarios } from './bundled.ts'
import { parseScenario, readText } from './scenario-file.ts'
import type { Scenario } from './scenario.ts'

export interface NamedScenario {
  readonly scenario: Scenario
  readonly path: string
}

/** Throws DrillError `input` where there is none, or for what is wrong in it. */
export async function findScenario(nameOrPath: string): Promise<NamedScenario> {
  const bundled = await bundledScenarios()
  const path = bundled.find(({ name }) => name === nameOrPath)?.path ?? nameOrPath
  const found = await stat(path).catch(() => null)
  if (found === null) throw unknownScenario(nameOrPath, bundled)
  if (found.isDirectory()) {
    throw new DrillError('input', `${path} is a folder: name one scenario file in it`)
  }
  return { scenario: parseScenario(await readText(path), path), path }
}

export function unknownScenario(name: string, bundled: readonly BundledScenario[]): DrillError {
  const names = bundled.map((each) => each.name)
  const what = /[/\\]|\.ya?ml$/.test(name)
    ? `${name}: there is no such file`
    : `"${name}" is no scenario${didYouMean(name, names)}; bundled: ${names.join(', ')}; or give the path of a file`
  return new DrillError('input', what)
}
