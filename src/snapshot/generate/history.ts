/**
 * The past of a company, hour by hour: how many rows of each kind remain of every hour, and which. A table keeps done
 * and cancelled jobs until clean-up, failed ones for ever; of all these only a sample is made, with the rhythm of the
 * whole. Nothing is kept from one hour to the next, so a history of any size takes the same memory.
 */
import { random } from '../../foundation/random.ts'
import type { Random } from '../../foundation/random.ts'
import { DAY, HOUR, hourOfWeek } from '../../foundation/time.ts'
import type { Company } from './company.ts'
import { daySeasons, dayVolumes, HISTORY_DAYS } from './days.ts'
import { MICROSECONDS } from './draft.ts'
import type { JobDraft } from './draft.ts'
import { cancelledJob, doneJob, failedJob } from './lives.ts'
import type { Outage } from './outages.ts'
import { pastOutages } from './outages.ts'
import { ratesPerHour } from './rhythm.ts'

const HISTORY_HOURS = HISTORY_DAYS * 24

/** Share of the failures of the past that came in outages. */
const OUTAGE_SHARE = 0.45

const LEGACY_UNTIL_DAYS = 730

/** Rows of each kind that the whole history must hold. */
export interface HistoryTotals {
  readonly done: number
  readonly failed: number
  readonly cancelled: number
  readonly legacy: number
}

interface HourWeights {
  /** One for each job function; 0 = cleaned up by now. */
  readonly done: readonly number[]
  readonly failed: readonly number[]
  readonly outage: Outage | null
  readonly legacy: number
  /** Jobs that the company created in this hour, in the unit of `share`. */
  readonly jobs: number
}

export interface HistoryHour {
  readonly startAt: number
  /** All jobs that the company created in this hour, kept or not: they used up ids. */
  readonly jobs: number
  readonly drafts: readonly JobDraft[]
}

/** Oldest hour first; drafts within an hour in no order. `capturedAt` is the end of the last hour. */
export function* history(
  company: Pick<Company, 'functions' | 'legacy' | 'removalDays'>,
  totals: HistoryTotals,
  options: { readonly seed: string; readonly capturedAt: number; readonly jobsPerDay: number },
): Generator<HistoryHour> {
  const { functions } = company
  const weightsAt = hourWeights(company, options)
  const sums = { done: 0, failed: 0, outage: 0, legacy: 0 }
  for (let hoursAgo = HISTORY_HOURS; hoursAgo >= 1; hoursAgo--) {
    const weights = weightsAt(hoursAgo)
    sums.done += total(weights.done)
    sums.failed += total(weights.failed)
    sums.outage += weights.outage === null ? 0 : 1
    sums.legacy += weights.legacy
  }
  const inOutages = Math.round(totals.failed * OUTAGE_SHARE)
  const take = {
    done: allocation(totals.done, sums.done),
    cancelled: allocation(totals.cancelled, sums.done),
    failed: allocation(totals.failed - inOutages, sums.failed),
    outage: allocation(inOutages, sums.outage),
    legacy: allocation(totals.legacy, sums.legacy),
  }
  const jobsPerShare = options.jobsPerDay / total(functions.map(({ share }) => share))
  const draw = random(options.seed, 'history')
  for (let hoursAgo = HISTORY_HOURS; hoursAgo >= 1; hoursAgo--) {
    const weights = weightsAt(hoursAgo)
    const startAt = options.capturedAt - hoursAgo * HOUR
    const counts = {
      done: take.done(total(weights.done)),
      cancelled: take.cancelled(total(weights.done)),
      failed: take.failed(total(weights.failed)),
      outage: take.outage(weights.outage === null ? 0 : 1),
      legacy: take.legacy(weights.legacy),
    }
    yield {
      startAt,
      jobs: weights.jobs * jobsPerShare,
      drafts: hourDrafts(company, weights, counts, startAt, options.capturedAt, draw),
    }
  }
}

type Counts = Readonly<Record<'done' | 'cancelled' | 'failed' | 'outage' | 'legacy', number>>

function hourDrafts(
  { functions, legacy }: Pick<Company, 'functions' | 'legacy'>,
  weights: HourWeights,
  counts: Counts,
  startAt: number,
  capturedAt: number,
  draw: Random,
): JobDraft[] {
  const drafts: JobDraft[] = []
  const endUs = capturedAt * MICROSECONDS
  // The last two seconds before the capture belong to the jobs that are still under way.
  const moment = () => (startAt + 1) * MICROSECONDS + Math.floor(draw.next() * (HOUR - 2001) * 1000)
  for (let index = 0; index < counts.done; index++) {
    drafts.push(doneJob(functions[draw.weighted(weights.done)]!, moment(), endUs, draw))
  }
  for (let index = 0; index < counts.cancelled; index++) {
    drafts.push(cancelledJob(functions[draw.weighted(weights.done)]!, moment(), endUs, draw))
  }
  for (let index = 0; index < counts.legacy; index++) {
    drafts.push(doneJob(legacy, moment(), endUs, draw))
  }
  for (let index = 0; index < counts.failed; index++) {
    const fn = functions[draw.weighted(weights.failed)]!
    const failure = fn.failures[draw.weighted(fn.failures.map(({ share }) => share))]!
    drafts.push(failedJob(fn, failure, moment(), draw))
  }
  for (let index = 0; index < counts.outage; index++) {
    const { integration, failure } = weights.outage!
    const hit = functions.filter((fn) => fn.integration === integration)
    const fn = hit[draw.weighted(hit.map(({ share }) => share))]!
    drafts.push(failedJob(fn, failure, moment(), draw))
  }
  return drafts
}

/** Weights of the hour that began so many hours before the capture. */
function hourWeights(
  { functions, legacy, removalDays }: Pick<Company, 'functions' | 'legacy' | 'removalDays'>,
  { seed, capturedAt }: { readonly seed: string; readonly capturedAt: number },
): (hoursAgo: number) => HourWeights {
  const rates = functions.map(({ rhythm, share }) => ratesPerHour(rhythm, share))
  const failureShares = functions.map(({ failures }) => total(failures.map(({ share }) => share)))
  const removal = functions.map(({ channel }) => removalDays[channel] ?? HISTORY_DAYS)
  const legacyRates = ratesPerHour(legacy.rhythm, 1)
  const outages = pastOutages(functions, seed, HISTORY_HOURS)
  const volumes = dayVolumes(seed)
  const seasons = daySeasons(functions, capturedAt)
  return (hoursAgo) => {
    const hour = hourOfWeek(capturedAt - hoursAgo * HOUR)
    const daysAgo = Math.floor((hoursAgo * HOUR) / DAY)
    const volume = volumes[daysAgo]!
    const season = seasons[daysAgo]!
    const usual = rates.map((rate, index) => rate[hour]! * season[index]!)
    return {
      done: usual.map((rate, index) => (daysAgo < removal[index]! ? rate * volume : 0)),
      failed: usual.map((rate, index) => rate * volume * failureShares[index]!),
      outage:
        outages.find(
          ({ fromHoursAgo, toHoursAgo }) => hoursAgo <= fromHoursAgo && hoursAgo > toHoursAgo,
        ) ?? null,
      legacy: daysAgo >= LEGACY_UNTIL_DAYS ? legacyRates[hour]! : 0,
      jobs: total(usual) * volume,
    }
  }
}

/** Deals `total` out in proportion to weights that sum to `weightSum`: exact in the end, without keeping anything. */
function allocation(amount: number, weightSum: number): (weight: number) => number {
  let seen = 0
  let given = 0
  return (weight) => {
    seen += weight
    // The last hour ends at the sum itself: adding in the same order gives the same number.
    const due = weightSum === 0 ? 0 : Math.round((seen / weightSum) * amount)
    const count = due - given
    given = due
    return count
  }
}

function total(list: readonly number[]): number {
  return list.reduce((sum, value) => sum + value, 0)
}
