/**
 * Every figure of the runbook engine, with the step of the runbook that it comes from. What the runbook leaves open is
 * said so, with the reason for the value. Durations in ms, shares 0..1.
 */
import { HOUR, MINUTE } from '../../foundation/time.ts'

export interface RunbookPolicy {
  readonly signals: {
    /** Signals: "lasts 10–15 minutes" = seen at so many checks of five minutes … */
    readonly checksSeen: number
    /** Business lag is read early, at half of the SLA or at the failures that will become lag: a check more. */
    readonly checksSeenLag: number
    /** Seen at so many of one check more than that: between two bursts one may look normal. */
    readonly gapChecks: number
    /** Checks without a signal that "normal" is learnt from. */
    readonly normalChecks: number
    /** A due backlog counts above normal × factor + slack; ours: fluctuation of ordinary days stays far below. */
    readonly dueFactor: number
    readonly dueSlack: number
    /** A backlog that fell below this share of the last check's drains by itself. */
    readonly fallingShare: number
    /** Slots held by dead jobs explain a backlog that is still small: share of root's capacity, least backlog. */
    readonly deadSlotsShare: number
    readonly deadSlotsDue: number
    /** "Worker CPU is idle": mean of five minutes below this share of all cores. */
    readonly cpuIdle: number
    /** Business lag: a critical job that waited this share of its SLA is late; so many late ones count. */
    readonly slaShare: number
    readonly lateJobs: number
    /** Business lag: critical flow with so many fresh failures a check, and above normal × factor. */
    readonly failures: number
    readonly failuresFactor: number
    /** … or with so many failed jobs that stand there since the last hour: they lag for good. */
    readonly standing: number
    readonly standingFactor: number
    /** Loop: so many jobs left `failed` by somebody else's hand, within the last so many checks. */
    readonly returned: number
    readonly returnedChecks: number
  }
  readonly incident: {
    /** The incident began at most so long before its first signal was seen: two checks. */
    readonly beganBeforeMs: number
    /** Jobs created earlier than this before it are older business: never brought back. Ours: an hour of backlog. */
    readonly createdBeforeMs: number
    /** Rows by id that count as recent where no index on dates helps; ours: some hours of a large company. */
    readonly recentIds: number
  }
  /** Step 1: "pending jobs by channel, largest first", top 10. */
  readonly baselineChannels: number
  readonly blockers: {
    /** Step 2: oldest 30, first 140 characters of the exception. */
    readonly rows: number
    readonly messageLength: number
    /** So many failures or postponements within this time make a flow worth a probe; ours: a probe costs nothing. */
    readonly suspectFailures: number
    readonly suspectWindowMs: number
    /** … or so many of its jobs that have held a slot for so long. */
    readonly suspectSlots: number
    readonly longRunMs: number
  }
  readonly isolate: {
    /** Step 3: "postpone 30 minutes". */
    readonly postponeMs: number
    /** Renewed for what would come due before the check after next. */
    readonly renewBeforeMs: number
    /** A function that fails although its partner is well rests so long before it is tried again; ours. */
    readonly functionRestMs: number
  }
  readonly retry: {
    /** Step 3: "at most 200". */
    readonly limit: number
    /** So many batches of a check; ours: the SLA of webhooks is 15 minutes, checks are five apart. */
    readonly batchesPerCheck: number
    /** Share of the slots' time until the next check that a release may fill; the rest is for ordinary work. */
    readonly slotShare: number
    /** Step 3: "older than 20 minutes", where nobody can be asked whether the cause is gone. */
    readonly olderThanMs: number
    /** First a few jobs, then the others. */
    readonly canaries: number
    /** A job that failed again after so many requeues is for a person. */
    readonly requeuesPerJob: number
    /** A key is trusted until so long before its retention ends. */
    readonly retentionMarginMs: number
  }
  readonly uncertain: {
    /** Questions to partners a check. */
    readonly lookupsPerCheck: number
    /** So many unknowns in a row: this partner cannot be asked. */
    readonly unknownsInARow: number
    /** "Absent" is believed when the run began at least so long ago: what is under way may still happen. */
    readonly absentAfterMs: number
  }
  readonly leftovers: {
    /** A job whose worker is gone is acted on when seen at so many checks. */
    readonly checksSeen: number
    /** `enqueued` for longer and never started: nobody runs it. */
    readonly enqueuedMs: number
  }
  readonly throughput: {
    /** Step 4: "+2", once. */
    readonly step: number
    /** Step 4: "check after 5–10 minutes". */
    readonly recheckMs: number
    /** More than this of the CPU in use: workers would not help. */
    readonly cpuBusy: number
    /** Step 4 begins when the backlog did not fall to this share of the last check's, so many checks in a row. */
    readonly slowShare: number
    readonly slowChecks: number
    /** Slots held by broken flows: scaling would feed the dead target. */
    readonly blockedShare: number
  }
  readonly exit: {
    /** Step 5: "three consecutive checks". */
    readonly checks: number
    /** Near normal: due ≤ factor × normal + slack. */
    readonly nearFactor: number
    readonly nearSlack: number
    /** No safe closing after so long with a dead target: hand over; the quarantine then lasts so long. */
    readonly handOverAfterMs: number
    readonly handOverQuarantineMs: number
  }
}

export const RUNBOOK_POLICY: RunbookPolicy = {
  signals: {
    checksSeen: 3,
    checksSeenLag: 4,
    gapChecks: 1,
    normalChecks: 12,
    dueFactor: 4,
    dueSlack: 40,
    fallingShare: 0.7,
    deadSlotsShare: 0.25,
    deadSlotsDue: 10,
    cpuIdle: 0.5,
    slaShare: 0.5,
    lateJobs: 3,
    failures: 8,
    failuresFactor: 4,
    standing: 20,
    standingFactor: 3,
    returned: 10,
    returnedChecks: 2,
  },
  incident: { beganBeforeMs: 10 * MINUTE, createdBeforeMs: HOUR, recentIds: 20_000 },
  baselineChannels: 10,
  blockers: {
    rows: 30,
    messageLength: 140,
    suspectFailures: 3,
    suspectWindowMs: 20 * MINUTE,
    suspectSlots: 2,
    longRunMs: 10_000,
  },
  isolate: {
    postponeMs: 30 * MINUTE,
    renewBeforeMs: 10 * MINUTE,
    functionRestMs: 15 * MINUTE,
  },
  retry: {
    limit: 200,
    batchesPerCheck: 10,
    slotShare: 0.5,
    olderThanMs: 20 * MINUTE,
    canaries: 5,
    requeuesPerJob: 2,
    retentionMarginMs: 10 * MINUTE,
  },
  uncertain: { lookupsPerCheck: 300, unknownsInARow: 10, absentAfterMs: 10 * MINUTE },
  leftovers: { checksSeen: 2, enqueuedMs: 10 * MINUTE },
  throughput: {
    step: 2,
    recheckMs: 5 * MINUTE,
    cpuBusy: 0.75,
    slowShare: 0.9,
    slowChecks: 2,
    blockedShare: 0.5,
  },
  exit: {
    checks: 3,
    nearFactor: 1.25,
    nearSlack: 20,
    handOverAfterMs: 2 * HOUR,
    handOverQuarantineMs: 12 * HOUR,
  },
}
