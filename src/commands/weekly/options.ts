/** The flags of `queue-drill weekly`. */

/** Where `weekly` looks and `init` writes: in the working directory. */
export const CONFIG_FILE = 'queue-drill.yaml'

const text = (describe: string) => ({ type: 'string', requiresArg: true, describe }) as const
const yes = (describe: string) => ({ type: 'boolean', default: false, describe }) as const

export const WEEKLY_OPTIONS = {
  config: { ...text('The configuration'), default: CONFIG_FILE },
  snapshot: text('Instead of the snapshot or capture of the file'),
  engine: text('Instead of the engine of the file'),
  seed: text('Instead of the seeds of the file and of the week: 7, 1,2,7 or 1..10'),
  postgres: text('Instead of the place of the file'),
  out: text('Directory of the run directories, instead of that of the file'),
  history: text('History file, instead of that of the file'),
  'fail-under': {
    type: 'number',
    requiresArg: true,
    describe: 'A drill that passes with fewer points fails (0-100)',
  },
  date: text('The moment whose week counts, such as 2026-11-24 (default: now)'),
  'dry-run': yes('Show what would be done, and do nothing'),
  json: yes('Print one JSON document'),
} as const

export interface WeeklyArguments {
  scenario: string[]
  config: string
  snapshot: string | undefined
  engine: string | undefined
  seed: string | undefined
  postgres: string | undefined
  out: string | undefined
  history: string | undefined
  'fail-under': number | undefined
  date: string | undefined
  'dry-run': boolean
  json: boolean
  color?: boolean | undefined
}
