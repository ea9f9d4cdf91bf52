/**
 * Speed, 20 points: how soon the incident was seen (7), its damage stopped (6), and the queue recovered (7). Times count
 * from the first signal (detected) and from the first bite of the fault (the others).
 */
import { MINUTE, SECOND, formatDuration } from '../../foundation/time.ts'
import { evidence } from '../evidence.ts'
import type { Facts } from '../facts.ts'
import type { GradeLine, Score } from '../score.ts'
import { mitigatedAt } from './fault-load.ts'
import { falling, gradeLine } from './grade-line.ts'
import { fluidLowerBoundMs } from './lower-bound.ts'
import { recoveredAt } from './recovered.ts'

/** Detection is worth nothing at so many times the full-marks time. */
const DETECT_NONE_FACTOR = 3
/** Opening before the signal has lasted costs this share. */
const HASTE_COSTS = 0.5
/** Full marks for mitigation: noticing takes ten to fifteen minutes, isolating one or two checks more. */
const MITIGATE_FULL_MS = 25 * MINUTE
/** Full marks for recovery up to this multiple of the fluid lower bound, and some time to notice. */
const RECOVER_FULL_FACTOR = 1.5
const RECOVER_FULL_MS = 20 * MINUTE
/** Where nobody acting is fast enough for full marks, an engine has none left at this multiple of that time. */
const NONE_FACTOR = 2

export interface Speed {
  readonly times: Score['speed']
  readonly lines: readonly GradeLine[]
}

export function speed(facts: Facts): Speed {
  const { drill, calm, noop, incident, firstSignalAt } = facts
  const bitAt = noop.windows.firstBiteAt
  const since = (at: number | null) => (at === null || bitAt === null ? null : at - bitAt)
  const mitigated = bitAt === null ? null : since(mitigatedAt(drill, noop))
  const recovered = since(recoveredAt(drill, calm, incident))
  const lowerBound = fluidLowerBoundMs(noop, calm)
  const detected =
    incident.detectedAt === null || firstSignalAt === null
      ? null
      : incident.detectedAt - firstSignalAt
  return {
    times: {
      firstSignalAt: firstSignalAt === null ? null : new Date(firstSignalAt).toISOString(),
      detectedAfter: seconds(detected),
      mitigatedAfter: seconds(mitigated === null ? null : Math.max(0, mitigated)),
      recoveredAfter: seconds(recovered),
      lowerBound: seconds(lowerBound),
    },
    lines: drill.isControl
      ? controlLines()
      : [
          detectLine(facts, detected),
          mitigateLine(facts, mitigated, since(mitigatedAt(noop, noop))),
          recoverLine(facts, recovered, since(recoveredAt(noop, calm, null)), lowerBound),
        ],
  }
}

function seconds(ms: number | null): number | null {
  return ms === null ? null : Math.round(ms / SECOND)
}

/** Nothing is wrong in a control scenario: there is nothing to be fast at. */
function controlLines(): GradeLine[] {
  const line = (id: string, title: string, pointsMax: number) =>
    gradeLine(id, title, pointsMax, 1, [evidence('nothing was wrong: full marks')])
  return [
    line('detect', 'Detected', 7),
    line('mitigate', 'Mitigated', 6),
    line('recover', 'Recovered', 7),
  ]
}

function detectLine({ drill, incident, firstSignalAt }: Facts, detected: number | null): GradeLine {
  const line = (share: number, text: string, at: readonly number[] = []) =>
    gradeLine('detect', 'Detected', 7, share, [evidence(text, { at })])
  if (incident.detectedAt === null) return line(0, 'nobody noticed')
  if (detected === null || firstSignalAt === null) {
    return line(1, 'no signal lasted, yet the incident was seen', [incident.detectedAt])
  }
  const { detectFullMs, openEarliestMs } = drill.header.scenario.thresholds
  const times = [firstSignalAt, incident.detectedAt]
  if (detected < 0) {
    return line(0, `opened ${formatDuration(-detected)} before there was any signal`, times)
  }
  const text = `${formatDuration(detected)} after the first signal`
  if (detected < openEarliestMs) {
    const wanted = formatDuration(openEarliestMs)
    return line(1 - HASTE_COSTS, `${text}, before it had lasted ${wanted}`, times)
  }
  return line(falling(detected, detectFullMs, DETECT_NONE_FACTOR * detectFullMs), text, times)
}

function mitigateLine(
  { noop }: Facts,
  mitigated: number | null,
  byNobody: number | null,
): GradeLine {
  const line = (share: number, text: string) =>
    gradeLine('mitigate', 'Mitigated', 6, share, [evidence(text)])
  const nobody =
    byNobody === null ? 'never when nobody acts' : `${formatDuration(byNobody)} when nobody acts`
  if (mitigated === null) {
    return line(0, `failures and blocked slots of the fault did not come down (${nobody})`)
  }
  const none = byNobody ?? noop.endedAt - (noop.windows.firstBiteAt ?? noop.startedAt)
  const text = `failures and blocked slots of the fault came down to a tenth ${formatDuration(mitigated)} after it bit (${nobody})`
  return line(share(mitigated, MITIGATE_FULL_MS, none), text)
}

function recoverLine(
  { noop }: Facts,
  recovered: number | null,
  byNobody: number | null,
  lowerBound: number | null,
): GradeLine {
  const line = (share: number, text: string) =>
    gradeLine('recover', 'Recovered', 7, share, [evidence(text)])
  const nobody =
    byNobody === null ? 'never when nobody acts' : `${formatDuration(byNobody)} when nobody acts`
  if (recovered === null) return line(0, `backlog and SLA did not recover (${nobody})`)
  const none = byNobody ?? noop.endedAt - (noop.windows.firstBiteAt ?? noop.startedAt)
  const wanted = RECOVER_FULL_FACTOR * (lowerBound ?? 0) + RECOVER_FULL_MS
  const bound =
    lowerBound === null
      ? ''
      : `; lower bound ${formatDuration(lowerBound)}${ratio(recovered, lowerBound)}`
  const text = `backlog and SLA hold from ${formatDuration(recovered)} after the first bite (${nobody})${bound}`
  return line(share(recovered, wanted, none), text)
}

/** Full marks up to `full`; none where nobody acting does as well, if that is slower. */
function share(time: number, full: number, byNobody: number): number {
  return falling(time, full, byNobody > full ? byNobody : NONE_FACTOR * full)
}

function ratio(recovered: number, lowerBound: number): string {
  return lowerBound < MINUTE ? '' : `, ${(recovered / lowerBound).toFixed(2)} times that`
}
