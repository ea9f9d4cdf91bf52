/**
 * Field types that scenario and operations files share. In the file a duration is a text with its unit (`30m`);
 * behind the schema it is milliseconds.
 */
import { z } from 'zod'
import { formatDuration, parseDuration } from '../foundation/time.ts'
import { didYouMean } from '../foundation/suggest.ts'
import { list, shown, unknownKeys } from './problems.ts'

/** An object that allows these keys only, and names them when it meets another. */
export function block<Shape extends z.core.$ZodLooseShape>(shape: Shape) {
  return z.strictObject(shape, { error: unknownKeys(Object.keys(shape)) })
}

const NOT_A_DURATION = 'a number and its unit (ms, s, m, h, d), such as 90s, 30m or 1h 30m'

/** `30m`, at least `minMs`, at most `maxMs`. */
export function duration(minMs = 0, maxMs = Number.MAX_SAFE_INTEGER) {
  return z
    .string({
      error: ({ input }) =>
        input === undefined ? undefined : `must be ${NOT_A_DURATION}, not ${shown(input)}`,
    })
    .regex(/^\s*(\d+(\.\d+)?\s*(ms|s|m|h|d)\s*)+$/, {
      error: ({ input }) => `must be ${NOT_A_DURATION}, not ${shown(input)}`,
    })
    .transform((text) => parseDuration(text))
    .refine((ms) => ms >= minMs, { error: `must be at least ${formatDuration(minMs)}` })
    .refine((ms) => ms <= maxMs, { error: `must be at most ${formatDuration(maxMs)}` })
}

/** One of a few words. */
export function word<const Words extends readonly [string, ...string[]]>(...words: Words) {
  return z.enum(words)
}

/** 0..1. */
export const share = z.number().min(0).max(1)

/** A word of the team's own: a role, the name of an automation. */
export const identifier = z.string().regex(/^[a-z0-9][a-z0-9_.-]*$/, {
  error: ({ input }) =>
    `must be a word of small letters, digits, "-", "_" and ".", not ${shown(input)}`,
})

/** A non-empty text; folded over several lines it becomes one. */
export const text = z
  .string()
  .transform((value) => value.trim())
  .pipe(z.string().min(1))

/** An IANA time zone, as Odoo's users have it. */
export const timeZone = z.string().superRefine((name, context) => {
  if (isTimeZone(name)) return
  const known = Intl.supportedValuesOf('timeZone')
  context.addIssue({
    code: 'custom',
    message: `${shown(name)} is not a time zone${didYouMean(name, known)}; write UTC, Europe/Berlin, America/New_York, …`,
  })
})

function isTimeZone(name: string): boolean {
  // Offsets such as +02:00 mean the opposite in PostgreSQL's POSIX zones.
  if (!/^[A-Za-z]/.test(name)) return false
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== ''
  } catch {
    // Intl has no other way to ask: it throws a RangeError for an unknown zone.
    return false
  }
}

/** An `error` for a block whose `key` chooses the rest. */
export function chooses(key: string, values: readonly string[]) {
  return ({ input }: z.core.$ZodRawIssue): string => {
    if (input === null) return 'must be a block of keys, but nothing is there'
    if (typeof input !== 'object') return `must be a block of keys, not ${shown(input)}`
    const chosen = (input as Readonly<Record<string, unknown>> | null | undefined)?.[key]
    if (chosen === undefined) return `is missing; ${key} must be ${list(values)}`
    return `must be ${list(values)}, not ${shown(chosen)}${didYouMean(chosen, values)}`
  }
}
