/**
 * When work arrives: the shape of a week, by the kind of work. Hours are UTC; the companies work on Central European
 * time, one hour ahead in winter. Together the busiest hour of a working day carries about 7 % of that day.
 */

export type Rhythm = keyof typeof SHAPES

interface Shape {
  /** Relative weight of each hour of a working day, 00:00 UTC first. */
  readonly hours: readonly number[]
  /** Factor of each day, Monday first. */
  readonly days: readonly number[]
}

const SHAPES = {
  /** Customers of the shop: all day, a second peak in the evening, weekends nearly as strong. */
  shop: {
    hours: [
      1.2, 0.7, 0.5, 0.4, 0.5, 0.9, 1.8, 3.4, 5.2, 6.4, 6.8, 6.3, 5.8, 5.9, 6.1, 6, 5.8, 6, 6.4,
      6.7, 6.1, 4.8, 3.3, 2.1,
    ],
    days: [1.08, 1, 0.98, 1, 0.98, 0.85, 0.8],
  },
  /** People at desks. */
  office: {
    hours: [
      0.2, 0.2, 0.2, 0.2, 0.4, 1, 2.6, 5, 6.8, 7.6, 7.5, 6.3, 6.1, 7.1, 7.2, 6.7, 5.3, 3.2, 1.8,
      1.2, 0.8, 0.5, 0.4, 0.3,
    ],
    days: [1.1, 1.02, 1, 0.98, 0.9, 0.12, 0.04],
  },
  /** Pickers and carriers: early start, two shifts. */
  warehouse: {
    hours: [
      0.6, 0.5, 0.5, 0.7, 1.8, 3.6, 5, 5.9, 6.4, 6.8, 6.7, 5.9, 5.7, 6.4, 6.4, 6, 5.2, 4.4, 3.6, 3,
      2.4, 1.8, 1.3, 0.9,
    ],
    days: [1.12, 1.02, 1, 1, 0.96, 0.4, 0.06],
  },
  /** Two shifts of a factory, on Saturdays one. */
  shifts: {
    hours: [
      0.3, 0.3, 0.3, 0.6, 3.2, 6.2, 6.4, 6.6, 5.8, 6.6, 6.7, 6.4, 5.2, 6.4, 6.5, 6.3, 6, 5.4, 5.2,
      5, 4.4, 2.4, 0.8, 0.4,
    ],
    days: [1.04, 1, 1, 1, 0.96, 0.4, 0.05],
  },
  /** Polling and timers: round the clock. */
  steady: {
    hours: [
      3.2, 3.1, 3, 3, 3.2, 3.5, 4, 4.5, 4.8, 5, 5, 4.8, 4.7, 4.8, 4.8, 4.8, 4.6, 4.4, 4.2, 4.1, 4,
      3.8, 3.6, 3.4,
    ],
    days: [1, 1, 1, 1, 1, 0.8, 0.75],
  },
  /** Batches that were told to stay out of the way. */
  night: {
    hours: [12, 14, 12, 8, 5, 2.5, 1.2, 0.8, 0.8, 1, 1, 1, 1, 1, 1, 1, 1.2, 1.8, 3, 5, 7, 8, 9, 10],
    days: [1, 1, 1, 1, 1, 0.7, 0.6],
  },
} as const satisfies Record<string, Shape>

/** Jobs an hour for the 168 hours of the week whose mean day has `jobsPerDay`, to three decimals. */
export function ratesPerHour(rhythm: Rhythm, jobsPerDay: number): number[] {
  const { hours, days } = SHAPES[rhythm]
  const weights = days.flatMap((day) => hours.map((hour) => day * hour))
  const sum = weights.reduce((total, weight) => total + weight, 0)
  return weights.map((weight) => Math.round((weight / sum) * jobsPerDay * 7 * 1000) / 1000)
}
