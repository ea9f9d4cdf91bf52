/**
 * Matchers for vitest 3.2 and later: `import 'queue-drill/vitest'` in a test or a set-up file adds them to `expect`. Their
 * messages carry the evidence. docs/library.md tells how a suite of drills is built.
 */
import { expect } from 'vitest'
import {
  type Expectation,
  causingNoDuplicates,
  meetingExitCriteria,
  passing,
  recoveringWithin,
} from './report/expectations.ts'

/** Of what `drill()` gives, or of a report. A drill that decided nothing fails all but `.not.toPass`. */
export interface DrillMatchers {
  /** Verdict `pass`: all gates held, all exit criteria met. */
  toPass(): void
  /** All exit criteria, or those that are named: `E1`–`E4`, `control` in a control scenario. */
  toMeetExitCriteria(...ids: readonly string[]): void
  /** No duplicate side effect and no stale overwrite that the engine owns; those of the queue itself do not count. */
  toCauseNoDuplicates(): void
  /** From the first bite of the fault until everything held and stayed so; `limit` such as `40m`, on virtual time. */
  toRecoverWithin(limit: string): void
}

/** What decides nothing fails the expectation and its opposite. */
function result({ holds, message }: Expectation, isNot: boolean) {
  return { pass: holds ?? isNot, message }
}

expect.extend({
  toPass(received: unknown) {
    return result(passing(received), this.isNot)
  },
  toMeetExitCriteria(received: unknown, ...ids: readonly string[]) {
    return result(meetingExitCriteria(received, ids), this.isNot)
  },
  toCauseNoDuplicates(received: unknown) {
    return result(causingNoDuplicates(received), this.isNot)
  },
  toRecoverWithin(received: unknown, limit: string) {
    return result(recoveringWithin(received, limit), this.isNot)
  },
})

declare module 'vitest' {
  // Merging needs the type parameter just as vitest declares it.
  // oxlint-disable-next-line typescript/no-explicit-any, typescript/no-empty-object-type
  interface Matchers<T = any> extends DrillMatchers {}
}
