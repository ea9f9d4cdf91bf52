/** Reads the directory of `--shims`: `NAME.yaml` maps a command to operations, an executable stands for itself. */
import { constants } from 'node:fs'
import { access, readdir, readFile, stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { DrillError, messageOf } from '../foundation/errors.ts'
import type { Shims } from '../recovery/program/commands/mapped.ts'
import { parseCommandMap } from '../scenario/command-map-file.ts'

/** Throws DrillError `input` for a directory that cannot be read, or a file in it that is neither. */
export async function readShims(directory: string): Promise<Shims> {
  const path = resolve(directory)
  let names: string[]
  try {
    names = (await readdir(path)).filter((name) => !name.startsWith('.')).sort()
  } catch (cause) {
    throw new DrillError('input', `--shims ${directory} cannot be read: ${messageOf(cause)}`, {
      cause,
    })
  }
  const executables: string[] = []
  const mapped: Record<string, Shims['mapped'][string]> = {}
  for (const name of names) {
    const file = join(path, name)
    const command = /^(.+)\.ya?ml$/.exec(name)?.[1]
    if (command !== undefined) {
      mapped[command] = parseCommandMap(await readFile(file, 'utf8'), join(directory, name))
    } else if (await isExecutable(file)) {
      executables.push(name)
    }
  }
  for (const name of ['odoocli', 'sleep', 'date']) {
    if (Object.hasOwn(mapped, name) || executables.includes(name)) {
      throw new DrillError(
        'input',
        `--shims ${directory}: ${name} is the drill's own command; remove it`,
      )
    }
  }
  return { directory: path, executables, mapped }
}

async function isExecutable(path: string): Promise<boolean> {
  if (!(await stat(path)).isFile()) return false
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  )
}
