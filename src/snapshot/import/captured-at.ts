/** The moment that imported rows show, if nobody names it: as the dump says, else the newest that a row knows of. */
import type { Client } from 'pg'
import { DrillError } from '../../foundation/errors.ts'
import { isoUtc } from '../../foundation/time.ts'

export interface CapturedAt {
  /** ms. */
  readonly at: number
  /** How it is known, a part of a sentence. */
  readonly reason: string
}

/** `2026-11-24 23:51:00 UTC`, with a zone that is not left to anybody's guess. */
const STATED = /^(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d) ?(UTC|GMT|Z|[+-]\d\d(?::?\d\d)?)$/

const DATE_COLUMNS = ['date_created', 'date_enqueued', 'date_started', 'date_done'] as const

/**
 * `stated`: what the dump says, as printed; a time in a zone known by its abbreviation only is not used, since `CST` is
 * three of them. Throws DrillError `input` where neither tells.
 */
export async function findCapturedAt(client: Client, stated: string | null): Promise<CapturedAt> {
  const [, time, zone] = STATED.exec(stated ?? '') ?? []
  if (time !== undefined) {
    const offset = /^[A-Z]/.test(zone!) ? 'Z' : zone!.length === 3 ? `${zone}:00` : zone
    return { at: Date.parse(`${time.replace(' ', 'T')}${offset}`), reason: 'when the dump began' }
  }
  const { rows: columns } = await client.query<{ name: string }>(
    `select attname::text as name from pg_attribute
      where attrelid = 'queue_job'::regclass and attname = any($1::text[]) and atttypid = 'timestamp'::regtype`,
    [DATE_COLUMNS],
  )
  const newest = columns.map(({ name }) => `max(${name})`)
  const { rows } = await client.query<{ at: number | null }>(
    `select (extract(epoch from greatest(${newest.join(', ') || 'null::timestamp'})) * 1000)::float8 as at
       from queue_job`,
  )
  const at = rows[0]!.at
  if (at === null) {
    throw new DrillError(
      'input',
      'nothing tells when the rows were exported: none of them has a date. Say it: --captured-at 2026-11-17T10:00Z',
    )
  }
  const rounded = Math.ceil(at)
  return { at: rounded, reason: `the newest date of the rows, ${isoUtc(rounded)}` }
}
