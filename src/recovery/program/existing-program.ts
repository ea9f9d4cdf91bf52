/** Looks at a program before anything starts. */
import { constants } from 'node:fs'
import { access, stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import { DrillError } from '../../foundation/errors.ts'

/** The program's absolute path. Throws DrillError `input` if there is none that could be started. */
export async function existingProgram(path: string): Promise<string> {
  const absolute = resolve(path)
  const found = await stat(absolute).catch(() => null)
  if (found === null) throw new DrillError('input', `engine ${path}: there is no such file`)
  if (!found.isFile()) {
    throw new DrillError('input', `engine ${path}: it is not a file but a folder`)
  }
  await access(absolute, constants.X_OK).catch((cause: unknown) => {
    throw new DrillError('input', `engine ${path}: it cannot be executed: chmod +x ${path}`, {
      cause,
    })
  })
  return absolute
}
