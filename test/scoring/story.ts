/**
 * One incident as a set of journals: every minute five stock updates and three pushes to the shop. From minute 10 to 40
 * the shop refuses, pushes fail, and stock updates wait behind them. With nobody acting the pushes stay failed. The
 * honest engine opens at 25, keeps pushes back, drains the stock updates, brings the pushes back when the shop works
 * again, and closes at 65. Tests bend this story.
 */
import type { Journal, JournalSet } from '../../src/journal/events.ts'
import type { Scenario } from '../../src/scenario/scenario.ts'
import { JournalBuilder, PUSH, row, STOCK } from './journal-builder.ts'

export const MINUTES = 130
const SHOP = ['shop']
const [DOWN_FROM, DOWN_UNTIL, NOTICED] = [10, 40, 25]

/** Ids of what arrives in a minute. */
export const pushes = (at: number): number[] => [0, 1, 2].map((index) => 5_000 + at * 3 + index)
export const stocks = (at: number): number[] =>
  [0, 1, 2, 3, 4].map((index) => 1_000 + at * 5 + index)
const range = (from: number, until: number): number[] =>
  Array.from({ length: until - from }, (_, index) => from + index)

export const failedPushes = (): number[] => range(DOWN_FROM, NOTICED).flatMap(pushes)
export const heldPushes = (): number[] => range(NOTICED, DOWN_UNTIL).flatMap(pushes)
export const waitingStocks = (until = NOTICED): number[] => range(DOWN_FROM, until).flatMap(stocks)

function traffic(
  builder: JournalBuilder,
  minutes: number,
  each: (at: number, id: number, fn: string) => void,
): void {
  for (const at of range(0, minutes)) {
    for (const id of [...pushes(at), ...stocks(at)]) {
      const fn = id >= 5_000 ? PUSH : STOCK
      builder.arrive(at + 0.1, id, fn)
      each(at, id, fn)
    }
  }
}

export function calmTwin(scenario?: Scenario, minutes = MINUTES): Journal {
  const builder = new JournalBuilder().samples(minutes)
  traffic(builder, minutes, (at, id) => void builder.run(at + 0.2, id, 'done'))
  return builder.journal({ run: 'calm', engine: 'noop', minutes, ...(scenario && { scenario }) })
}

/** Nobody acts: pushes fail for good, stock updates wait until the shop is back and then drain. */
export function noopBuilder(minutes = MINUTES): JournalBuilder {
  const builder = new JournalBuilder()
  builder.samples(minutes, (at) => (at > DOWN_FROM && at <= DOWN_UNTIL ? 0.1 : 0.2))
  builder.fault(0, DOWN_FROM, DOWN_UNTIL, SHOP)
  traffic(builder, minutes, (at, id, fn) => {
    const isDown = at >= DOWN_FROM && at < DOWN_UNTIL
    if (!isDown) builder.run(at + 0.2, id, 'done')
    else if (fn === PUSH) builder.run(at + 0.2, id, 'failed', { fault: 0 })
    else builder.run(DOWN_UNTIL + (at - DOWN_FROM) / 3, id, 'done')
  })
  return builder
}

export function noopTwin(scenario?: Scenario, minutes = MINUTES): Journal {
  return noopBuilder(minutes).journal({
    run: 'noop',
    engine: 'noop',
    minutes,
    ...(scenario && { scenario }),
  })
}

export interface Bend {
  /** Instead of what the honest engine does from minute 40 on. */
  readonly afterwards?: (builder: JournalBuilder) => void
  /** Beside what it does. */
  readonly also?: (builder: JournalBuilder) => void
  /** Minute of the opening; null = it never says so. */
  readonly openedAt?: number | null
  readonly closedAt?: number | null
  readonly minutes?: number
}

/** Notices, notes the baseline, keeps pushes back and renews that at every check; stock updates drain at once. */
export function honestDrill(bend: Bend = {}): JournalBuilder {
  const { openedAt = NOTICED, closedAt = 65, minutes = MINUTES } = bend
  const builder = new JournalBuilder()
  builder.samples(minutes, (at) => (at > DOWN_FROM && at <= NOTICED ? 0.1 : 0.2))
  builder.fault(0, DOWN_FROM, DOWN_UNTIL, SHOP)
  if (openedAt !== null) builder.act(openedAt, { act: 'open', signals: ['business-lag'] })
  builder.act(NOTICED, {
    act: 'baseline',
    byState: { pending: 75, failed: 45, done: 80 },
    pendingByChannel: { root: 75 },
  })
  traffic(builder, minutes, (at, id, fn) => {
    if (at < DOWN_FROM || at >= DOWN_UNTIL) builder.run(at + 0.2, id, 'done')
    else if (fn === STOCK) builder.run(Math.max(at, NOTICED) + 0.3, id, 'done')
    else if (at < NOTICED) builder.run(at + 0.2, id, 'failed', { fault: 0 })
  })
  for (const check of [30, 35, 40]) {
    const held = range(check - 5, check).flatMap(pushes)
    builder.write(
      check,
      held.map((id) => row(id, { eta: check + 30 })),
    )
  }
  if (bend.afterwards === undefined) release(builder)
  else bend.afterwards(builder)
  if (closedAt !== null) builder.act(closedAt, { act: 'close', summary: 'all is well' })
  bend.also?.(builder)
  return builder
}

/** The shop works again: what was kept back goes, what failed comes back; nothing of it had happened. */
export function release(builder: JournalBuilder): void {
  builder.act(45, { act: 'probe', integration: 'shop', healthy: true, answer: 'ok' })
  builder.write(
    45,
    heldPushes().map((id) => row(id, { eta: null })),
  )
  const write = builder.write(
    45,
    failedPushes().map((id) => row(id, { state: ['failed', 'pending'] })),
  )
  for (const id of heldPushes()) builder.run(46, id, 'done')
  for (const id of failedPushes()) builder.run(47, id, 'done', { cause: `engine:${write}` })
}

/** The twins of the plain story, made once: nobody changes a journal. */
const plainTwins = { calm: calmTwin(), noop: noopTwin() }

export function storySet(
  drill: JournalBuilder,
  scenario?: Scenario,
  minutes = MINUTES,
): JournalSet {
  const given = scenario === undefined ? {} : { scenario }
  const isPlain = scenario === undefined && minutes === MINUTES
  const twins = isPlain
    ? plainTwins
    : { calm: calmTwin(scenario, minutes), noop: noopTwin(scenario, minutes) }
  return {
    drill: drill.journal({ minutes, ...given }),
    ...twins,
    retryAll: twins.noop,
  }
}
