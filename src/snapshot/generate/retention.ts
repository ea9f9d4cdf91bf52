/**
 * How long done jobs stay in the table. Up to what the company creates until its channels are cleaned, rows are a sample
 * of them. A larger table is an older one: the channels are cleaned later, and the traffic stays what it is.
 */
import { DrillError } from '../../foundation/errors.ts'
import type { Company } from './company.ts'
import { daySeasons, dayVolumes, HISTORY_DAYS } from './days.ts'

/** Factors of the company's own days. */
const FACTORS = [1, 2, 4, 8, 16, 32, 64]

/** What rounding and the last incomplete day may take away. */
const SLACK = 0.97

/** Channel → days. Throws DrillError `input` if the company does not create so many jobs in all its years. */
export function retention(
  { name, functions, removalDays }: Pick<Company, 'name' | 'functions' | 'removalDays'>,
  settings: {
    readonly seed: string
    readonly capturedAt: number
    readonly jobsPerDay: number
    readonly rows: number
  },
): Readonly<Record<string, number>> {
  const created = jobsCreated(functions, settings)
  let capacity = 0
  for (const factor of FACTORS) {
    const days = Object.fromEntries(
      Object.entries(removalDays).map(([channel, own]) => [
        channel,
        Math.min(HISTORY_DAYS, own * factor),
      ]),
    )
    capacity = functions.reduce(
      (sum, { channel }, index) => sum + created(index, days[channel] ?? HISTORY_DAYS),
      0,
    )
    if (settings.rows <= capacity) return days
  }
  throw new DrillError(
    'input',
    `${name} has created ${Math.floor(capacity)} jobs in three years, at ${settings.jobsPerDay} a day: ` +
      `${settings.rows} rows need more jobs a day, ${Math.ceil((settings.jobsPerDay * settings.rows) / capacity)} or more`,
  )
}

/** Jobs of a function in the last so many days. */
function jobsCreated(
  functions: Company['functions'],
  { seed, capturedAt, jobsPerDay }: Parameters<typeof retention>[1],
): (index: number, days: number) => number {
  const shares = functions.reduce((sum, { share }) => sum + share, 0)
  const volumes = dayVolumes(seed)
  const seasons = daySeasons(functions, capturedAt)
  return (index, days) => {
    let factors = 0
    for (let daysAgo = 0; daysAgo < days; daysAgo++) {
      factors += volumes[daysAgo]! * seasons[daysAgo]![index]!
    }
    return (SLACK * factors * jobsPerDay * functions[index]!.share) / shares
  }
}
