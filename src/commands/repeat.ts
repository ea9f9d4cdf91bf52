/** The command that plays a drill once more, ready to paste. */
import { formatDuration } from '../foundation/time.ts'
import type { EngineChoice } from '../recovery/engines.ts'

export interface RepeatedDrill {
  /** Name or path of the scenario. */
  readonly scenario: string
  readonly engine: EngineChoice
  readonly seed: number
  /** As given on the command line; null = not given. */
  readonly snapshot: string | null
  readonly start: string | null
  readonly duration: string | null
  readonly shims?: string | null
  readonly extraSql?: string | null
}

export function repeatCommand(drill: RepeatedDrill): string {
  const { engine } = drill
  const flags = [
    ...(typeof engine === 'string'
      ? [['--engine', engine] as const]
      : ([
          ['--every', formatDuration(engine.everyMs).replaceAll(' ', '')],
          [null, engine.commandLine],
        ] as const)),
    ['--snapshot', drill.snapshot],
    ['--start', drill.start],
    ['--duration', drill.duration],
    ['--shims', drill.shims ?? null],
    ['--extra-sql', drill.extraSql ?? null],
    ['--seed', String(drill.seed)],
  ] as const
  const words = flags.flatMap(([flag, value]) =>
    value === null ? [] : [flag ?? [], quoted(value)].flat(),
  )
  return ['queue-drill run', quoted(drill.scenario), ...words].join(' ')
}

/** For a POSIX shell. */
function quoted(word: string): string {
  return /^[\w./:@=+-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`
}
