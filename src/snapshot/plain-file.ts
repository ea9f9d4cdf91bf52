/**
 * Opens a file of a snapshot, and only a file: neither a link that leads elsewhere nor something that never ends, such as
 * a device or a pipe, whatever somebody put into the directory.
 */
import { constants, open } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { DrillError } from '../foundation/errors.ts'

/** `advice` ends the message for a file that is not there. Throws DrillError `input`. */
export async function openPlainFile(path: string, advice: string): Promise<FileHandle> {
  let handle: FileHandle
  try {
    const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants
    handle = await open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    const why =
      code === 'ELOOP'
        ? 'is a symbolic link: put the file itself there'
        : `cannot be read (${code}). ${advice}`
    throw new DrillError('input', `${path} ${why}`, { cause: error })
  }
  if ((await handle.stat()).isFile()) return handle
  await handle.close()
  throw new DrillError('input', `${path} is no plain file. ${advice}`)
}
