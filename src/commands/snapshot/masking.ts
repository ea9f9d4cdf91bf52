/** The flags of every command that takes rows of a real company: masked unless somebody says otherwise. */
import { mkdir, readFile } from 'node:fs/promises'
import { dirname, isAbsolute, relative, resolve } from 'node:path'
import { DrillError, messageOf } from '../../foundation/errors.ts'
import type { Masker, MaskPolicy } from '../../snapshot/mask/masker.ts'

export interface MaskingArguments {
  mask: boolean
  key: string | undefined
  policy: string | undefined
}

export const MASKING_OPTIONS = {
  mask: {
    type: 'boolean',
    default: true,
    describe: '--no-mask takes the data as it is, secrets and all',
  },
  key: {
    type: 'string',
    requiresArg: true,
    describe:
      'File of the key that masks, made if it is not there; equal stays equal in all snapshots of one key (default: a key that is thrown away)',
  },
  policy: {
    type: 'string',
    requiresArg: true,
    describe: 'YAML file: columns and JSON paths that are masked beyond the usual, or let through',
  },
} as const

/** null = `--no-mask`. Throws DrillError `input` for a key or a policy that cannot be used. `to`: of the snapshot. */
export async function maskerOf({
  mask,
  key,
  policy,
  to,
}: MaskingArguments & { to: string }): Promise<Masker | null> {
  if (!mask) {
    if (key === undefined && policy === undefined) return null
    throw new DrillError('input', '--no-mask goes with neither --key nor --policy')
  }
  const { Masker, randomKey, readOrCreateKey } = await import('../../snapshot/mask/masker.ts')
  const rules = await policyOf(policy)
  if (key === undefined) return new Masker(randomKey(), rules)
  if (isWithin(to, key)) {
    throw new DrillError(
      'input',
      `--key ${key} lies in the snapshot, and who has both can undo the masking: keep it elsewhere`,
    )
  }
  // Where that fails the key cannot be written either, and its error names the file.
  await mkdir(dirname(key), { recursive: true, mode: 0o700 }).catch(() => undefined)
  return new Masker(await readOrCreateKey(key), rules)
}

function isWithin(directory: string, path: string): boolean {
  const steps = relative(resolve(directory), resolve(path))
  return !steps.startsWith('..') && !isAbsolute(steps)
}

async function policyOf(path: string | undefined): Promise<MaskPolicy> {
  const { NO_POLICY, parsePolicy } = await import('../../snapshot/mask/masker.ts')
  if (path === undefined) return NO_POLICY
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (error) {
    throw new DrillError('input', `${path} cannot be read: ${messageOf(error)}`, { cause: error })
  }
  return parsePolicy(text, path)
}
