/** The flags of every command that takes rows of a real company: masked unless somebody says otherwise. */
import { DrillError } from '../../foundation/errors.ts'
import type { RowMasker } from '../../snapshot/capture/capture.ts'

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

/** null = `--no-mask`. */
export async function maskerOf({ mask, key, policy }: MaskingArguments): Promise<RowMasker | null> {
  if (!mask) {
    if (key === undefined && policy === undefined) return null
    throw new DrillError('input', '--no-mask goes with neither --key nor --policy')
  }
  throw new DrillError('input', 'masking has not landed')
}
