/** The command that plays a drill once more, ready to paste. */

export interface RepeatedDrill {
  /** Name or path of the scenario. */
  readonly scenario: string
  readonly engine: string
  readonly seed: number
  /** As given on the command line; null = not given. */
  readonly snapshot: string | null
  readonly start: string | null
  readonly duration: string | null
}

export function repeatCommand(drill: RepeatedDrill): string {
  const flags = [
    ['--engine', drill.engine],
    ['--snapshot', drill.snapshot],
    ['--start', drill.start],
    ['--duration', drill.duration],
    ['--seed', String(drill.seed)],
  ] as const
  const words = flags.flatMap(([flag, value]) => (value === null ? [] : [flag, quoted(value)]))
  return ['queue-drill run', quoted(drill.scenario), ...words].join(' ')
}

/** For a POSIX shell. */
export function quoted(word: string): string {
  return /^[\w./:@=+-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`
}
