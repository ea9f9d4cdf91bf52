/** How much a day of the year adds to or takes from the usual traffic, by the kind of work. */

export type Season = keyof typeof FACTORS

const FACTORS = {
  none: () => 1,
  /** Weeks around Christmas, the sales after it, quiet holidays. */
  christmas: (month: number, day: number) => {
    if ((month === 11 && day >= 20) || (month === 12 && day <= 23)) return 1.8
    if (month === 1 && day <= 20) return 1.3
    return month === 7 || month === 8 ? 0.8 : 1
  },
  /** Three weeks in summer and the days between the years hardly anybody works. */
  'works-holidays': (month: number, day: number) => {
    const isClosed = (month === 8 && day <= 21) || (month === 12 && day >= 23)
    return isClosed || (month === 1 && day <= 2) ? 0.15 : 1.07
  },
  /** What is due with the month: most of it on the first three days; over a month the mean is 1. */
  'month-start': (_: number, day: number) => {
    if (day === 1) return 9
    if (day === 2) return 4.5
    return day === 3 ? 2.5 : 0.53
  },
} as const satisfies Record<string, (month: number, day: number) => number>

/** Factor of the day (UTC) of the moment `at`, in ms. */
export function seasonFactor(season: Season, at: number): number {
  const date = new Date(at)
  return FACTORS[season](date.getUTCMonth() + 1, date.getUTCDate())
}
