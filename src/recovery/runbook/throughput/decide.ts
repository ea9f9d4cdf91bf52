/**
 * Step 4, pure: more workers only when the host is healthy, the backlog is safe work that drains too slowly, and no
 * dead target holds the slots; two at once, and only once. Then look again and keep them or give them back.
 */
import type { DoctorReport } from '../../contract.ts'
import type { ScaleStep } from '../memory.ts'
import type { RunbookPolicy } from '../policy.ts'

export interface Throughput {
  readonly now: number
  /** Due depth of this check and those before it in the incident, newest last. */
  readonly due: readonly number[]
  readonly near: number
  readonly slots: number
  readonly rootCapacity: number
  /** Slots held by flows that are not well, and by dead jobs. */
  readonly blockedSlots: number
  readonly scale: ScaleStep | null
}

/** Whether it is worth asking `doctor`. */
export function drainsTooSlowly(facts: Throughput, { throughput }: RunbookPolicy): boolean {
  const { due, near, slots, rootCapacity, blockedSlots, scale } = facts
  if (scale !== null || slots < rootCapacity) return false
  if (blockedSlots > throughput.blockedShare * rootCapacity) return false
  const recent = due.slice(-1 - throughput.slowChecks)
  if (recent.length <= throughput.slowChecks) return false
  return recent.every(
    (depth, index) =>
      depth > near && (index === 0 || depth > recent[index - 1]! * throughput.slowShare),
  )
}

export function mayScale(doctor: DoctorReport, { throughput }: RunbookPolicy): boolean {
  return (
    doctor.healthy &&
    doctor.workersAddable >= throughput.step &&
    doctor.cpuUsed <= throughput.cpuBusy
  )
}

/** `keep` — started rises and due falls; `roll-back` — it did not help. Null = too early, or nothing was scaled. */
export function judgeScale(
  { now, due, slots, scale }: Throughput,
  { throughput }: RunbookPolicy,
): 'keep' | 'roll-back' | null {
  if (scale === null || scale.outcome !== 'trying' || now - scale.at < throughput.recheckMs) {
    return null
  }
  const depth = due.at(-1) ?? 0
  return depth < scale.due && (slots > scale.slots || depth < scale.due / 2) ? 'keep' : 'roll-back'
}
