/**
 * The runbook's four signals, looked for in the truth and minute by minute: "it is an incident when at least one of
 * these lasts" ten minutes. What the calm twin shows at the same minute is no signal: bursts, ordinary failures and the
 * hours of the day are in both.
 */
import { MINUTE } from '../foundation/time.ts'
import type { MinutePoint } from './replay/points.ts'
import type { Replay } from './replay/replay.ts'

export const SIGNALS = [
  'pending-grows-started-flat',
  'failed-pending-loop',
  'cpu-idle-queue-grows',
  'business-lag',
] as const
export type Signal = (typeof SIGNALS)[number]

/** The runbook: lasts 10–15 minutes. */
const LASTS_MINUTES = 10
/** Jobs that go round within this time, at least so many different ones, are a loop. */
const LOOP_WINDOW_MS = 15 * MINUTE
const LOOP_JOBS_MIN = 5
/** More due jobs than the calm twin has, so many at least: B's own slack (DESIGN 6.3, E1). */
const EXCESS_FACTOR = 1.25
const EXCESS_MIN = 20
/** Growth within the ten minutes, at least. */
const GROWTH_MIN = 10
/** `started` counts as flat up to this growth of its mean from one half of the ten minutes to the other. */
const FLAT_FACTOR = 1.15
/** Below this share of all cores the CPU is idle: an ordinary busy hour of the bundled companies uses a quarter. */
const CPU_IDLE = 0.35
/** Overdue critical jobs beside those that the calm twin has as well. */
const LAG_FACTOR = 2
const LAG_MIN = 5

/** When each signal that then lasted began, virtual ms; null = never. */
export type SignalTimes = Readonly<Record<Signal, number | null>>

/** Signals of `seen`, beside its calm twin. */
export function signalTimes(seen: Replay, calm: Replay): SignalTimes {
  const minutes = seen.minutes
  const quiet = (index: number) => calm.minutes[Math.min(index, calm.minutes.length - 1)]!
  const grows = (index: number) => isGrowing(minutes, index, quiet)
  const loops = loopingJobs(seen)
  return {
    'pending-grows-started-flat': firstOver(
      minutes,
      (index) => grows(index) && isStartedFlat(minutes, index),
    ),
    'failed-pending-loop': firstLasting(
      minutes,
      (index) => loops(minutes[index]!.at) >= LOOP_JOBS_MIN,
    ),
    'cpu-idle-queue-grows': firstOver(
      minutes,
      (index) => grows(index) && meanOf(minutes, index, ({ cpu }) => cpu) < CPU_IDLE,
    ),
    'business-lag': firstLasting(
      minutes,
      (index) =>
        minutes[index]!.criticalOverdue >= LAG_FACTOR * quiet(index).criticalOverdue + LAG_MIN,
    ),
  }
}

/** The earliest of them. */
export function firstSignalAt(times: SignalTimes): number | null {
  const seen = SIGNALS.flatMap((signal) => times[signal] ?? [])
  return seen.length === 0 ? null : Math.min(...seen)
}

/** Conditions over the last ten minutes: the signal began where they begin. */
function firstOver(
  minutes: readonly MinutePoint[],
  holds: (index: number) => boolean,
): number | null {
  for (let index = LASTS_MINUTES; index < minutes.length; index++) {
    if (holds(index)) return minutes[index - LASTS_MINUTES]!.at
  }
  return null
}

/** Conditions at one moment: they must hold for ten minutes on end. */
function firstLasting(
  minutes: readonly MinutePoint[],
  holds: (index: number) => boolean,
): number | null {
  let since = -1
  for (let index = 0; index < minutes.length; index++) {
    if (!holds(index)) since = -1
    else if (since < 0) since = index
    if (since >= 0 && index - since >= LASTS_MINUTES) return minutes[since]!.at
  }
  return null
}

/** More due jobs than the calm twin has during all of the last ten minutes, and still more in each half of them. */
function isGrowing(
  minutes: readonly MinutePoint[],
  index: number,
  quiet: (index: number) => MinutePoint,
): boolean {
  for (let minute = index - LASTS_MINUTES; minute <= index; minute++) {
    if (minutes[minute]!.due < EXCESS_FACTOR * quiet(minute).due + EXCESS_MIN) return false
  }
  const [before, half, now] = [LASTS_MINUTES, LASTS_MINUTES / 2, 0].map(
    (minutesAgo) => minutes[index - minutesAgo]!.due,
  ) as [number, number, number]
  return half > before && now > half && now - before >= GROWTH_MIN
}

function isStartedFlat(minutes: readonly MinutePoint[], index: number): boolean {
  const half = LASTS_MINUTES / 2
  const mean = (from: number) => {
    const part = minutes.slice(from, from + half)
    return part.reduce((sum, { started }) => sum + started, 0) / part.length
  }
  return mean(index - half + 1) <= FLAT_FACTOR * mean(index - 2 * half + 1) + 1
}

function meanOf(
  minutes: readonly MinutePoint[],
  index: number,
  value: (point: MinutePoint) => number,
): number {
  const part = minutes.slice(index - LASTS_MINUTES + 1, index + 1)
  return part.reduce((sum, point) => sum + value(point), 0) / part.length
}

/** How many different jobs went round in the window before `at`; to be asked with growing times. */
function loopingJobs({ loops }: Replay): (at: number) => number {
  const inWindow = new Map<number, number>()
  let first = 0
  let next = 0
  return (at) => {
    for (; next < loops.length && loops[next]!.at < at; next++) {
      inWindow.set(loops[next]!.id, (inWindow.get(loops[next]!.id) ?? 0) + 1)
    }
    for (; first < next && loops[first]!.at < at - LOOP_WINDOW_MS; first++) {
      const { id } = loops[first]!
      const left = inWindow.get(id)! - 1
      if (left === 0) inWindow.delete(id)
      else inWindow.set(id, left)
    }
    return inWindow.size
  }
}
