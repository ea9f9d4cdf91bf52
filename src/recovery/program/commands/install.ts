/** Writes the commands of a drill into the engine's directory: what the program finds first on its PATH. */
import { accessSync, chmodSync, constants, mkdirSync, renameSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { DrillError } from '../../../foundation/errors.ts'
import { SITECUSTOMIZE } from './python.ts'
import { dateCommand, NOW, orderingCommand } from './shell.ts'

export interface InstalledCommands {
  /** First on PATH. */
  readonly bin: string
  /** First on PYTHONPATH. */
  readonly python: string
}

/**
 * `directory`: private to the drill. `more`: commands beside `odoocli`, `sleep` and `date`. `path`: the PATH behind
 * ours. Throws DrillError `harness` where the system has no `date`.
 */
export function installCommands(
  directory: string,
  more: readonly string[],
  path: string,
): InstalledCommands {
  const bin = join(directory, 'bin')
  const python = join(directory, 'python')
  for (const each of [bin, python, join(directory, 'tmp')]) mkdirSync(each, { mode: 0o700 })
  const date = findCommand('date', path)
  if (date === null) throw new DrillError('harness', `there is no date command on PATH (${path})`)
  const install = (name: string, text: string) => {
    writeFileSync(join(bin, name), text)
    chmodSync(join(bin, name), 0o700)
  }
  for (const name of new Set(['odoocli', 'sleep', ...more])) {
    install(name, orderingCommand(directory, name))
  }
  install('date', dateCommand(directory, date, process.platform === 'darwin'))
  writeFileSync(join(python, 'sitecustomize.py'), SITECUSTOMIZE)
  return { bin, python }
}

/** In one step: whoever reads it meanwhile reads the moment before. */
export function writeNow(directory: string, now: number): void {
  const path = join(directory, NOW)
  writeFileSync(`${path}.new`, `${now}\n`)
  renameSync(`${path}.new`, path)
}

/** The first executable of that name on a PATH; null = there is none. */
function findCommand(name: string, path: string): string | null {
  for (const directory of path.split(delimiter).filter((each) => each !== '')) {
    const candidate = join(directory, name)
    try {
      accessSync(candidate, constants.X_OK)
      return candidate
    } catch {
      // The next directory may have it.
    }
  }
  return null
}
