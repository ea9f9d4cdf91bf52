/** The rows of `queue_job_channel` and `queue_job_function`: the configuration that the company keeps in Odoo. */
import { formatPgTimestamp } from '../../foundation/time.ts'
import { encodeRow } from '../copy-text.ts'
import type { JsonEncoding } from './dialect.ts'
import type { JobFunction } from './job-function.ts'
import { pythonJson } from './payload.ts'

/** `removalDays`: a parent stands before its children. */
export function channelRows(
  removalDays: Readonly<Record<string, number>>,
  capturedAt: number,
): string[] {
  const channels = Object.keys(removalDays)
  return channels.map((completeName, index) => {
    const at = completeName.lastIndexOf('.')
    const parent = at === -1 ? null : channels.indexOf(completeName.slice(0, at)) + 1
    const created = formatPgTimestamp(capturedAt - (1100 - index * 40) * 86_400_000).slice(0, 19)
    return encodeRow([
      String(index + 1),
      completeName.slice(at + 1),
      completeName,
      parent === null ? null : String(parent),
      String(removalDays[completeName]),
      '1',
      created,
      '2',
      created,
    ])
  })
}

/** Id of the function's configuration record; null = it has none. */
export function functionId(functions: readonly JobFunction[], fn: JobFunction): number | null {
  if (!fn.configured) return null
  return functions.filter(({ configured }) => configured).indexOf(fn) + 1
}

export function functionRows(
  functions: readonly JobFunction[],
  channels: readonly string[],
  encoding: JsonEncoding,
): string[] {
  const json = (value: Readonly<Record<string, number | string | boolean>>) =>
    encoding === 'jsonb' ? pythonJson(pythonJson(value)) : pythonJson(value)
  return functions
    .filter(({ configured }) => configured)
    .map((fn, index) => {
      const at = fn.name.lastIndexOf('.')
      const pattern = Object.fromEntries(Object.entries(fn.retryPattern ?? {}))
      return encodeRow([
        String(index + 1),
        fn.name,
        // A number for each model: `ir_model` is no part of a snapshot.
        String(200 + models(functions).indexOf(fn.name.slice(0, at))),
        fn.name.slice(at + 1),
        String(channels.indexOf(fn.channel) + 1),
        fn.channel,
        json(pattern),
        json(fn.integration === null ? {} : { enable: true, func_name: 'action_open' }),
      ])
    })
}

function models(functions: readonly JobFunction[]): string[] {
  return [...new Set(functions.map(({ name }) => name.slice(0, name.lastIndexOf('.'))))]
}
