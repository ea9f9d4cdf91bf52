/** Commands that play drills once more, ready to paste. */
import { formatDuration } from '../foundation/time.ts'
import type { EngineChoice } from '../recovery/engines.ts'

/** What a run was asked for besides scenarios and seeds; null = not given. Where PostgreSQL runs changes no figure. */
export interface RunSettings {
  readonly engine: EngineChoice
  /** As given on the command line. */
  readonly snapshot: string | null
  readonly start: string | null
  readonly duration: string | null
  readonly shims?: string | null
  readonly extraSql?: string | null
}

export interface RepeatedDrill extends RunSettings {
  /** Name or path of the scenario. */
  readonly scenario: string
  readonly seed: number
}

export function repeatCommand({ scenario, seed, ...settings }: RepeatedDrill): string {
  return runCommandLine([scenario], settings, [['--seed', String(seed)]])
}

/** `scenarios` and `flags` as on the command line; a flag without a value is left out. */
export function runCommandLine(
  scenarios: readonly string[],
  { engine, snapshot, start, duration, shims, extraSql }: RunSettings,
  flags: readonly (readonly [string, string | null])[],
): string {
  const all = [
    ...engineFlags(engine),
    ['--snapshot', snapshot],
    ['--start', start],
    ['--duration', duration],
    ['--shims', shims ?? null],
    ['--extra-sql', extraSql ?? null],
    ...flags,
  ] as const
  const words = all.flatMap(([flag, value]) =>
    value === null ? [] : [flag ?? [], quoted(value)].flat(),
  )
  return ['queue-drill run', ...scenarios.map(quoted), ...words].join(' ')
}

function engineFlags(engine: EngineChoice): readonly (readonly [string | null, string])[] {
  if (typeof engine === 'string') return [['--engine', engine]]
  const every = formatDuration(engine.everyMs).replaceAll(' ', '')
  return [
    ['--every', every],
    [null, engine.commandLine],
  ]
}

/** For a POSIX shell. */
function quoted(word: string): string {
  return /^[\w./:@=+-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`
}
