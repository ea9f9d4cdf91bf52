/** What several of the snapshot commands take. */
import { DrillError } from '../../foundation/errors.ts'

export const SNAPSHOT = {
  type: 'string',
  demandOption: true,
  describe: 'Name of a bundled snapshot, or a directory',
} as const

export const JSON_OPTION = {
  type: 'boolean',
  default: false,
  describe: 'Print one JSON document',
} as const

/** A moment in UTC unless the text names another zone; the machine's own zone never counts. */
export function moment(text: string, flag: string): number {
  const zoned = /(Z|[+-]\d\d:?\d\d)$/.test(text) ? text : `${text}Z`
  const at = Date.parse(/^\d{4}-\d\d-\d\dZ$/.test(zoned) ? zoned.replace('Z', 'T00:00Z') : zoned)
  if (!Number.isNaN(at)) return at
  throw new DrillError('input', `${flag} "${text}" is not a moment: write it as 2026-11-17T10:00Z`)
}
